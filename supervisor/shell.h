// SPDX-License-Identifier: MIT
/*
 * The shell around the pure engine: one loop, in which everything that comes in (events of
 * supd-init, notifications, calls, the timer) becomes one engine call, and everything that the
 * engine wants done is then carried out. Owns all parts; nothing here decides about units.
 *
 * A turn: one source is dispatched; then all effects are carried out, the changed
 * counters sent, the timer armed and the bus told to inform its clients. A fatal error (no memory,
 * supd-init gone) ends the loop; the next supd adopts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "../runtime/plan/wire.h"
#include "broker.h"
#include "bus/server.h"
#include "busnames.h"
#include "catalogues.h"
#include "cgroupread.h"
#include "clockwatch.h"
#include "denials.h"
#include "devicewatch.h"
#include "engine.h"
#include "journal.h"
#include "mountwatch.h"
#include "notify.h"
#include "reloaddiff.h"
#include "store.h"
#include "usage.h"

struct shell {
	sd_event *event;
	sd_event_source *event_source;   /* supd-init's events */
	sd_event_source *request_source; /* the pipe is writable again */
	sd_event_source *timer_source;
	sd_event_source *post_source;
	sd_event_source *progress_source; /* on while a boot's or a stop's jobs run */
	sd_event_source *load_source;     /* on while a manifest is decoded */
	sd_event_source *stall_source;    /* on while something has a limit */
	struct broker broker;
	struct catalogues catalogues;
	struct engine *engine;
	struct notify_hub notify;
	struct store store;
	struct denials *denials; /* NULL: the kernel does not tell us */
	struct busnames busnames;
	struct bus_server bus;
	struct wire_hello hello;
	struct clockwatch clock;
	struct devicewatch devices;
	struct mountwatch mounts;
	struct cgroup_root cgroup;
	struct usage_table usage;
	usec_t armed_us;         /* what the timer is set to */
	usec_t armed_at_us;      /* … since then */
	bool timer_heard;        /* it was due; everybody else has a turn first */
	usec_t stall_us;         /* when stall_source is due; USEC_INFINITY: it is off */
	usec_t stall_seen_us;    /* until when it is known what stood still */
	usec_t started_us;       /* CLOCK_MONOTONIC */
	usec_t asked_us;         /* the first jobs were asked for; 0: by a former supd */
	usec_t ready_us;         /* the first transaction is through; 0: not yet */
	uint64_t load_cookie;    /* of the newest LOAD */
	uint64_t wanted_cookie;  /* of the newest LOAD that is to be used */
	uint64_t loaded_cookie;  /* of the newest that was */
	struct wire_loaded load; /* that is being taken */
	bool loading;            /* it is: no event is read until it has been */
	/* What it changes, worked out once it is decoded; then the engine takes it. */
	struct reload_changes changes;
	const struct manifest *decoded; /* NULL: not yet */
	bool hello_seen;
	bool listed;
	bool ready; /* the first transaction is through */
	bool stopping;
	bool progress_on;
	bool stop_begun;             /* EV_STOP has come */
	bool stop_waits;             /* EV_STOP came before everything was known */
	bool initial_due;            /* nobody has asked for the first jobs yet */
	uint32_t initial_job;        /* of the boot; 0: none, or it is over */
	struct wire_stop stop;       /* when stopping */
	uint8_t exit_code;           /* SetExitCode(): what Exit() ends with */
	struct engine_counts counts; /* last sent */
	bool counts_sent;
	bool rest_due; /* memory goes back when no job is left */
	bool had_clients;
};

/* Takes the inherited descriptors, sets up sources. -errno. */
int shell_init(struct shell *s, int stamps_fd);
void shell_fini(struct shell *s);
/* Runs until supd-init is gone (0) or something fatal (-errno). */
int shell_run(struct shell *s);

/* Drains effects only. */
int shell_drain(struct shell *s);
/* Ends the loop with that error. */
void shell_fatal(struct shell *s, int error);

/* Asks for a new catalogue; *ret_cookie comes back with LOADED. dry: only to be looked at. */
int shell_load(struct shell *s, bool dry, uint64_t *ret_cookie);
/* Is nothing waiting for this catalogue but those who only look? */
bool shell_is_dry(const struct shell *s, uint64_t cookie);
/* Stops everything, then sends that power request. */
int shell_stop(struct shell *s, uint32_t power, uint32_t status);
/* Restart of supd or supd-init: at once, nothing is stopped. */
int shell_reexec(struct shell *s);

/* Cgroup of a unit, relative to the root; NULL if it has none. */
const char *shell_unit_cgroup(const struct unit *u);
