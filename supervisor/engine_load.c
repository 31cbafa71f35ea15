// SPDX-License-Identifier: MIT
/* Catalogues and definitions: who lives by which. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "engine_class.h"

bool unit_is_down(const struct unit *u)
{
	return u->active == ACTIVE_INACTIVE || u->active == ACTIVE_FAILED;
}

bool unit_is_releasing(const struct unit *u)
{
	const struct unit_class *class = unit_class(u);

	return engine_is_discarding(u) || (class->releasing && class->releasing(u));
}

static int grow_units(struct engine *e)
{
	uint32_t cap = e->cap_units ? e->cap_units * 2 : 64;
	struct unit **units;
	uint32_t *heap;

	if (e->graph.n_units < e->cap_units) {
		return 0;
	}
	units = realloc(e->units, cap * sizeof(*units));
	if (!units) {
		return -ENOMEM;
	}
	e->units = units;
	heap = realloc(e->heap, cap * sizeof(*heap));
	if (!heap) {
		return -ENOMEM;
	}
	e->heap = heap;
	e->cap_units = cap;
	return 0;
}

int engine_add_unit(struct engine *e, const char *name, struct unit **ret)
{
	uint32_t known = graph_find_unit(&e->graph, name);
	AUTO_FREE struct unit *u = NULL;
	int64_t index;
	int type;

	if (known != GRAPH_NONE) {
		*ret = e->units[known];
		return 0;
	}
	if (grow_units(e) < 0) {
		return -ENOMEM;
	}
	u = calloc(1, sizeof(*u));
	index = u ? graph_intern(&e->graph, name) : -ENOMEM;
	if (index < 0) {
		return -ENOMEM;
	}
	u->index = (uint32_t)index;
	u->name = e->graph.names[index];
	type = unit_type_from_name(u->name);
	u->type = type < 0 ? UNIT_SCOPE : (enum unit_type)type;
	u->is_instance = unit_name_classify(u->name) == UNIT_NAME_INSTANCE;
	u->catalogue = CATALOGUE_NONE;
	u->load_state = LOAD_NOT_FOUND;
	u->slot = WIRE_SLOT_NONE;
	u->condition_failed = -1;
	u->heap_index = ENGINE_NONE;
	u->cooldown_us = USEC_INFINITY;
	u->newest_index = ENGINE_NONE;
	u->accepted_by = ENGINE_NONE;
	e->by_active[ACTIVE_INACTIVE]++;
	*ret = e->units[index] = TAKE_PTR(u);
	engine_know_instance(e, *ret);
	return 0;
}

struct engine_catalogue *engine_catalogue_at(struct engine *e, uint32_t number)
{
	for (uint32_t i = 0; i < e->n_catalogues; i++) {
		if (e->catalogues[i].number == number) {
			return &e->catalogues[i];
		}
	}
	return NULL;
}

/* Catalogues that nobody lives by, but for the newest. */
static void drop_unused(struct engine *e)
{
	for (uint32_t i = 0; i + 1 < e->n_catalogues;) {
		struct engine_catalogue *c = &e->catalogues[i];
		struct effect *effect;

		if (c->n_users > 0) {
			i++;
			continue;
		}
		effect = engine_push(e, EFFECT_DROP, NULL);
		if (!effect) {
			return;
		}
		effect->catalogue = c->number;
		free(c->map);
		e->n_catalogues--;
		memmove(c, c + 1, (e->n_catalogues - i) * sizeof(*c));
	}
}

static void set_def(struct engine *e, struct unit *u, struct engine_catalogue *c, uint32_t index)
{
	struct engine_catalogue *old = engine_catalogue_at(e, u->catalogue);
	const struct manifest_unit *def = c ? manifest_unit_at(c->manifest, index) : NULL;
	const struct unit_class *class;

	if (old) {
		old->n_users--;
	}
	u->def = def;
	u->catalogue = c ? c->number : CATALOGUE_NONE;
	u->def_index = index;
	u->load_state = def ? (enum unit_load_state)def->load_state : LOAD_NOT_FOUND;
	if (c) {
		c->n_users++;
	}
	class = u->type == UNIT_SERVICE                         ? &unit_class_service
		: u->type == UNIT_SOCKET                        ? &unit_class_socket
		: u->type == UNIT_PATH                          ? &unit_class_path
		: u->type == UNIT_AUTOMOUNT                     ? &unit_class_path
		: u->type == UNIT_MOUNT || u->type == UNIT_SWAP ? &unit_class_mount
								: unit_class(u);
	if (class->define) {
		class->define(e, u);
	}
}

void engine_refresh(struct engine *e, struct unit *u)
{
	struct engine_catalogue *c = e->n_catalogues ? &e->catalogues[e->n_catalogues - 1] : NULL;
	uint32_t index = u->newest_index;
	bool at_rest = unit_is_down(u) || u->active == ACTIVE_ACTIVE;
	bool loaded = c && index != ENGINE_NONE &&
		      manifest_unit_at(c->manifest, index)->load_state == LOAD_LOADED;

	if (!c || u->catalogue == c->number || unit_is_releasing(u)) {
		return;
	}
	u->vanished = !loaded && !unit_is_down(u);
	if (!at_rest || u->vanished) {
		return;
	}
	set_def(e, u, index == ENGINE_NONE ? NULL : c, index);
	drop_unused(e);
}

/* Units of the coming catalogue that are new are there from now on, not found until it counts. */
static int map_some(struct engine *e, uint32_t max)
{
	const struct engine_catalogue *c = &e->coming.catalogue;

	for (; e->coming.n_mapped < c->manifest->units.n && max > 0; max--) {
		uint32_t i = e->coming.n_mapped;
		struct unit *u;

		if (engine_add_unit(e, manifest_unit_at(c->manifest, i)->name, &u) < 0) {
			return -ENOMEM;
		}
		c->map[i] = u->index;
		e->coming.n_mapped++;
	}
	return 0;
}

/* What is loaded in the coming catalogue counts for sure; what is not may be about to vanish. */
static int begin_draft(struct engine *e)
{
	struct engine_coming *coming = &e->coming;
	const struct engine_catalogue *c = &coming->catalogue;

	coming->sources = calloc((size_t)e->graph.n_units + 1, sizeof(*coming->sources));
	if (!coming->sources) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < c->manifest->units.n; i++) {
		const struct manifest_unit *def = manifest_unit_at(c->manifest, i);

		if (def->load_state == LOAD_LOADED) {
			coming->sources[c->map[i]] = (struct graph_source) { def, c->map };
		}
	}
	return graph_draft_begin(&coming->draft, coming->sources, e->graph.n_units);
}

void engine_coming_fini(struct engine_coming *coming)
{
	graph_draft_fini(&coming->draft);
	free(coming->sources);
	free(coming->catalogue.map);
	*coming = (struct engine_coming) { .catalogue.number = CATALOGUE_NONE };
}

/* Have the units the edges of the draft? */
static bool draft_fits(
	const struct engine_coming *coming, const struct graph_source *sources, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct manifest_unit *is = sources[i].def;
		const struct manifest_unit *drafted =
			i < coming->draft.n_units ? coming->sources[i].def : NULL;

		if (is != drafted && ((is && is->deps.n) || (drafted && drafted->deps.n))) {
			return false;
		}
	}
	return true;
}

static void set_newest(struct engine *e, const struct engine_catalogue *c)
{
	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		e->units[i]->newest_index = ENGINE_NONE;
	}
	for (uint32_t i = 0; i < c->manifest->units.n; i++) {
		e->units[c->map[i]]->newest_index = i;
	}
	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		engine_know_instance(e, e->units[i]);
	}
}

static int rebuild(struct engine *e)
{
	AUTO_FREE struct graph_source *sources =
		calloc((size_t)e->graph.n_units + 1, sizeof(*sources));
	struct engine_catalogue *newest = &e->catalogues[e->n_catalogues - 1];

	if (!sources) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		struct unit *u = e->units[i];
		struct engine_catalogue *c = engine_catalogue_at(e, u->catalogue);

		if (u->newest_index != ENGINE_NONE && !u->vanished) {
			sources[i].def = manifest_unit_at(newest->manifest, u->newest_index);
			sources[i].map = newest->map;
		} else if (c && u->def) {
			sources[i].def = u->def;
			sources[i].map = c->map;
		}
	}
	return draft_fits(&e->coming, sources, e->graph.n_units)
		       ? graph_take(&e->graph, &e->coming.draft, sources)
		       : graph_rebuild(&e->graph, sources);
}

void engine_link_instance(struct engine *e, const struct unit *u)
{
	const struct engine_catalogue *c =
		e->n_catalogues ? &e->catalogues[e->n_catalogues - 1] : NULL;
	struct graph_source source;

	if (!c || !u->instance || u->newest_index == ENGINE_NONE || u->index < e->graph.n_offsets) {
		return;
	}
	source = (struct graph_source) { manifest_unit_at(c->manifest, u->newest_index), c->map };
	if (graph_add(&e->graph, u->index, &source) < 0) {
		e->error = -ENOMEM;
	}
}

static void reloaded(struct engine *e, usec_t now)
{
	struct service_event event = { .type = EV_RELOADED };

	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		struct unit *u = e->units[i];

		if (u->service.stale_waiting) {
			/* What was stale is the plan: the new one is meant. */
			if (u->newest_index != ENGINE_NONE && u->load_state == LOAD_LOADED) {
				set_def(e, u, &e->catalogues[e->n_catalogues - 1], u->newest_index);
			}
			engine_reloaded(e, u, &event, now);
		}
		if (u->job && u->load_state != LOAD_LOADED && u->job->type != JOB_STOP) {
			engine_finish(e, u, JOB_CANCELED, now);
		}
	}
}

int engine_load_begin(struct engine *e, const struct manifest *manifest, uint32_t catalogue)
{
	struct engine_catalogue *c = &e->coming.catalogue;

	if (e->n_catalogues > LIMIT_CATALOGUES) {
		return -E2BIG;
	}
	*c = (struct engine_catalogue) { .number = catalogue, .manifest = manifest };
	c->map = calloc((size_t)manifest->units.n + 1, sizeof(*c->map));
	return c->map ? 0 : (e->error = -ENOMEM);
}

/* All at once, so that nobody ever sees a part of it. */
static int switch_over(struct engine *e, usec_t now)
{
	struct engine_catalogue *c = &e->catalogues[e->n_catalogues++];

	*c = e->coming.catalogue;
	e->coming.catalogue.map = NULL;
	set_newest(e, c);
	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		engine_refresh(e, e->units[i]);
	}
	drop_unused(e);
	if (rebuild(e) < 0) {
		return e->error = -ENOMEM;
	}
	engine_coming_fini(&e->coming);
	reloaded(e, now);
	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		engine_realize(e, e->units[i]);
	}
	return engine_settle(e, now);
}

int engine_load_some(struct engine *e, uint32_t max, usec_t now)
{
	struct engine_coming *coming = &e->coming;
	int r;

	if (coming->n_mapped < coming->catalogue.manifest->units.n) {
		r = map_some(e, max);
	} else if (!coming->sources) {
		r = begin_draft(e);
	} else if (coming->draft.stage != DRAFT_DONE) {
		r = graph_draft_some(&coming->draft, max);
	} else {
		return switch_over(e, now);
	}
	return r < 0 ? (e->error = -ENOMEM) : 1;
}

int engine_load(struct engine *e, const struct manifest *manifest, uint32_t catalogue, usec_t now)
{
	int r = engine_load_begin(e, manifest, catalogue);

	if (r == 0) {
		do {
			r = engine_load_some(e, UINT32_MAX, now);
		} while (r > 0);
	}
	return r;
}

int engine_load_failed(struct engine *e, usec_t now)
{
	struct service_event event = { .type = EV_RELOADED };

	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		struct unit *u = e->units[i];

		if (u->service.stale_waiting) {
			engine_reloaded(e, u, &event, now);
		}
	}
	return engine_settle(e, now);
}
