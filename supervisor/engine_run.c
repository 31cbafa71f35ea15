// SPDX-License-Identifier: MIT
/* Jobs that run: what each type does to its unit, and the conditions before a start. */
#include "../runtime/base/cleanup.h"
#include "engine_class.h"

static bool must_wait(const struct engine *e, const struct unit *u, uint32_t *ret_first)
{
	return !(u->job->flags & JOB_IGNORE_ORDER) &&
	       engine_waits_for(e, u->index, ret_first, 1) > 0;
}

/* Requisite= and BindsTo= with After=: the other unit must be up now. */
static bool requirements_hold(const struct engine *e, const struct unit *u)
{
	static const enum graph_rel rels[] = { REL_REQUISITE, REL_BINDS_TO };

	for (size_t k = 0; k < ELEMENTSOF(rels); k++) {
		uint32_t n;
		const struct graph_edge *x = graph_edges(&e->graph, u->index, rels[k], &n);

		for (uint32_t i = 0; i < n; i++) {
			const struct unit *other = e->units[x[i].unit];

			if (unit_is_down(other) &&
				(rels[k] == REL_REQUISITE ||
					graph_has(&e->graph, u->index, REL_AFTER, other->index))) {
				return false;
			}
		}
	}
	return true;
}

/* The worker's place is the service's own, also of a unit that is no service. */
static void run_check(struct engine *e, struct unit *u)
{
	struct service_place *place = &u->service.places[ENTRY_WORK];
	struct effect *x;

	if (place->phase != PLACE_FREE) {
		u->job->state = JOB_WAITING; /* the worker's end queues the job again */
		return;
	}
	x = engine_push(e, EFFECT_RUN, u);
	if (!x) {
		return;
	}
	x->kind = ENTRY_WORK;
	x->entry = u->def->check_entry;
	x->cookie = ++e->last_cookie;
	*place = (struct service_place) { .phase = PLACE_PENDING,
		.entry = x->entry,
		.cookie = x->cookie,
		.forgotten = place->forgotten };
	u->service.has_slot = true;
	u->job->check_cookie = x->cookie;
	u->job->flags |= JOB_CHECKING;
}

static void begin_start(struct engine *e, struct unit *u, usec_t now)
{
	if (u->def->check_entry != CATALOGUE_NONE && u->def->conditions.n > 0 &&
		!(u->job->flags & JOB_CHECKED)) {
		run_check(e, u);
		return;
	}
	unit_class(u)->start(e, u, now);
}

static void run_start(struct engine *e, struct unit *u, usec_t now)
{
	const struct unit_class *class = unit_class(u);
	bool again = class->start_again && class->start_again(u);

	if (u->active == ACTIVE_ACTIVE || u->active == ACTIVE_RELOADING) {
		engine_finish(e, u, JOB_DONE, now);
	} else if (u->job->flags & JOB_CHECKING) {
		return;
	} else if (u->load_state != LOAD_LOADED) {
		engine_finish(e, u, JOB_INVALID, now);
	} else if (!unit_is_down(u) && !again) {
		/* On its way up: its state ends the job. On its way down: start it then. */
		u->job->state = u->active == ACTIVE_ACTIVATING ? JOB_RUNNING : JOB_WAITING;
	} else if (unit_is_releasing(u) && unit_is_down(u)) {
		u->job->state = JOB_WAITING; /* the slot's event queues it again */
	} else if (!requirements_hold(e, u)) {
		engine_finish(e, u, JOB_DEPENDENCY, now);
	} else {
		begin_start(e, u, now);
	}
}

static void run_stop(struct engine *e, struct unit *u, usec_t now)
{
	if (unit_is_down(u) && u->job->type == JOB_STOP) {
		engine_finish(e, u, JOB_DONE, now);
	} else if (unit_is_down(u)) {
		u->job->type = JOB_START;
		u->job->flags |= JOB_STARTING_HALF;
		u->job->state = JOB_WAITING;
		engine_queue(e, u->job);
		engine_wake_neighbours(e, u);
	} else {
		unit_class(u)->stop(e, u, now);
	}
}

static void run_reload(struct engine *e, struct unit *u, usec_t now)
{
	const struct unit_class *class = unit_class(u);
	bool gone = class->start_again && class->start_again(u); /* between two lives */

	if (u->active == ACTIVE_ACTIVE) {
		class->reload(e, u, now);
	} else if (!gone && (u->active == ACTIVE_ACTIVATING || u->active == ACTIVE_RELOADING)) {
		u->job->state = JOB_WAITING;
	} else {
		engine_finish(e, u, JOB_INVALID, now);
	}
}

static void run_verify(struct engine *e, struct unit *u, usec_t now)
{
	if (u->active == ACTIVE_ACTIVE || u->active == ACTIVE_RELOADING) {
		engine_finish(e, u, JOB_DONE, now);
	} else if (u->active == ACTIVE_ACTIVATING) {
		u->job->state = JOB_WAITING;
	} else {
		engine_finish(e, u, JOB_SKIPPED, now);
	}
}

static void run_one(struct engine *e, struct unit *u, usec_t now)
{
	static void (*const runs[JOB_TYPE_QUEUED])(struct engine *, struct unit *, usec_t) = {
		[JOB_START] = run_start,
		[JOB_VERIFY_ACTIVE] = run_verify,
		[JOB_STOP] = run_stop,
		[JOB_RELOAD] = run_reload,
		[JOB_RESTART] = run_stop,
	};
	uint32_t first;

	if (u->job->state != JOB_WAITING || must_wait(e, u, &first)) {
		return;
	}
	u->job->state = JOB_RUNNING;
	u->job->running_us = now;
	if (u->def && u->def->job_running_timeout_us &&
		usec_add(now, u->def->job_running_timeout_us) < u->job->deadline_us) {
		u->job->deadline_us = usec_add(now, u->def->job_running_timeout_us);
	}
	if (runs[u->job->type]) {
		runs[u->job->type](e, u, now);
	} else {
		engine_finish(e, u, JOB_DONE, now);
	}
	engine_touch(e, u, true);
}

void engine_run_jobs(struct engine *e, usec_t now)
{
	while (e->run_head && e->error == 0) {
		struct job *j = e->run_head;

		e->run_head = j->run_next;
		if (e->run_head) {
			e->run_head->run_prev = NULL;
		} else {
			e->run_tail = NULL;
		}
		j->flags &= ~(uint32_t)JOB_IN_RUN_QUEUE;
		run_one(e, e->units[j->unit], now);
	}
}

/* The worker has judged the conditions; its record was forgotten by the caller. */
void engine_checked(struct engine *e, struct unit *u, const struct wire_proc *proc, usec_t now)
{
	const struct manifest_condition *c = u->def ? u->def->conditions.items : NULL;
	bool failed = proc->phase == WIRE_PHASE_FAILED;
	bool assert_failed;

	u->job->flags &= ~(uint32_t)JOB_CHECKING;
	u->condition_us = now;
	u->condition_failed = failed ? -1 : proc->value;
	if (failed) {
		engine_log(e, u, LOG_LAUNCH_FAILED, proc->error);
		engine_finish(e, u, JOB_FAILED, now);
		return;
	}
	if (proc->value < 0) {
		u->job->flags |= JOB_CHECKED;
		u->job->state = JOB_WAITING;
		engine_queue(e, u->job);
		return;
	}
	assert_failed = c && (uint32_t)proc->value < u->def->conditions.n && c[proc->value].assert;
	u->condition_is_assert = assert_failed;
	engine_log(e, u, assert_failed ? LOG_ASSERT_FAILED : LOG_CONDITION_FAILED, proc->value);
	engine_finish(e, u, assert_failed ? JOB_ASSERT : JOB_DONE, now);
}
