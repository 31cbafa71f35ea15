// SPDX-License-Identifier: MIT
/* One timer per unit in a binary heap: the least of all that the unit waits for. */
#include <stdlib.h>
#include <string.h>

#include "engine_class.h"

static usec_t least(usec_t a, usec_t b)
{
	return a < b ? a : b;
}

static usec_t unit_deadline(const struct unit *u)
{
	const struct unit_class *class = unit_class(u);
	usec_t t = u->cooldown_us;

	if (class->deadline) {
		t = least(t, class->deadline(u));
	}
	return u->job ? least(t, u->job->deadline_us) : t;
}

static void put(struct engine *e, uint32_t at, uint32_t unit)
{
	e->heap[at] = unit;
	e->units[unit]->heap_index = at;
}

static usec_t time_at(const struct engine *e, uint32_t at)
{
	return e->units[e->heap[at]]->heap_us;
}

static void sift(struct engine *e, uint32_t at)
{
	uint32_t unit = e->heap[at];
	usec_t t = e->units[unit]->heap_us;

	while (at > 0 && time_at(e, (at - 1) / 2) > t) {
		put(e, at, e->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < e->n_heap && time_at(e, child + 1) < time_at(e, child)) {
			child++;
		}
		if (child >= e->n_heap || time_at(e, child) >= t) {
			break;
		}
		put(e, at, e->heap[child]);
		at = child;
	}
	put(e, at, unit);
}

static void leave(struct engine *e, struct unit *u)
{
	uint32_t at = u->heap_index;

	u->heap_index = ENGINE_NONE;
	e->n_heap--;
	if (at < e->n_heap) {
		put(e, at, e->heap[e->n_heap]);
		sift(e, at);
	}
}

void engine_timer_set(struct engine *e, struct unit *u)
{
	usec_t t = unit_deadline(u);

	if (t == USEC_INFINITY) {
		if (u->heap_index != ENGINE_NONE) {
			leave(e, u);
		}
		return;
	}
	u->heap_us = t;
	if (u->heap_index == ENGINE_NONE) {
		put(e, e->n_heap, u->index);
		e->n_heap++;
	}
	sift(e, u->heap_index);
}

usec_t engine_deadline(const struct engine *e)
{
	return e->n_heap ? time_at(e, 0) : USEC_INFINITY;
}

static void fire(struct engine *e, struct unit *u, usec_t now)
{
	const struct unit_class *class = unit_class(u);

	if (u->job && u->job->deadline_us <= now) {
		engine_log(e, u, LOG_JOB_TIMEOUT, 0);
		if (u->type == UNIT_DEVICE && e->error == 0) {
			e->effects[e->n_effects - 1].text = strdup("the device has not appeared");
		}
		engine_finish(e, u, JOB_TIMEOUT, now);
		engine_emergency(
			e, u, u->def ? u->def->job_timeout_action : 0, ENGINE_EXIT_FAILURE);
	}
	if (u->cooldown_us <= now) {
		u->cooldown_us = USEC_INFINITY;
		engine_want(e, u->index, JOB_START, JOB_MODE_REPLACE, now);
	}
	if (class->expired && class->deadline(u) <= now) {
		class->expired(e, u, now);
	}
	engine_touch(e, u, true);
}

uint32_t engine_due(const struct engine *e, usec_t now)
{
	return e->error == 0 && engine_deadline(e) <= now ? e->heap[0] : ENGINE_NONE;
}

usec_t engine_unit_deadline(const struct engine *e, uint32_t unit)
{
	return unit_deadline(e->units[unit]);
}

void engine_put_off(struct engine *e, uint32_t unit, usec_t until_us)
{
	struct unit *u = e->units[unit];

	if (u->heap_index != ENGINE_NONE && u->heap_us < until_us) {
		u->heap_us = until_us;
		sift(e, u->heap_index);
	}
}

int engine_expire(struct engine *e, uint32_t unit, usec_t now)
{
	struct unit *u = e->units[unit];

	if (u->heap_index != ENGINE_NONE && u->heap_us <= now) {
		leave(e, u);
		fire(e, u, now);
	}
	return engine_settle(e, now);
}

int engine_tick(struct engine *e, usec_t now)
{
	int r = e->error;

	for (uint32_t unit; r == 0 && (unit = engine_due(e, now)) != ENGINE_NONE;) {
		r = engine_expire(e, unit, now);
	}
	return r;
}
