// SPDX-License-Identifier: MIT
/*
 * Timers as the engine sees them. The note of a timer goes out before the job that it asks for and
 * before the slot of its unit is released: so a supd that dies in between leaves either a timer
 * that says "running" and a unit without a trace, which is asked for again, or one whose unit was
 * there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine_class.h"
#include "timer.h"

static struct unit *target_of(struct engine *e, const struct unit *u)
{
	uint32_t n;
	const struct graph_edge *x = graph_edges(&e->graph, u->index, REL_TRIGGERS, &n);

	return n ? e->units[x[0].unit] : NULL;
}

static uint64_t next_random(struct engine *e)
{
	/* xorshift64* (Marsaglia, Vigna); it spreads load, it keeps no secret. */
	e->random = e->random ? e->random : 0x9e3779b97f4a7c15u;
	e->random ^= e->random >> 12;
	e->random ^= e->random << 25;
	e->random ^= e->random >> 27;
	return e->random * UINT64_C(0x2545f4914f6cdd1d);
}

static uint64_t name_hash(uint64_t seed, const char *name)
{
	uint64_t hash = seed ^ UINT64_C(0xcbf29ce484222325);

	for (; *name; name++) {
		hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	}
	return hash ^ hash >> 29;
}

static const struct zone *find_zone(void *context, const char *name)
{
	const struct engine *e = context;

	return e->host.zone ? e->host.zone(e->host.context, name) : NULL;
}

static struct timer_world world_of(struct engine *e, struct unit *u, usec_t now)
{
	const struct unit *target = target_of(e, u);
	bool coming = target && target->job && target->job->type != JOB_STOP;

	return (struct timer_world) {
		.now_us = now,
		.real_us = now + e->real_offset_us,
		.boot_us = e->host.boot_us,
		.startup_us = e->host.startup_us,
		.active_us = unit_is_down(u) ? 0 : u->inactive_exit_us,
		.unit_down = !target || (unit_is_down(target) && !coming),
		.unit_active_us = target ? target->inactive_exit_us : 0,
		.unit_inactive_us = target ? target->inactive_enter_us : 0,
		.random = next_random(e),
		.fixed_random = name_hash(e->host.machine, u->name),
		.phase_us = e->host.machine % (60 * USEC_PER_SEC),
		.zone = find_zone,
		.context = e,
	};
}

static enum unit_active_state active_of(const struct timer *t)
{
	switch (t->state) {
	case TIMER_DEAD:
		return ACTIVE_INACTIVE;
	case TIMER_FAILED:
		return ACTIVE_FAILED;
	case TIMER_WAITING:
	case TIMER_RUNNING:
	case TIMER_ELAPSED:
	case TIMER_STATE_COUNT:
		break;
	}
	return ACTIVE_ACTIVE;
}

static void put_stamp(struct engine *e, struct unit *u)
{
	struct effect *x = engine_push(e, EFFECT_STAMP, u);

	if (x) {
		x->cookie = u->timer->last_real_us;
	}
}

static void step(struct engine *e, struct unit *u, enum timer_event event, usec_t now);

static void start_target(struct engine *e, struct unit *u, usec_t now)
{
	struct unit *target = target_of(e, u);
	struct engine_request r = { .type = JOB_START, .mode = JOB_MODE_REPLACE };
	struct engine_error error = { .code = ENGINE_NO_SUCH_UNIT };
	uint32_t job = 0;
	int result = 1;

	if (target) {
		r.unit = target->index;
		result = engine_request(e, &r, now, &job, &error);
	}
	if (result == 1) {
		engine_log(e, u, LOG_DEPENDENCY_FAILED, (int32_t)error.code);
		if (e->n_effects) {
			e->effects[e->n_effects - 1].text = strdup(error.text);
		}
		step(e, u, TIMER_EV_REFUSED, now);
	} else if (target) {
		engine_caused(target, u);
	}
}

static void carry_out(struct engine *e, struct unit *u, const struct timer_result *r, usec_t now)
{
	if (r->stamp) {
		put_stamp(e, u);
	}
	if (r->future) {
		engine_log(e, u, LOG_STAMP_FUTURE, 0);
	}
	if (r->changed) {
		engine_push(e, EFFECT_UNIT_CHANGED, u);
		engine_changed(e, u, active_of(u->timer), now);
		engine_touch(e, u, true);
		engine_write_note(e, u);
	}
	engine_touch(e, u, r->changed);
	if (r->trigger) {
		start_target(e, u, now);
	}
}

static void step(struct engine *e, struct unit *u, enum timer_event event, usec_t now)
{
	struct timer_world w;
	struct timer_result r;

	if (!u->timer) {
		return;
	}
	w = world_of(e, u, now);
	if (event == TIMER_EV_START && e->host.stamp && u->timer->def &&
		(u->timer->def->flags & TIMER_PERSISTENT)) {
		w.stamp_real_us = e->host.stamp(e->host.context, u->name);
	}
	timer_step(u->timer, event, &w, &r);
	carry_out(e, u, &r, now);
}

static void timer_define(struct engine *e, struct unit *u)
{
	const struct manifest_timer *def = u->def && u->def->timer.n ? u->def->timer.items : NULL;

	if (!u->timer && def) {
		u->timer = malloc(sizeof(*u->timer));
		if (!u->timer) {
			e->error = -ENOMEM;
			return;
		}
		timer_init(u->timer, def);
	}
	if (u->timer) {
		u->timer->def = def;
		/* Whatever waits is computed anew. */
		u->timer_stale = u->timer->state == TIMER_WAITING;
		engine_touch(e, u, false);
	}
}

static void timer_start(struct engine *e, struct unit *u, usec_t now)
{
	const struct unit *target = target_of(e, u);

	if (!u->timer || !u->timer->def || !target || target->load_state != LOAD_LOADED) {
		engine_log(e, u, LOG_TRIGGER_MISSING, 0);
		if (e->n_effects) {
			e->effects[e->n_effects - 1].text =
				strdup(target ? target->name : "the unit it names");
		}
		engine_finish(e, u, JOB_FAILED, now);
		return;
	}
	step(e, u, TIMER_EV_START, now);
	if (u->active != ACTIVE_ACTIVE) {
		engine_finish(e, u, JOB_DONE, now); /* nothing is due, and it does not stay */
	}
}

static void timer_stop(struct engine *e, struct unit *u, usec_t now)
{
	step(e, u, TIMER_EV_STOP, now);
}

static void timer_reload(struct engine *e, struct unit *u, usec_t now)
{
	engine_finish(e, u, JOB_DONE, now);
}

static bool timer_can_reload(const struct unit *u __attribute__((unused)))
{
	return false;
}

static void timer_record(struct engine *e, struct unit *u, const struct wire_proc *p,
	usec_t now __attribute__((unused)))
{
	unit_forget(e, u, p);
}

static void timer_reset_failed(struct engine *e, struct unit *u, usec_t now)
{
	step(e, u, TIMER_EV_RESET_FAILED, now);
}

static usec_t timer_deadline(const struct unit *u)
{
	if (!u->timer) {
		return USEC_INFINITY;
	}
	return u->timer_stale ? 0 : u->timer->deadline_us;
}

/* After adoption or a new definition. What had elapsed without its unit is asked for again. */
static void make_fresh(struct engine *e, struct unit *u, usec_t now)
{
	const struct unit *target = target_of(e, u);
	struct timer_world w = world_of(e, u, now);
	struct timer *t = u->timer;

	u->timer_stale = false;
	if (t->state == TIMER_WAITING && t->def) {
		timer_compute(t, &w);
	} else if (t->state == TIMER_RUNNING && w.unit_down) {
		if (target && target->inactive_exit_us >= t->last_us) {
			step(e, u, TIMER_EV_UNIT, now);
		} else {
			start_target(e, u, now);
		}
	}
}

static void timer_expired(struct engine *e, struct unit *u, usec_t now)
{
	if (u->timer_stale) {
		make_fresh(e, u, now);
		return;
	}
	/* It is to go down: then it does not elapse any more. */
	if (u->job && u->job->type == JOB_STOP) {
		u->timer->deadline_us = USEC_INFINITY;
		return;
	}
	step(e, u, TIMER_EV_DUE, now);
}

static void timer_triggered(
	struct engine *e, struct unit *u, struct unit *other __attribute__((unused)), usec_t now)
{
	if (e->listed && !u->timer_stale) {
		step(e, u, TIMER_EV_UNIT, now);
	}
}

/* The fields of a service's note that a timer has a use for: note.h. */
static void timer_to_note(const struct unit *u, struct note *n)
{
	const struct timer *t = u->timer;

	if (!t) {
		return;
	}
	n->state = t->state;
	n->result = t->failed ? RESULT_RESOURCES : RESULT_SUCCESS;
	n->main_start_us = t->last_us;
	n->main_exit_us = t->last_real_us;
	n->reload_us = t->computed_us;
	n->limit_begin_us = t->random_us;
}

static void timer_adopt(
	struct engine *e, struct unit *u, const struct service_adoption *facts, usec_t now)
{
	const struct note *n = facts->note;
	struct timer *t = u->timer;

	for (size_t i = 0; i < ENTRY_KIND_COUNT; i++) {
		u->service.places[i].phase =
			facts->procs[i]->phase == WIRE_PHASE_FREE ? PLACE_FREE : PLACE_LIVE;
	}
	if (!n || !t || !t->def) {
		return;
	}
	if (facts->safe_mode) {
		/* Only that it was up is known. */
		t->state = n->active == ACTIVE_ACTIVE ? TIMER_WAITING : TIMER_DEAD;
		u->inactive_exit_us = now;
		t->computed_us = now;
	} else if (n->state < TIMER_STATE_COUNT) {
		t->state = (enum timer_state)n->state;
		t->failed = n->result != RESULT_SUCCESS;
		t->last_us = n->main_start_us;
		t->last_real_us = n->main_exit_us;
		t->computed_us = n->reload_us;
		t->random_us = n->limit_begin_us;
	}
	u->timer_stale = t->state == TIMER_WAITING || t->state == TIMER_RUNNING;
	unit_set_active(e, u, active_of(t));
	engine_touch(e, u, false);
}

static const char *timer_sub_state(const struct unit *u)
{
	return timer_state_to_string(u->timer ? u->timer->state : TIMER_DEAD);
}

static void timer_fini(struct unit *u)
{
	free(u->timer);
	u->timer = NULL;
}

const struct unit_class unit_class_timer = {
	.define = timer_define,
	.start = timer_start,
	.stop = timer_stop,
	.reload = timer_reload,
	.can_reload = timer_can_reload,
	.record = timer_record,
	.reset_failed = timer_reset_failed,
	.deadline = timer_deadline,
	.expired = timer_expired,
	.triggered = timer_triggered,
	.to_note = timer_to_note,
	.adopt = timer_adopt,
	.sub_state = timer_sub_state,
	.fini = timer_fini,
};

/* ---- the clock ---- */

void engine_set_host(struct engine *e, const struct engine_host *host)
{
	e->host = *host;
	e->random = host->seed;
}

static int tell_timers(struct engine *e, enum timer_event event, usec_t now)
{
	for (uint32_t i = 0; i < e->graph.n_units && e->error == 0; i++) {
		if (e->units[i]->timer && !e->units[i]->timer_stale && e->listed) {
			step(e, e->units[i], event, now);
		}
	}
	return engine_settle(e, now);
}

int engine_clock(struct engine *e, usec_t real_offset_us, usec_t now)
{
	bool first = !e->clock_known;

	e->real_offset_us = real_offset_us;
	e->clock_known = true;
	return first ? 0 : tell_timers(e, TIMER_EV_CLOCK, now);
}

int engine_zone_changed(struct engine *e, usec_t now)
{
	return tell_timers(e, TIMER_EV_ZONE, now);
}
