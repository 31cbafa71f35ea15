// SPDX-License-Identifier: MIT
/* Limits of running units: REALIZE when the definition has others than the cgroup. */
#include <stdio.h>
#include <string.h>

#include "engine_class.h"

#define STARTUP 0x55aa55aau /* tells the limits of the start from the later ones */

/* Of the limits that are meant now. */
static uint32_t limits_of(const struct engine *e, const struct unit *u)
{
	return u->def->limits_hash ^ (e->starting && u->def->startup_limits ? STARTUP : 0);
}

/* Between states the next commands write them; before the start there is no cgroup. */
static bool wants_limits(const struct engine *e, const struct unit *u)
{
	return u->is_service && u->def && u->load_state == LOAD_LOADED &&
	       u->active == ACTIVE_ACTIVE && u->def->realize_entry != CATALOGUE_NONE &&
	       u->limits != limits_of(e, u) && u->slot != WIRE_SLOT_NONE &&
	       (u->slot_flags & WIRE_SLOT_POPULATED);
}

void engine_realize(struct engine *e, struct unit *u)
{
	struct service_place *place = &u->service.places[ENTRY_WORK];
	struct effect *x;

	if (!e->listed || e->shutting_down || !wants_limits(e, u) || place->phase != PLACE_FREE ||
		u->service.stale_waiting) {
		return;
	}
	x = engine_push(e, EFFECT_RUN, u);
	if (!x) {
		return;
	}
	x->kind = ENTRY_WORK;
	x->entry = u->def->realize_entry;
	x->cookie = ++e->last_cookie;
	*place = (struct service_place) { .phase = PLACE_PENDING,
		.entry = x->entry,
		.cookie = x->cookie,
		.forgotten = place->forgotten };
	u->limits = limits_of(e, u);
	engine_touch(e, u, true);
}

void engine_limits_run(const struct engine *e, struct unit *u, enum entry_kind kind)
{
	if (u->def && kind != ENTRY_WORK && !(u->slot_flags & WIRE_SLOT_POPULATED)) {
		u->limits = limits_of(e, u);
	}
}

void engine_set_starting(struct engine *e, bool starting)
{
	e->starting = starting;
}

int engine_started(struct engine *e, usec_t now)
{
	e->starting = false;
	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		engine_realize(e, e->units[i]);
	}
	return engine_settle(e, now);
}

void engine_realized(struct engine *e, struct unit *u, const struct wire_proc *p)
{
	struct effect *x;
	char text[512];

	if (!u->def || p->catalogue != u->catalogue || p->entry != u->def->realize_entry ||
		p->phase != WIRE_PHASE_FAILED) {
		return;
	}
	snprintf(text, sizeof(text), "%s: %s (%s)", p->text, strerror(p->error), p->origin);
	x = engine_push(e, EFFECT_LOG, u);
	if (x) {
		x->log = LOG_LIMITS_FAILED;
		x->number = p->error;
		x->text = strdup(text);
	}
}
