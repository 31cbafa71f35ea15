// SPDX-License-Identifier: MIT
#include "ordercycle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/plan/catalogue.h"

#define CYCLE_TEXT 380 /* of the names in the line about a circle */

/* One unit waits for another: `waits` has, or `other` wrote, the line of dep. */
struct edge {
	uint32_t waits, other;
	const struct unit_dep *dep;
	uint32_t owner; /* whose line it is */
};

struct search {
	const struct unit_set *set;
	struct diagnostics *d;
	bool *pulled; /* part of the start */
	bool *told;   /* is in a circle that was reported */
	uint32_t *queue;
	struct edge *edges; /* sorted by waits, then other */
	size_t n_edges;
	uint32_t *first;        /* of a unit's edges; n + 1 of them */
	const struct edge **by; /* how the walk came to a unit */
};

static bool pulls_in(enum dep_kind kind)
{
	return kind == DEP_REQUIRES || kind == DEP_REQUISITE || kind == DEP_WANTS ||
	       kind == DEP_BINDS_TO || kind == DEP_UPHOLDS;
}

static void pull(struct search *s, const char *const *from)
{
	size_t n = 0;

	for (size_t i = 0; from[i]; i++) {
		uint32_t unit = unit_set_index(s->set, from[i]);

		if (unit != CATALOGUE_NONE && !s->pulled[unit]) {
			s->pulled[unit] = true;
			s->queue[n++] = unit;
		}
	}
	for (size_t at = 0; at < n; at++) {
		const struct unit *u = s->set->units[s->queue[at]];
		const struct unit_dep *deps = u->deps.items;

		for (size_t k = 0; k < u->deps.n; k++) {
			if (pulls_in(deps[k].kind) && deps[k].unit != CATALOGUE_NONE &&
				!s->pulled[deps[k].unit]) {
				s->pulled[deps[k].unit] = true;
				s->queue[n++] = deps[k].unit;
			}
		}
	}
}

static int compare_edges(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->waits != y->waits) {
		return x->waits < y->waits ? -1 : 1;
	}
	if (x->other != y->other) {
		return x->other < y->other ? -1 : 1;
	}
	return (int)x->dep->implicit - (int)y->dep->implicit;
}

static void add_edges_of(struct search *s, uint32_t self)
{
	const struct unit *u = s->set->units[self];
	const struct unit_dep *deps = u->deps.items;

	for (size_t k = 0; k < u->deps.n; k++) {
		bool after = deps[k].kind == DEP_AFTER;

		if ((!after && deps[k].kind != DEP_BEFORE) || deps[k].unit == CATALOGUE_NONE ||
			!s->pulled[deps[k].unit]) {
			continue;
		}
		s->edges[s->n_edges++] = (struct edge) { after ? self : deps[k].unit,
			after ? deps[k].unit : self, &deps[k], self };
	}
}

/* The edges of all units that are pulled in, so that a unit's own lie together. */
static int collect_edges(struct search *s, struct arena *arena)
{
	size_t most = 1;

	for (uint32_t i = 0; i < s->set->n; i++) {
		most += s->pulled[i] ? s->set->units[i]->deps.n : 0;
	}
	s->edges = arena_alloc_array(arena, most, sizeof(*s->edges));
	if (!s->edges) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < s->set->n; i++) {
		if (s->pulled[i]) {
			add_edges_of(s, i);
		}
	}
	if (s->n_edges > 1) {
		qsort(s->edges, s->n_edges, sizeof(*s->edges), compare_edges);
	}
	s->first[s->set->n] = (uint32_t)s->n_edges;
	for (size_t i = s->n_edges; i > 0; i--) {
		s->first[s->edges[i - 1].waits] = (uint32_t)(i - 1);
	}
	for (uint32_t i = (uint32_t)s->set->n; i > 0; i--) {
		bool none = s->first[i - 1] == CATALOGUE_NONE;

		s->first[i - 1] = none ? s->first[i] : s->first[i - 1];
	}
	return 0;
}

/* Who waits for nobody, or only for such units, is on no circle: `pulled` is left for the others.
 */
static int peel(struct search *s, struct arena *arena)
{
	uint32_t *waits = arena_alloc_array(arena, s->set->n + 1, sizeof(*waits));
	struct edge *back = arena_alloc_array(arena, s->n_edges + 1, sizeof(*back));
	uint32_t *start = arena_alloc_array(arena, s->set->n + 2, sizeof(*start));
	size_t n = 0;

	if (!waits || !back || !start) {
		return -ENOMEM;
	}
	/* start[x + 1] is where the edges to x are filled in, and in the end where they end. */
	for (size_t i = 0; i < s->n_edges; i++) {
		waits[s->edges[i].waits]++;
		start[s->edges[i].other + 1]++;
	}
	for (size_t i = 0, sum = 0; i <= s->set->n; i++) {
		size_t count = start[i + 1];

		start[i + 1] = (uint32_t)sum;
		sum += count;
	}
	for (size_t i = 0; i < s->n_edges; i++) {
		back[start[s->edges[i].other + 1]++] = s->edges[i];
	}
	for (uint32_t i = 0; i < s->set->n; i++) {
		if (s->pulled[i] && !waits[i]) {
			s->queue[n++] = i;
		}
	}
	for (size_t at = 0; at < n; at++) {
		uint32_t done = s->queue[at];

		s->pulled[done] = false;
		for (uint32_t k = start[done]; k < start[done + 1]; k++) {
			if (--waits[back[k].waits] == 0) {
				s->queue[n++] = back[k].waits;
			}
		}
	}
	return 0;
}

/* Walks from a unit to itself, breadth first: by[self] is the last edge. False: no way. */
static bool find_way(struct search *s, uint32_t self)
{
	size_t n = 0;

	memset(s->by, 0, s->set->n * sizeof(const struct edge *));
	s->queue[n++] = self;
	for (size_t at = 0; at < n && !s->by[self]; at++) {
		uint32_t unit = s->queue[at];

		for (uint32_t k = s->first[unit]; k < s->first[unit + 1]; k++) {
			const struct edge *e = &s->edges[k];

			if (s->pulled[e->other] && !s->by[e->other]) {
				s->by[e->other] = e;
				s->queue[n++] = e->other;
			}
		}
	}
	return s->by[self];
}

static bool has_basename(const char *path, const char *name, size_t n)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *base = slash ? slash + 1 : path;

	return base && strlen(base) == n && strncmp(base, name, n) == 0;
}

/* The file of an origin's "FILE:LINE": the unit's own or one of its drop-ins. */
static struct diag_place place_of(const struct unit *u, const struct unit_dep *dep)
{
	const char *colon = strrchr(dep->origin, ':');
	const char *const *paths = u->dropin_paths.items;
	struct diag_place place = { .file = u->fragment_path, .unit = u->name };
	size_t n = colon ? (size_t)(colon - dep->origin) : 0;

	if (dep->implicit || !colon) {
		return place;
	}
	place.line = (uint32_t)strtoul(colon + 1, NULL, 10);
	for (size_t i = 0; i < u->dropin_paths.n; i++) {
		if (!has_basename(u->fragment_path, dep->origin, n) &&
			has_basename(paths[i], dep->origin, n)) {
			place.file = paths[i];
		}
	}
	return place;
}

static void tell_edge(struct search *s, const struct edge *e)
{
	const struct unit *owner = s->set->units[e->owner];
	const char *waits = s->set->units[e->waits]->name, *other = s->set->units[e->other]->name;
	struct diag_place place = place_of(owner, e->dep);

	diag_add(s->d, &place, SEVERITY_NOTE, "%s waits for %s: %s has %s=%s%s", waits, other,
		owner->name, dep_kind_to_string(e->dep->kind), e->dep->name,
		e->dep->implicit ? " by default (see DefaultDependencies=)" : "");
}

/* The edges from self around to self, in order, and the units as text. */
static size_t read_way(struct search *s, uint32_t self, const struct edge **ret)
{
	size_t n = 0;

	for (uint32_t unit = self; n == 0 || unit != self; unit = s->by[unit]->waits) {
		s->told[unit] = true;
		ret[n++] = s->by[unit];
	}
	for (size_t i = 0; i < n / 2; i++) {
		const struct edge *e = ret[i];

		ret[i] = ret[n - 1 - i];
		ret[n - 1 - i] = e;
	}
	return n;
}

static void tell(struct search *s, uint32_t self, const struct edge **way)
{
	size_t n = read_way(s, self, way), at = 0;
	struct diag_place place;
	char text[400];

	text[0] = '\0';
	for (size_t i = 0; i < n && at < sizeof(text); i++) {
		at += (size_t)snprintf(
			text + at, sizeof(text) - at, "%s -> ", s->set->units[way[i]->waits]->name);
	}
	place = place_of(s->set->units[way[0]->owner], way[0]->dep);
	diag_add(s->d, &place, SEVERITY_ERROR, "ordering cycle: %.*s%s%s (each waits for the next)",
		CYCLE_TEXT, text, at <= CYCLE_TEXT ? "" : "… -> ", s->set->units[self]->name);
	for (size_t i = 0; i < n; i++) {
		tell_edge(s, way[i]);
	}
}

int ordercycle_report(const struct unit_set *set, const char *const *from, struct arena *arena,
	struct diagnostics *d)
{
	struct search s = { .set = set, .d = d };
	const struct edge **way = arena_alloc_array(arena, set->n + 1, sizeof(*way));
	int r;

	s.pulled = arena_alloc_array(arena, set->n + 1, sizeof(*s.pulled));
	s.told = arena_alloc_array(arena, set->n + 1, sizeof(*s.told));
	s.queue = arena_alloc_array(arena, set->n + 1, sizeof(*s.queue));
	s.first = arena_alloc_array(arena, set->n + 1, sizeof(*s.first));
	s.by = arena_alloc_array(arena, set->n + 1, sizeof(const struct edge *));
	if (!way || !s.pulled || !s.told || !s.queue || !s.first || !s.by) {
		return -ENOMEM;
	}
	pull(&s, from);
	memset(s.first, 0xff, set->n * sizeof(*s.first));
	r = collect_edges(&s, arena);
	if (r < 0) {
		return r;
	}
	r = peel(&s, arena);
	for (uint32_t i = 0; r == 0 && i < set->n; i++) {
		if (s.pulled[i] && !s.told[i] && find_way(&s, i)) {
			tell(&s, i, way);
		}
	}
	return r;
}
