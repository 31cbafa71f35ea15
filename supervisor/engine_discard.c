// SPDX-License-Identifier: MIT
/* What a unit that is down has left: DISCARD of its directories, and its stored descriptors. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_class.h"

uint32_t engine_can_discard(const struct unit *u)
{
	if (!u->is_service || !u->def || u->load_state != LOAD_LOADED) {
		return 0;
	}
	return u->def->discard_kinds |
	       (u->service.def.service->fdstore_max ? ENGINE_DISCARD_FDSTORE : 0);
}

bool engine_is_discarding(const struct unit *u)
{
	return u->discard && u->discard->running;
}

/* The slot with all that it holds; what the unit is known for stays. */
static void release(struct engine *e, struct unit *u, bool drop_store)
{
	uint32_t preserve = u->service.def.service->fdstore_preserve;
	struct effect *x = engine_push(e, EFFECT_RELEASE, u);

	if (!x) {
		return;
	}
	x->entry = CATALOGUE_NONE;
	if (u->active == ACTIVE_FAILED || u->service.main_code) {
		x->params.flags |= WIRE_RELEASE_KEEP_NOTE;
	}
	if (preserve == FDSTORE_PRESERVE_YES && !drop_store) {
		x->params.flags |= WIRE_RELEASE_KEEP_STORE;
	}
	u->service.has_slot = true;
	u->service.releasing = true;
}

static void run(struct engine *e, struct unit *u, uint32_t kinds)
{
	struct service_place *place = &u->service.places[ENTRY_WORK];
	struct effect *x = engine_push(e, EFFECT_RUN, u);

	if (!x) {
		return;
	}
	x->kind = ENTRY_WORK;
	x->entry = u->def->discard_entry;
	x->cookie = ++e->last_cookie;
	x->params.discard = kinds & WIRE_DISCARD_ALL;
	*place = (struct service_place) { .phase = PLACE_PENDING,
		.entry = x->entry,
		.cookie = x->cookie,
		.forgotten = place->forgotten };
	u->service.has_slot = true;
	u->discard->cookie = x->cookie;
	u->discard->running = true;
}

static bool can_begin(const struct engine *e, const struct unit *u)
{
	return e->listed && !e->shutting_down && unit_is_down(u) && !u->job &&
	       !engine_is_discarding(u) && u->service.places[ENTRY_WORK].phase == PLACE_FREE &&
	       !(u->slot_flags & WIRE_SLOT_POPULATED);
}

void engine_discard_go_on(struct engine *e, struct unit *u)
{
	const struct unit_class *class = unit_class(u);
	struct unit_discard *d = u->discard;

	if (!engine_is_discarding(u) || d->cookie != 0 || u->release_asked ||
		(class->releasing && class->releasing(u))) {
		return;
	}
	d->running = false;
	if (!can_begin(e, u)) {
		d->error = EBUSY;
		snprintf(d->text, sizeof(d->text), "it is to be started");
	} else if (d->kinds & WIRE_DISCARD_ALL) {
		run(e, u, d->kinds);
	} else if (d->kinds && u->slot != WIRE_SLOT_NONE) {
		release(e, u, true);
	}
	engine_touch(e, u, true);
}

int engine_discard(struct engine *e, uint32_t unit, uint32_t kinds, usec_t now)
{
	struct unit *u = unit_at(e, unit);

	if (!u || !can_begin(e, u)) {
		return -EBUSY;
	}
	kinds &= engine_can_discard(u);
	if (!u->discard) {
		u->discard = malloc(sizeof(*u->discard));
	}
	if (!u->discard) {
		return e->error = -ENOMEM;
	}
	*u->discard = (struct unit_discard) { .running = true, .kinds = kinds };
	engine_discard_go_on(e, u);
	return engine_settle(e, now);
}

static void log_end(struct engine *e, struct unit *u, const struct unit_discard *d)
{
	struct effect *x = engine_push(e, EFFECT_LOG, u);

	if (x) {
		x->log = d->error ? LOG_DISCARD_FAILED : LOG_DISCARDED;
		x->number = d->error;
		x->text = d->error ? strdup(d->text) : NULL;
	}
}

void engine_discarded(struct engine *e, struct unit *u, const struct wire_proc *p)
{
	struct unit_discard *d = engine_is_discarding(u) ? u->discard : NULL;
	struct unit_discard other = { 0 }; /* one that the supd before us began */

	if (!engine_can_discard(u) || !u->def->discard_kinds || p->catalogue != u->catalogue ||
		p->entry != u->def->discard_entry) {
		return;
	}
	d = d && d->cookie == p->cookie ? d : &other;
	d->running = false;
	d->error = p->phase == WIRE_PHASE_FAILED ? (p->error ? p->error : EIO) : 0;
	if (d->error) {
		snprintf(d->text, sizeof(d->text), "%s: %s%s%s%s", p->text, strerror(d->error),
			*p->origin ? " (" : "", p->origin, *p->origin ? ")" : "");
	}
	log_end(e, u, d);
	if (unit_is_down(u)) {
		release(e, u, d->kinds & ENGINE_DISCARD_FDSTORE);
	}
}

void engine_discard_refused(struct unit *u, const struct wire_refused *r)
{
	struct unit_discard *d = u->discard;

	if (!engine_is_discarding(u) || r->request != WIRE_RUN || r->cookie != d->cookie) {
		return;
	}
	d->running = false;
	d->error = r->error;
	snprintf(d->text, sizeof(d->text), "refused by supd-init: %s", strerror(r->error));
}
