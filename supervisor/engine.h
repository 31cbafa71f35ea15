// SPDX-License-Identifier: MIT
/*
 * The engine: graph, jobs and services tied together. Pure: every input is a call with the time,
 * every output is an effect that the shell drains with engine_next_effect() and carries out in
 * order. Nothing is re-entrant; no call makes another come back.
 *
 * A call returns 0 or a documented positive or negative value; -ENOMEM is fatal: the engine is then
 * of no use, and the shell leaves, so that the next supd adopts what the notes say.
 *
 * Start-up: engine_new(), engine_load() for each LOADED manifest (oldest first), then every SLOT
 * and PROC event up to LISTED into engine_slot() and engine_proc(), then engine_listed(), which
 * adopts. After that the same calls are ordinary events.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "../runtime/base/timeutil.h"
#include "../runtime/base/unitname.h"
#include "../runtime/plan/manifest.h"
#include "../runtime/plan/wire.h"
#include "engine_error.h"
#include "graph.h"
#include "job.h"
#include "notifymsg.h"
#include "pathunit.h"
#include "service.h"
#include "socket.h"

#define ENGINE_NONE UINT32_MAX

/* A socket unit: the machine, and the connections that it has now. */
struct unit_socket_state {
	struct socket machine;
	uint32_t n_connections;
	uint32_t top_instance; /* highest number given so far */
	uint32_t accepting; /* unit that is to take the connection; meant while the machine accepts
			     */
};

/* `supctl clean` of a unit, at work or the last one. */
struct unit_discard {
	bool running;
	uint32_t kinds;
	uint64_t cookie; /* of its RUN; 0: a RELEASE has to end first */
	int32_t error;   /* positive errno, 0: all that was asked for is gone */
	char text[LIMIT_FAIL_TEXT + LIMIT_FAIL_ORIGIN + 64]; /* what has failed, and where it stands
							      */
};

/* The timer or path that has started a unit. */
struct unit_cause {
	uint32_t by;    /* unit index + 1; 0: none */
	uint32_t line;  /* of a path: index of the good line + 1 */
	usec_t real_us; /* of a timer: when it elapsed */
	usec_t us;
};

/* What can be asked for beside a bit for each enum plan_dir_kind: stored descriptors. */
#define ENGINE_DISCARD_FDSTORE (WIRE_DISCARD_ALL + 1u)

/* One unit at run time. Read it freely; only the engine writes. */
struct unit {
	uint32_t index;
	const char *name;                /* the graph's */
	const struct manifest_unit *def; /* NULL: not found */
	uint32_t catalogue;              /* CATALOGUE_NONE without def */
	uint32_t def_index;              /* index in that catalogue's manifest */
	uint32_t newest_index;           /* index in the newest manifest; ENGINE_NONE: not there */
	enum unit_load_state load_state; /* LOAD_NOT_FOUND also for what has vanished */
	enum unit_active_state active;
	enum unit_type type;
	bool is_instance; /* of a template */
	bool is_service;  /* a service, mount or swap with a definition */
	bool vanished;    /* lives by an old catalogue's definition only */
	bool desired;     /* its start was asked for and no stop since */

	/* Meaningful when is_service; its places serve every type: see engine_class.h. */
	struct service service;
	struct unit_socket_state *socket; /* NULL unless it is a socket that was loaded once */
	struct pathunit *path;            /* the same of a path unit */
	uint32_t instance;                /* a connection's number; 0: it is none */
	uint32_t accepted_by;             /* the socket of a connection; ENGINE_NONE */
	uint32_t n_oom;                   /* of the slot's last state */
	uint32_t limits;                  /* limits_hash of what its cgroup has */
	uint32_t oom_told;                /* … that the service has heard of */
	uint64_t watch_cookie;            /* the same */
	struct timer *timer;              /* of a timer with a definition; owned */
	bool timer_stale;                 /* its times are to be computed anew */
	struct unit_cause cause;          /* of this activation, or of the job that begins one */
	struct job *job;                  /* NULL: none */
	uint32_t slot;                    /* WIRE_SLOT_NONE: none */
	uint32_t slot_flags;              /* enum wire_slot_flags */
	uint8_t invocation_id[16];
	usec_t state_change_us;
	usec_t inactive_exit_us;
	usec_t active_enter_us;
	usec_t active_exit_us;
	usec_t inactive_enter_us;
	usec_t condition_us;
	int32_t condition_failed; /* index of the condition that failed last, -1: none */
	bool condition_is_assert;
	enum job_result last_job_result;
	uint32_t heap_index; /* timer heap; ENGINE_NONE: not in it */
	usec_t heap_us;
	usec_t uphold_us; /* rate limit of Upholds= */
	uint32_t uphold_count;
	bool dirty;           /* its note is to be written */
	bool release_asked;   /* RELEASE that drops the note is on its way */
	bool release_refused; /* not again before there is news of the slot */
	bool touched;         /* its timer may have changed */
	bool wait_dependency; /* desired, failed with `dependency`: started when that is up */
	struct unit_discard *discard; /* NULL: never asked for; owned */
	usec_t cooldown_us;           /* StartLimitCooldownSec=; USEC_INFINITY: none */
	struct engine_adopt *adopt;   /* until engine_listed() */
};

struct engine_request {
	enum job_type type;
	enum job_mode mode;
	uint32_t unit;
	bool manual; /* by a client: RefuseManualStart= and RefuseManualStop= are the shell's check
		      */
};

struct engine;

/* What timers must know of the machine. All may be 0 or NULL. */
struct engine_host {
	usec_t startup_us; /* CLOCK_MONOTONIC of supd-init's start */
	usec_t boot_us;    /* where OnBootSec= counts from */
	uint64_t machine;  /* the same on each boot, another one on each machine */
	uint64_t seed;
	/* A time zone by name, "": the local one; borrowed until the next call. NULL: UTC. */
	const struct zone *(*zone)(void *context, const char *name);
	/* Last time (CLOCK_REALTIME) of a Persistent= timer; 0: none. */
	usec_t (*stamp)(void *context, const char *unit);
	/* Does the kernel have it mounted, or swap to it, at this instant? NULL: never. */
	bool (*mounted)(void *context, const struct manifest_mount *m);
	/* Is the device of that unit there? NULL: never. */
	bool (*plugged)(void *context, const char *unit);
	void *context;
};

struct engine *engine_new(void); /* NULL: no memory */
void engine_free(struct engine *e);

/*
 * A new catalogue and its manifest, both borrowed until EFFECT_DROP of that catalogue is drained.
 * Units at rest or running go over to it at once; those between states when they are at rest; those
 * that have vanished keep theirs while they live. -ENOMEM.
 */
int engine_load(struct engine *e, const struct manifest *manifest, uint32_t catalogue, usec_t now);
/*
 * The same in parts: begin, then some until it returns 0; between them any other call but a second
 * load. Nothing of the new catalogue counts before the last part, which is a call of its own; each
 * part before takes up to max units. 1: there is more to do.
 */
int engine_load_begin(struct engine *e, const struct manifest *manifest, uint32_t catalogue);
int engine_load_some(struct engine *e, uint32_t max, usec_t now);
/* A load that EFFECT_LOAD or a client asked for has failed: the old catalogue stays. */
int engine_load_failed(struct engine *e, usec_t now);

/* Before engine_listed(). */
void engine_set_host(struct engine *e, const struct engine_host *host);
/* CLOCK_REALTIME minus CLOCK_MONOTONIC: before anything else, then whenever the clock was set. */
int engine_clock(struct engine *e, usec_t real_offset_us, usec_t now);
/* The kernel has mounted, unmounted, or both; also after a load. */
int engine_mounts_changed(struct engine *e, usec_t now);
/* Devices have come or gone; also after a load. */
int engine_devices_changed(struct engine *e, usec_t now);
/* /etc/localtime is another one. */
int engine_zone_changed(struct engine *e, usec_t now);

/* ---- requests ---- */
/*
 * 0 and *ret_job: id of the unit's job, 0 when there was nothing to do (then already done). 1:
 * refused, *ret_error says why. -ENOMEM.
 */
int engine_enqueue(struct engine *e, const struct engine_request *request, usec_t now,
	uint32_t *ret_job, struct engine_error *ret_error);
/* 0, or 1: no such job. Starts that wait for it and require it fail, as when it had failed. */
int engine_cancel(struct engine *e, uint32_t job, usec_t now);
/* None of them runs because another one is gone. */
int engine_cancel_all(struct engine *e, usec_t now);
int engine_reset_failed(struct engine *e, uint32_t unit, usec_t now);
/* Signal by a client. target: enum wire_target. */
int engine_kill(struct engine *e, uint32_t unit, uint32_t target, int signo, usec_t now);
/*
 * Freezes or thaws a unit's processes: 0, -ESRCH: there are none. A frozen unit that is to be
 * stopped or has something to run is thawed first.
 */
int engine_freeze(struct engine *e, uint32_t unit, bool on, usec_t now);
/* What engine_discard() can remove of the unit: bits as in its kinds; 0: nothing. */
uint32_t engine_can_discard(const struct unit *u);
/*
 * Removes directories of these kinds and the stored descriptors of a unit that is down.
 * unit.discard says when it is done. -EBUSY: it is not down, has a job, or is being cleaned; kinds
 * that it does not have mean nothing.
 */
int engine_discard(struct engine *e, uint32_t unit, uint32_t kinds, usec_t now);
/* Stops everything in reverse order; ends with EFFECT_ALL_STOPPED. No other start is taken. */
int engine_shutdown(struct engine *e, usec_t now);

/* ---- events ---- */
/* safe_mode: of HELLO; before the first slot. */
void engine_set_safe_mode(struct engine *e, bool safe_mode);
/* Startup…= limits hold until engine_started(); before the first slot. */
void engine_set_starting(struct engine *e, bool starting);
/* EFFECT_BOOTED was carried out: what runs gets its later limits. */
int engine_started(struct engine *e, usec_t now);
/* Returns the unit's index in *ret_unit, for the shell's own table of slots. */
int engine_slot(struct engine *e, const struct wire_slot *slot, usec_t now, uint32_t *ret_unit);
int engine_proc(struct engine *e, const struct wire_proc *proc, usec_t now);
int engine_refused(struct engine *e, const struct wire_refused *refused, usec_t now);
/*
 * All of LIST has come: the units are as their notes say, their processes known. Exit records are
 * kept for engine_listed(), so that notifications that came before an exit can be given first.
 */
void engine_adopt(struct engine *e, usec_t now);
/* engine_adopt() if it was not called, then the exits. Also after a second LIST (nothing to adopt
 * is fine). */
int engine_listed(struct engine *e, usec_t now);
/* All that is to be started at first was asked for, or nothing is: EFFECT_BOOTED may come. */
int engine_boot_asked(struct engine *e, usec_t now);
/*
 * One datagram from the slot's notify socket; sender is the kernel's word (SCM_CREDENTIALS).
 * 0: taken (fields the shell does itself may be done), 1: refused by NotifyAccess=, 2: the sender
 * may be a process that was asked for but not yet told of; give it again after the next record.
 */
int engine_notify(struct engine *e, uint32_t unit, const struct notify_msg *msg,
	const struct ucred *sender, usec_t now);
/*
 * Before the notifications of a place are drained for its end: when the start was never told (the
 * record is a state, not a queue), that start, so that the sender of a last READY=1 is known.
 */
int engine_proc_start(struct engine *e, const struct wire_proc *proc, usec_t now);
/* Answer to EFFECT_MAIN with number 0: the pid found, 0 when there is not exactly one. */
int engine_guessed(struct engine *e, uint32_t unit, int32_t pid, usec_t now);
/* Type=dbus: the unit's BusName= is owned now, or lost. */
int engine_bus_name(struct engine *e, uint32_t unit, bool owned, usec_t now);
/* When the next timer is due; USEC_INFINITY: never. */
usec_t engine_deadline(const struct engine *e);
/*
 * A unit with a timer that is due, ENGINE_NONE: none. What the unit has said before is to be given
 * first, for it may move the timer; then engine_expire(), which acts if it is still due.
 */
uint32_t engine_due(const struct engine *e, usec_t now);
int engine_expire(struct engine *e, uint32_t unit, usec_t now);
/* When the least timer of that unit falls due, or fell; USEC_INFINITY: it has none. */
usec_t engine_unit_deadline(const struct engine *e, uint32_t unit);
/* What the unit has said cannot be heard yet: it is not due before until_us, or before its next
 * event if that is earlier. */
void engine_put_off(struct engine *e, uint32_t unit, usec_t until_us);
/*
 * Nobody could do anything for so long before now: the limits of jobs, of states that are to end
 * and of watchdogs are put off by it; a watchdog is at least given a whole turn from now on. Not
 * restarts, timers and what else is only waited for.
 */
int engine_stood_still(struct engine *e, usec_t by, usec_t now);
/* Is something under way that has such a limit, other than a watchdog? */
bool engine_has_limits(const struct engine *e); /* O(1) */
/* All timers that are due, whatever is still to be given. */
int engine_tick(struct engine *e, usec_t now);

/* ---- effects ---- */
/* The next effect in order; false: none. effect->text is then the caller's to free(). */
bool engine_next_effect(struct engine *e, struct effect *ret);

/* ---- views ---- */
uint32_t engine_n_units(const struct engine *e);
const struct unit *engine_unit(const struct engine *e, uint32_t unit); /* NULL out of range */
uint32_t engine_find(const struct engine *e, const char *name);        /* or alias; ENGINE_NONE */
const struct graph *engine_graph(const struct engine *e);
const struct manifest *engine_manifest(const struct engine *e);    /* the newest; NULL */
uint32_t engine_catalogue(const struct engine *e);                 /* the newest */
const struct job *engine_job(const struct engine *e, uint32_t id); /* NULL: none */
/* Queued jobs in order of their ids' slots: *cursor starts at 0; NULL at the end. */
const struct job *engine_next_job(const struct engine *e, uint32_t *cursor);
struct engine_counts {
	uint32_t active;
	uint32_t activating;
	uint32_t failed;
	uint32_t jobs;
};
void engine_counts(const struct engine *e, struct engine_counts *ret); /* O(1) */
/* Name of a state that EFFECT_LOG carries. */
const char *engine_state_name(const struct unit *u, uint32_t state);
/* SubState of any unit: a service's state, "active"/"dead" of others, "crash-looping". */
const char *engine_sub_state(const struct unit *u);
/* Why a unit's job waits: fills units whose jobs come first; returns how many. */
uint32_t engine_waits_for(const struct engine *e, uint32_t unit, uint32_t *ret, uint32_t max);
