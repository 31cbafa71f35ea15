// SPDX-License-Identifier: MIT
/*
 * The life of one socket unit as a pure machine: socket_step(). What it shares with a service —
 * places, commands, results, timeouts, kill modes — is a struct service that it borrows; its own
 * states and table are here.
 *
 * Forward: dead -> start-pre -> start-chown (BIND) -> start-post -> listening <-> running
 * Stop:    -> stop-pre -> stop-pre-sigterm -> stop-pre-sigkill -> stop-post -> final-sigterm
 *          -> final-sigkill -> cleaning -> dead | failed
 *
 * The descriptors are supd-init's. EFFECT_WATCH asks it to tell when one is readable; nothing is
 * watched while the service is up. With Accept=yes the socket stays listening: each connection
 * triggers an instance, and the next one is looked for when that has taken its connection.
 */
#pragma once

#include "rate.h"
#include "service.h"

enum socket_state {
	SOCKET_DEAD,
	SOCKET_START_PRE,
	SOCKET_START_CHOWN,
	SOCKET_START_POST,
	SOCKET_LISTENING,
	SOCKET_RUNNING,
	SOCKET_STOP_PRE,
	SOCKET_STOP_PRE_SIGTERM,
	SOCKET_STOP_PRE_SIGKILL,
	SOCKET_STOP_POST,
	SOCKET_FINAL_SIGTERM,
	SOCKET_FINAL_SIGKILL,
	SOCKET_FAILED,
	SOCKET_CLEANING,
	SOCKET_STATE_COUNT,
};
/* "dead", "start-pre" … */
ENUM_DECLARE(socket_state, enum socket_state);

struct socket {
	struct service *s;
	enum socket_state state;
	uint64_t watch_cookie;  /* of the last EFFECT_WATCH; set by the engine */
	bool watched;           /* … which has not been answered */
	bool triggering;        /* the service's start was asked for, it has not come up since */
	bool accepting;         /* an instance is about to take a connection */
	uint32_t n_connections; /* live instances; the engine's count */
	uint32_t n_accepted;
	struct rate trigger;
	struct rate poll;
};

/* A dead socket; s is the unit's, with its definition set. */
void socket_init(struct socket *k, struct service *s);
/* One event; effects are appended to *ret. EFFECT_STATE carries enum socket_state. */
void socket_step(
	struct socket *k, const struct service_event *event, usec_t now_us, struct effects *ret);
/* True when [state][event] has a row. */
bool socket_pair_is_handled(enum socket_state state, enum service_event_type event);
enum unit_active_state socket_active_state(enum socket_state state);
void socket_to_note(const struct socket *k, struct note *note);
