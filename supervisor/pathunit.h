// SPDX-License-Identifier: MIT
/*
 * The life of one path unit as a pure machine: pathunit_step(). A worker (PLAN_WATCH) puts the
 * watches in place and judges; its descriptor stays with supd-init, which tells when there is
 * something to judge again.
 *
 * dead -> start (first look) -> waiting <-> look; good: running -> (the unit is down) look
 *
 * An automount is one of a kind: its worker (PLAN_AUTOMOUNT) puts an autofs mount in place, a
 * process that waits there is what is good, and the unit is the mount. When that is up a further
 * look lets the process go on; TimeoutIdleSec= and the stop are looks of their own.
 */
#pragma once

#include "socket.h"

enum path_state {
	PATH_DEAD,
	PATH_START,   /* the first look */
	PATH_WAITING, /* watching, or looking again */
	PATH_RUNNING, /* the unit is up, or about to be */
	PATH_STOP,    /* an automount is taken away */
	PATH_FAILED,
	PATH_STATE_COUNT,
};
ENUM_DECLARE(path_state, enum path_state);

struct pathunit {
	struct service *s; /* the unit's: places, result, failure; no definition of a service */
	enum path_state state;
	uint64_t watch_cookie;
	bool watched;
	bool looking;    /* running, and the unit is down: the look decides */
	bool triggering; /* as in struct socket: the note tells it, so no start is lost */
	uint32_t there;  /* bits: which paths were there at the last look */
	uint32_t again;  /* flags of a look that is due when the one at work has ended */
	bool look_again;
	uint32_t good; /* index + 1 of the path that was good last; 0: none */
	struct rate trigger;
	struct rate looks; /* for something that has happened; the next one waits for its time */
};

void pathunit_init(struct pathunit *p, struct service *s);
void pathunit_step(
	struct pathunit *p, const struct service_event *event, usec_t now_us, struct effects *ret);
bool pathunit_pair_is_handled(enum path_state state, enum service_event_type event);
enum unit_active_state pathunit_active_state(enum path_state state);
void pathunit_to_note(const struct pathunit *p, struct note *note);
