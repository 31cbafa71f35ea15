// SPDX-License-Identifier: MIT
/*
 * The control API: an sd-bus server without a bus daemon. Every accepted connection gets the same
 * objects; signals go to all. No descriptors are passed in either direction. Reading is for
 * everybody, changing for uid 0 and the control group (auth.h).
 *
 * Bounds: LIMIT_CONTROL_CLIENTS connections, of which one uid, and all but root, get a part; a
 * client that does not read what it asked for is dropped once about LIMIT_CONTROL_BACKLOG bytes
 * wait for it, one that sends too much without ending a message at once (gate.h). The engine is
 * asked, never told anything but what a method says.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "../engine.h"
#include "../reloaddiff.h"
#include "gate.h"
#include "path.h"
#include "refusals.h"
#include "waiting.h"

struct shell;
struct bus_server;

struct bus_client {
	struct bus_client *next;
	struct bus_server *server;
	sd_bus *bus;
	uid_t uid;
	pid_t pid;
	bool privileged; /* uid 0 or in the control group */
	bool dead;       /* to be dropped in the next flush */
	size_t backlog;  /* estimate of what is not yet sent */
	struct gate gate;
};

/* What a reload is answered with. */
enum bus_reload_kind {
	BUS_RELOAD_PLAIN,       /* nothing */
	BUS_RELOAD_DIAGNOSTICS, /* a(suuuss) */
	BUS_RELOAD_REPORT,      /* the same, and a(ssss)u: what changed */
	BUS_RELOAD_DRY,         /* the same, and the new definitions are not taken */
};

/* A Reload() that waits for its catalogue. */
struct bus_pending {
	struct bus_pending *next;
	sd_bus_message *message; /* a reference */
	uint64_t cookie;
	enum bus_reload_kind kind;
};

/* The unit that an object path names; valid during one dispatch. unit is NULL for unknown names. */
struct bus_unit_ref {
	struct bus_server *server;
	const struct unit *unit;
	char name[LIMIT_UNIT_NAME];
};

struct bus_server {
	struct shell *shell;
	sd_event_source *listener;
	int spare; /* a descriptor to refuse a client with when there is none; -1: gone too */
	struct bus_client *clients;
	uint32_t n_clients;
	struct bus_pending *pending;
	struct bus_waiting *freezes; /* calls that wait for a freezer; what: to be frozen */
	struct bus_waiting *cleans;  /* calls that wait for a DISCARD */
	uint32_t *changed;           /* units whose properties have changed in this turn */
	uint32_t n_changed;
	uint32_t cap_changed;
	uint8_t *is_changed; /* [cap_is_changed] by unit */
	uint32_t cap_is_changed;
	uint32_t next_done_job; /* ids of jobs that had nothing to do */
	struct bus_unit_ref ref;
	struct refusals refusals; /* what of them is told */
};

int bus_server_init(struct bus_server *b, struct shell *shell, int listen_fd);
void bus_server_fini(struct bus_server *b);

/* ---- news from the engine ---- */
void bus_unit_changed(struct bus_server *b, uint32_t unit);
void bus_job_new(struct bus_server *b, uint32_t job, uint32_t unit);
void bus_job_removed(struct bus_server *b, uint32_t job, uint32_t unit, enum job_result result);
/* A load ended: answers the Reload() calls up to that cookie. status: 0 or -errno. */
void bus_loaded(struct bus_server *b, uint64_t cookie, int status, const char *text);
/* Does somebody wait to hear what that load changes? */
bool bus_wants_changes(const struct bus_server *b, uint64_t cookie);
/* Answers them. */
void bus_report(struct bus_server *b, uint64_t cookie, const struct manifest *manifest,
	const struct reload_changes *changes);
/* End of a turn: PropertiesChanged of what changed, drops dead and clogged clients. -errno fatal.
 */
int bus_flush(struct bus_server *b);

/* Answers the calls whose units are frozen, or thawed, or gone (freezer.c). */
void bus_freezer_flush(struct bus_server *b);
/* The same for units that are cleaned (clean.c). */
void bus_clean_flush(struct bus_server *b);

/* ---- for the methods ---- */
struct bus_client *bus_client_of(struct bus_server *b, sd_bus *bus);
/*
 * Asks for a load of all units and answers message after it. For
 * methods: 1, or the error of an engine without memory.
 */
int bus_reload(struct bus_server *b, sd_bus_message *message, enum bus_reload_kind kind);
/* Fills server->ref for that name; never NULL. */
struct bus_unit_ref *bus_unit_ref(struct bus_server *b, const char *name);
