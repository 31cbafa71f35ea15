// SPDX-License-Identifier: MIT
/* Shared by the engine's files only. Memory failures set e->error and the call returns it. */
#pragma once

#include "engine.h"
#include "transaction.h"

struct engine_catalogue {
	uint32_t number;
	uint32_t n_users; /* units that live by it */
	const struct manifest *manifest;
	uint32_t *map; /* manifest index -> unit */
};

/* A catalogue between engine_load_begin() and the last part, after which it is the newest. */
struct engine_coming {
	struct engine_catalogue catalogue;
	uint32_t n_mapped;            /* units of it whose places are known */
	struct graph_source *sources; /* by unit: what is loaded in it; NULL: not all mapped */
	struct graph_draft draft;     /* of those */
};

struct engine_adopt {
	bool has_note;
	bool adopted; /* only the exits are left */
	struct note note;
	struct wire_proc procs[ENTRY_KIND_COUNT];
};

struct engine_job_row {
	uint32_t id;
	struct job *job; /* NULL: removed */
};

struct engine {
	struct graph graph;
	struct unit **units;
	uint32_t cap_units;
	struct engine_catalogue catalogues[LIMIT_CATALOGUES + 1];
	uint32_t n_catalogues; /* the last is the newest */
	struct engine_coming coming;
	uint32_t slots[LIMIT_SLOTS];
	struct engine_job_row *jobs; /* ascending ids */
	uint32_t n_jobs;
	uint32_t cap_jobs;
	uint32_t live_jobs;
	uint32_t last_job;
	uint64_t last_cookie; /* of a RUN; adoption goes on behind the greatest seen */
	struct job *run_head;
	struct job *run_tail;
	struct effect *effects;
	uint32_t effects_at;
	uint32_t n_effects;
	uint32_t cap_effects;
	uint32_t batch; /* first effect of this call */
	uint32_t *touched;
	uint32_t n_touched;
	uint32_t cap_touched;
	uint32_t *heap;
	uint32_t n_heap;
	uint32_t cap_heap;
	uint32_t by_active[ACTIVE_STATE_COUNT];
	struct engine_host host;
	usec_t real_offset_us;
	bool clock_known;
	uint64_t random;
	bool safe_mode;
	bool listed;
	bool shutting_down;
	bool all_stopped;
	bool boot_asked; /* even if that made no job */
	bool booted;
	bool starting;     /* the machine does: Startup…= limits hold */
	bool idle_waiting; /* a unit of Type=idle waits for the queue to drain */
	bool kept_more;    /* one more failed transient unit is kept */
	int error;         /* sticky */
};

/* ---- engine.c ---- */
struct effect *engine_push(struct engine *e, enum effect_type type, struct unit *u);
void engine_log(struct engine *e, struct unit *u, enum effect_log what, int32_t number);
void engine_touch(struct engine *e, struct unit *u, bool dirty);
/* Ends every public call: runs jobs, writes notes, sets timers. Returns the call's result. */
int engine_settle(struct engine *e, usec_t now);
/* The unit's note at once, ahead of what is pushed later. */
void engine_write_note(struct engine *e, struct unit *u);
struct unit *unit_at(struct engine *e, uint32_t index);

/* ---- engine_load.c ---- */
void engine_coming_fini(struct engine_coming *coming);
/* NULL: there is none of that number. */
struct engine_catalogue *engine_catalogue_at(struct engine *e, uint32_t number);
int engine_add_unit(struct engine *e, const char *name, struct unit **ret);
/* A connection's instance that the last load has not seen gets its template's dependencies. */
void engine_link_instance(struct engine *e, const struct unit *u);
/* At rest: takes the newest definition; vanished units forget theirs. */
void engine_refresh(struct engine *e, struct unit *u);
bool unit_is_down(const struct unit *u);
bool unit_is_releasing(const struct unit *u);

/* ---- engine_job.c ---- */
int engine_request(struct engine *e, const struct engine_request *request, usec_t now,
	uint32_t *ret_job, struct engine_error *ret_error);
/* As engine_request for a dependency's sake: a refusal is only logged. */
void engine_want(
	struct engine *e, uint32_t unit, enum job_type type, enum job_mode mode, usec_t now);
struct job *engine_install(
	struct engine *e, struct unit *u, enum job_type type, uint32_t flags, usec_t now);
void engine_finish(struct engine *e, struct unit *u, enum job_result result, usec_t now);
void engine_queue(struct engine *e, struct job *j);
/* Jobs ordered before or after the unit's may run now. */
void engine_wake_neighbours(struct engine *e, const struct unit *u);
/* A job has run out of time or of what it needs: OnFailure=, though no state has changed. */
void engine_never_tried(struct engine *e, struct unit *u, usec_t now);

/* ---- engine_kept.c ---- */
/* Forgets the oldest failed transient units beyond LIMIT_FAILED_TRANSIENT. */
void engine_bound_kept(struct engine *e, usec_t now);

/* ---- engine_run.c ---- */
void engine_run_jobs(struct engine *e, usec_t now);
void engine_checked(struct engine *e, struct unit *u, const struct wire_proc *proc, usec_t now);

/* ---- engine_cause.c ---- */
/* The unit's start was asked for by that timer or path. */
void engine_caused(struct unit *u, const struct unit *by);
/* What a command of the unit is told of why it runs. */
void engine_tell_cause(struct engine *e, struct unit *u, struct effect *run);
void engine_cause_to_note(struct engine *e, const struct unit *u, struct note *n);
void engine_cause_adopt(struct engine *e, struct unit *u, const struct note *n);

/* ---- engine_limits.c ---- */
/*
 * The cgroup of a running unit gets the limits of its definition, if it has others. After a load,
 * when it has become active, and when its worker's place is free again.
 */
void engine_realize(struct engine *e, struct unit *u);
/* Something of the unit is to be executed: what makes a cgroup writes all limits. */
void engine_limits_run(const struct engine *e, struct unit *u, enum entry_kind kind);
/* A record of the worker: true if it was REALIZE's. */
void engine_realized(struct engine *e, struct unit *u, const struct wire_proc *p);

/* ---- engine_discard.c ---- */
bool engine_is_discarding(const struct unit *u);
/* One that waits until the slot of the last life is given back begins when it is. */
void engine_discard_go_on(struct engine *e, struct unit *u);
/* A record of the worker, after it was taken: was it DISCARD's? Then the slot is given back. */
void engine_discarded(struct engine *e, struct unit *u, const struct wire_proc *p);
void engine_discard_refused(struct unit *u, const struct wire_refused *r);

/* ---- engine_service.c ---- */
/* phase and kind of a record -> event; SERVICE_EVENT_COUNT: nothing to tell. */
enum service_event_type engine_event_of(const struct wire_proc *p);

/* ---- engine_unit.c ---- */
void engine_step(struct engine *e, struct unit *u, const struct service_event *event, usec_t now);
/* The active state has changed: timestamps, its job, its neighbours. */
void engine_changed(
	struct engine *e, struct unit *u, enum unit_active_state now_active, usec_t now);

/* What triggers the unit learns that its state or its job has changed. */
/* What the log says of a change of the active state, of a restart that begins, of a failed start.
 */
void engine_tell_change(struct engine *e, struct unit *u, enum unit_active_state old);
void engine_tell_restart(struct engine *e, struct unit *u, const struct effect *x);
void engine_tell_failed_start(struct engine *e, struct unit *u, uint32_t job);
void engine_tell_triggering(struct engine *e, struct unit *u, usec_t now);

/* FailureAction= and its kin; 0: none. status: as in EFFECT_EMERGENCY. */
void engine_emergency(struct engine *e, struct unit *u, uint32_t action, uint32_t status);
#define ENGINE_EXIT_FAILURE 2u /* exit status 1, as such a status */

/* ---- engine_timer.c ---- */
void engine_timer_set(struct engine *e, struct unit *u);
