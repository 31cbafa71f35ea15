// SPDX-License-Identifier: MIT
/* What a change of one unit means: its job, its times, its neighbours. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "engine_class.h"

static void stamp(struct unit *u, enum unit_active_state old, usec_t now)
{
	bool was_down = old == ACTIVE_INACTIVE || old == ACTIVE_FAILED;
	bool was_up = old == ACTIVE_ACTIVE || old == ACTIVE_RELOADING;
	bool is_up = u->active == ACTIVE_ACTIVE || u->active == ACTIVE_RELOADING;

	u->state_change_us = now;
	if (was_down && !unit_is_down(u)) {
		u->inactive_exit_us = now;
	}
	if (!was_down && unit_is_down(u)) {
		u->inactive_enter_us = now;
	}
	if (!was_up && is_up) {
		u->active_enter_us = now;
	}
	if (was_up && !is_up) {
		u->active_exit_us = now;
	}
}

static void want_all(
	struct engine *e, struct unit *u, enum graph_rel rel, enum job_type type, usec_t now)
{
	uint32_t n;
	const struct graph_edge *x = graph_edges(&e->graph, u->index, rel, &n);

	for (uint32_t i = 0; i < n && !e->shutting_down; i++) {
		engine_want(e, x[i].unit, type, JOB_MODE_REPLACE, now);
	}
}

void engine_never_tried(struct engine *e, struct unit *u, usec_t now)
{
	want_all(e, u, REL_ON_FAILURE, JOB_START, now);
}

/*
 * A unit that comes up without a job (adopted in safe mode, say) is treated as if it had been
 * asked for, but for what is ordered before it: that is too late. An automatic restart makes a
 * job of its own.
 */
static void start_in_hindsight(struct engine *e, struct unit *u, usec_t now)
{
	static const enum graph_rel rels[] = { REL_REQUIRES, REL_BINDS_TO, REL_WANTS };

	const struct unit_class *class = unit_class(u);

	if (u->job || (class->start_again && class->start_again(u))) {
		return;
	}
	for (size_t k = 0; k < ELEMENTSOF(rels) && !e->shutting_down; k++) {
		uint32_t n;
		const struct graph_edge *x = graph_edges(&e->graph, u->index, rels[k], &n);

		for (uint32_t i = 0; i < n; i++) {
			if (unit_is_down(e->units[x[i].unit]) &&
				!graph_has(&e->graph, u->index, REL_AFTER, x[i].unit)) {
				engine_want(e, x[i].unit, JOB_START,
					rels[k] == REL_WANTS ? JOB_MODE_FAIL : JOB_MODE_REPLACE,
					now);
			}
		}
	}
	want_all(e, u, REL_CONFLICTS, JOB_STOP, now);
}

/* Up: those that wait for it are started. */
static void wake_waiting(struct engine *e, struct unit *u, usec_t now)
{
	static const enum graph_rel rels[] = { REL_REQUIRED_BY, REL_BOUND_BY, REL_REQUISITE_OF };

	for (size_t k = 0; k < ELEMENTSOF(rels); k++) {
		uint32_t n;
		const struct graph_edge *x = graph_edges(&e->graph, u->index, rels[k], &n);

		for (uint32_t i = 0; i < n; i++) {
			struct unit *other = e->units[x[i].unit];

			if (other->wait_dependency && other->desired && unit_is_down(other) &&
				!other->job && !e->shutting_down) {
				engine_want(e, other->index, JOB_START, JOB_MODE_FAIL, now);
			}
		}
	}
}

#define UPHOLD_WINDOW_US (10 * USEC_PER_SEC)
#define UPHOLD_BURST     16u

/* Down: who is bound to it stops, who upholds it starts it again. */
static void gone_down(struct engine *e, struct unit *u, usec_t now)
{
	uint32_t n;
	const struct graph_edge *x = graph_edges(&e->graph, u->index, REL_BOUND_BY, &n);

	for (uint32_t i = 0; i < n; i++) {
		struct unit *other = e->units[x[i].unit];

		if (!unit_is_down(other) && !(other->job && other->job->type == JOB_STOP) &&
			!(u->job && u->job->type != JOB_STOP)) {
			engine_want(e, other->index, JOB_STOP, JOB_MODE_REPLACE, now);
		}
	}
	x = graph_edges(&e->graph, u->index, REL_UPHELD_BY, &n);
	for (uint32_t i = 0; i < n && !u->job && !e->shutting_down; i++) {
		if (unit_is_down(e->units[x[i].unit])) {
			continue;
		}
		if (now - u->uphold_us >= UPHOLD_WINDOW_US) {
			u->uphold_us = now;
			u->uphold_count = 0;
		}
		if (u->uphold_count++ >= UPHOLD_BURST) {
			engine_log(e, u, LOG_UPHOLD_LIMIT, 0);
			return;
		}
		engine_want(e, u->index, JOB_START, JOB_MODE_FAIL, now);
	}
}

static bool is_needed(const struct engine *e, const struct unit *u)
{
	static const enum graph_rel rels[] = { REL_REQUIRED_BY, REL_REQUISITE_OF, REL_WANTED_BY,
		REL_BOUND_BY, REL_UPHELD_BY };

	for (size_t k = 0; k < ELEMENTSOF(rels); k++) {
		uint32_t n;
		const struct graph_edge *x = graph_edges(&e->graph, u->index, rels[k], &n);

		for (uint32_t i = 0; i < n; i++) {
			const struct unit *other = e->units[x[i].unit];

			if (!unit_is_down(other) || other->job) {
				return true;
			}
		}
	}
	return false;
}

static void stop_unneeded(struct engine *e, struct unit *u, usec_t now)
{
	static const enum graph_rel rels[] = { REL_REQUIRES, REL_WANTS, REL_BINDS_TO };

	for (size_t k = 0; k < ELEMENTSOF(rels); k++) {
		uint32_t n;
		const struct graph_edge *x = graph_edges(&e->graph, u->index, rels[k], &n);

		for (uint32_t i = 0; i < n; i++) {
			struct unit *other = e->units[x[i].unit];

			if (other->def && (other->def->flags & UNIT_STOP_WHEN_UNNEEDED) &&
				!unit_is_down(other) && !other->job && !is_needed(e, other)) {
				engine_want(e, other->index, JOB_STOP, JOB_MODE_FAIL, now);
			}
		}
	}
}

static void job_on_down(struct engine *e, struct unit *u, usec_t now)
{
	struct job *j = u->job;

	if (j->state == JOB_WAITING) {
		engine_queue(e, j);
	} else if (j->type == JOB_STOP) {
		engine_finish(e, u, JOB_DONE, now);
	} else if (j->type == JOB_RESTART) {
		j->state = JOB_WAITING;
		engine_queue(e, j);
	} else if (!(j->flags & JOB_CHECKING)) {
		engine_finish(e, u, u->active == ACTIVE_FAILED ? JOB_FAILED : JOB_DONE, now);
	}
}

static void job_on_change(struct engine *e, struct unit *u, usec_t now)
{
	struct job *j = u->job;

	if (!j) {
		return;
	}
	if (unit_is_down(u)) {
		job_on_down(e, u, now);
	} else if (u->active == ACTIVE_ACTIVE && j->state == JOB_RUNNING &&
		   (j->type == JOB_START || j->type == JOB_VERIFY_ACTIVE)) {
		engine_finish(e, u, JOB_DONE, now);
	} else if (u->active == ACTIVE_ACTIVE && j->state == JOB_RUNNING &&
		   (j->type == JOB_STOP || j->type == JOB_RESTART)) {
		engine_finish(e, u, JOB_FAILED, now); /* a mount that is busy */
	} else if (j->state == JOB_WAITING) {
		engine_queue(e, j);
	}
}

/* Sockets, timers and paths follow the unit that they trigger. */
void engine_tell_triggering(struct engine *e, struct unit *u, usec_t now)
{
	uint32_t n;

	if (u->accepted_by != ENGINE_NONE) {
		struct unit *socket = e->units[u->accepted_by];

		if (unit_class(socket)->triggered) {
			unit_class(socket)->triggered(e, socket, u, now);
		}
		return;
	}

	const struct graph_edge *x = graph_edges(&e->graph, u->index, REL_TRIGGERED_BY, &n);

	for (uint32_t i = 0; i < n && e->error == 0; i++) {
		struct unit *other = e->units[x[i].unit];
		const struct unit_class *class = unit_class(other);

		if (class->triggered) {
			class->triggered(e, other, u, now);
		}
	}
}

/* A unit without processes is down, which is final. Services have restarts: final_state(). */
static void plain_final(struct engine *e, struct unit *u, enum unit_active_state old, usec_t now)
{
	const struct manifest_unit *def = u->def;
	bool failed = u->active == ACTIVE_FAILED && old != ACTIVE_FAILED;
	bool over = u->active == ACTIVE_INACTIVE && old != ACTIVE_FAILED && old != ACTIVE_INACTIVE;

	if (!e->listed || u->is_service || !def || (!failed && !over)) {
		return;
	}
	if (failed) {
		engine_emergency(e, u, def->failure_action,
			def->failure_exit_status ? def->failure_exit_status : ENGINE_EXIT_FAILURE);
	} else {
		engine_emergency(e, u, def->success_action, def->success_exit_status);
	}
	want_all(e, u, failed ? REL_ON_FAILURE : REL_ON_SUCCESS, JOB_START, now);
}

void engine_changed(struct engine *e, struct unit *u, enum unit_active_state now_active, usec_t now)
{
	enum unit_active_state old = u->active;

	engine_touch(e, u, true);
	if (old == now_active) {
		return;
	}
	e->by_active[old]--;
	e->by_active[now_active]++;
	u->active = now_active;
	stamp(u, old, now);
	engine_push(e, EFFECT_UNIT_CHANGED, u);
	engine_tell_change(e, u, old);
	if (e->listed && (old == ACTIVE_INACTIVE || old == ACTIVE_FAILED)) {
		start_in_hindsight(e, u, now);
	}
	job_on_change(e, u, now);
	if (now_active == ACTIVE_ACTIVE) {
		wake_waiting(e, u, now);
	}
	if (unit_is_down(u)) {
		gone_down(e, u, now);
		stop_unneeded(e, u, now);
		plain_final(e, u, old, now);
	}
	engine_tell_triggering(e, u, now);
	engine_refresh(e, u);
	engine_realize(e, u);
}

void engine_emergency(struct engine *e, struct unit *u, uint32_t action, uint32_t status)
{
	struct effect *x = action && !e->shutting_down ? engine_push(e, EFFECT_EMERGENCY, u) : NULL;

	if (x) {
		x->number = (int32_t)action;
		x->state = status;
	}
}

/*
 * SuccessAction=, FailureAction=, StartLimitAction= of a service that is down for good. If its file
 * is gone the unit has no definition any more, but the service still has the one it ran with.
 */
static void final_action(struct engine *e, struct unit *u, bool failed, bool limit)
{
	const struct service *s = &u->service;
	const struct manifest_unit *def = s->def.unit;
	uint32_t set = failed ? def->failure_exit_status : def->success_exit_status;
	uint32_t own = s->main_code == CLD_EXITED ? s->main_status + 1
		       : s->main_code             ? 256 /* by a signal: 255 */
		       : failed                   ? ENGINE_EXIT_FAILURE
						  : 0;

	if (limit) {
		engine_emergency(e, u, def->start_limit_action, ENGINE_EXIT_FAILURE);
	} else {
		engine_emergency(
			e, u, failed ? def->failure_action : def->success_action, set ? set : own);
	}
}

/* The last word of an activation: OnFailure=, OnSuccess=, the cooldown. */
static void final_state(struct engine *e, struct unit *u, const struct effect *x, usec_t now)
{
	const struct manifest_service *m = u->service.def.service;
	bool limit = u->service.forbid_restart && u->service.limit_hit;

	if (!e->listed) {
		return; /* adopted as it is: the word was said before */
	}
	if (x->state == SERVICE_FAILED) {
		e->kept_more |= service_is_kept(&u->service);
		final_action(e, u, true, limit);
		want_all(e, u, REL_ON_FAILURE, JOB_START, now);
		if (limit && m->start_limit_cooldown_us &&
			m->start_limit_cooldown_us != USEC_INFINITY) {
			u->cooldown_us = usec_add(now, m->start_limit_cooldown_us);
		}
	} else if (x->state == SERVICE_DEAD && x->old_state != SERVICE_FAILED) {
		if (u->service.result == RESULT_SUCCESS) {
			final_action(e, u, false, false);
		}
		want_all(e, u, REL_ON_SUCCESS, JOB_START, now);
	}
}

static void auto_restart(struct engine *e, struct unit *u, usec_t now)
{
	struct service_event stop = { .type = EV_STOP };
	struct engine_request r = {
		.type = JOB_START, .mode = JOB_MODE_RESTART_DEPENDENCIES, .unit = u->index
	};
	struct engine_error error = { 0 };
	uint32_t job;

	if (u->job && u->job->type == JOB_STOP) {
		return;
	}
	if (u->job && u->job->type == JOB_RELOAD) {
		/* It would take the start into itself, and wait for it for ever. */
		engine_finish(e, u, JOB_INVALID, now);
	}
	if (engine_request(e, &r, now, &job, &error) != 0) {
		engine_log(e, u, LOG_DEPENDENCY_FAILED, error.code);
		engine_step(e, u, &stop, now);
		return;
	}
	if (u->job) {
		u->job->flags |= JOB_AUTOMATIC;
		u->job->state = JOB_WAITING;
		engine_queue(e, u->job);
	}
}

static void reload_done(struct engine *e, struct unit *u, const struct effect *x, usec_t now)
{
	if (u->job && u->job->type == JOB_RELOAD && u->job->state == JOB_RUNNING) {
		engine_finish(e, u, x->number < 0 ? JOB_FAILED : JOB_DONE, now);
	}
}

/* The effects that are the engine's own business. True: done, not for the shell. */
static bool take_effect(struct engine *e, struct unit *u, const struct effect *x, usec_t now)
{
	if (x->type == EFFECT_AUTO_RESTART) {
		auto_restart(e, u, now);
		return true;
	}
	if (x->type == EFFECT_RELOAD_DONE) {
		reload_done(e, u, x, now);
		return true;
	}
	return false;
}

/* A refusal tells what it is about by the request's cookie alone. */
static void give_cookie(struct engine *e, struct service *s, struct effect *x)
{
	struct service_place *place = &s->places[x->kind];

	if (x->type == EFFECT_RUN) {
		x->cookie = place->cookie = ++e->last_cookie;
	} else if (x->type == EFFECT_MAIN && x->number > 0) {
		place = &s->places[ENTRY_MAIN];
		x->cookie = s->main_cookie = ++e->last_cookie;
		place->cookie = place->phase == PLACE_PENDING ? x->cookie : place->cookie;
	}
}

/* What stands still can neither end nor take part: whoever stops or runs something thaws it. */
static void thaw_for(struct engine *e, struct unit *u, enum effect_type type)
{
	bool acts = type == EFFECT_RUN || type == EFFECT_SIGNAL || type == EFFECT_KILL_ALL;

	if (acts && (u->slot_flags & WIRE_SLOT_FREEZE)) {
		engine_push(e, EFFECT_THAW, u);
		u->slot_flags &= ~(uint32_t)WIRE_SLOT_FREEZE;
	}
}

/* An effect of the unit's own machine. */
static void push_own(struct engine *e, struct unit *u, const struct effect *x)
{
	struct effect *out = engine_push(e, x->type, u);

	if (out) {
		*out = *x;
		out->unit = u->index;
		out->slot = u->slot;
	}
}

void engine_step(struct engine *e, struct unit *u, const struct service_event *event, usec_t now)
{
	AUTO_FREE struct effects *fx = malloc(sizeof(*fx));

	if (!fx) {
		e->error = -ENOMEM;
		return;
	}
	fx->n = 0;
	service_step(&u->service, event, now, fx);
	for (uint32_t i = 0; i < fx->n && e->error == 0; i++) {
		struct effect *x = &fx->items[i];

		if (x->type == EFFECT_LOG || take_effect(e, u, x, now)) {
			continue;
		}
		thaw_for(e, u, x->type);
		if (x->type == EFFECT_RUN) {
			engine_limits_run(e, u, x->kind);
			engine_tell_cause(e, u, x);
		}
		give_cookie(e, &u->service, x);
		u->release_asked |=
			x->type == EFFECT_RELEASE && !(x->params.flags & WIRE_RELEASE_KEEP_NOTE);
		push_own(e, u, x);
	}
	/* The log tells things in their order, what the unit and what its states say. */
	for (uint32_t i = 0; i < fx->n && e->error == 0; i++) {
		const struct effect *x = &fx->items[i];
		struct service as = { .state = (enum service_state)x->state,
			.def = u->service.def };

		if (x->type == EFFECT_LOG) {
			push_own(e, u, x);
		} else if (x->type == EFFECT_STATE) {
			engine_changed(e, u, service_active_state(&as), now);
			engine_tell_restart(e, u, x);
			final_state(e, u, x, now);
			if (x->state == SERVICE_AUTO_RESTART) {
				want_all(e, u, REL_ON_RESTART, JOB_START, now);
			}
		}
	}
	e->idle_waiting |= u->service.idle_waiting;
	engine_touch(e, u, fx->n > 0);
}

int engine_shutdown(struct engine *e, usec_t now)
{
	e->shutting_down = true;
	for (uint32_t i = 0; i < e->graph.n_units && e->error == 0; i++) {
		struct unit *u = e->units[i];

		u->cooldown_us = USEC_INFINITY;
		u->desired = false;
		if (u->job && u->job->type != JOB_STOP) {
			engine_finish(e, u, JOB_CANCELED, now);
		}
		if (!u->job && !unit_is_down(u)) {
			engine_install(e, u, JOB_STOP, JOB_IRREVERSIBLE, now);
		}
	}
	return engine_settle(e, now);
}
