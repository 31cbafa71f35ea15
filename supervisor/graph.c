// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "graph.h"

static const char *const graph_rel_table[] = {
	[REL_REQUIRES] = "Requires",
	[REL_REQUIRED_BY] = "RequiredBy",
	[REL_REQUISITE] = "Requisite",
	[REL_REQUISITE_OF] = "RequisiteOf",
	[REL_WANTS] = "Wants",
	[REL_WANTED_BY] = "WantedBy",
	[REL_BINDS_TO] = "BindsTo",
	[REL_BOUND_BY] = "BoundBy",
	[REL_PART_OF] = "PartOf",
	[REL_CONSISTS_OF] = "ConsistsOf",
	[REL_UPHOLDS] = "Upholds",
	[REL_UPHELD_BY] = "UpheldBy",
	[REL_CONFLICTS] = "Conflicts",
	[REL_CONFLICTED_BY] = "ConflictedBy",
	[REL_BEFORE] = "Before",
	[REL_AFTER] = "After",
	[REL_ON_FAILURE] = "OnFailure",
	[REL_ON_FAILURE_OF] = "OnFailureOf",
	[REL_ON_SUCCESS] = "OnSuccess",
	[REL_ON_SUCCESS_OF] = "OnSuccessOf",
	[REL_ON_RESTART] = "OnRestart",
	[REL_ON_RESTART_OF] = "OnRestartOf",
	[REL_TRIGGERS] = "Triggers",
	[REL_TRIGGERED_BY] = "TriggeredBy",
	[REL_PROPAGATES_RELOAD_TO] = "PropagatesReloadTo",
	[REL_RELOAD_PROPAGATED_FROM] = "ReloadPropagatedFrom",
	[REL_PROPAGATES_STOP_TO] = "PropagatesStopTo",
	[REL_STOP_PROPAGATED_FROM] = "StopPropagatedFrom",
	[REL_JOINS_NAMESPACE_OF] = "JoinsNamespaceOf",
};
ENUM_TABLE(graph_rel, enum graph_rel, REL_COUNT)

static const struct {
	uint16_t rel;
	uint16_t inverse;
} rels[DEP_KIND_COUNT] = {
	[DEP_REQUIRES] = { REL_REQUIRES, REL_REQUIRED_BY },
	[DEP_REQUISITE] = { REL_REQUISITE, REL_REQUISITE_OF },
	[DEP_WANTS] = { REL_WANTS, REL_WANTED_BY },
	[DEP_BINDS_TO] = { REL_BINDS_TO, REL_BOUND_BY },
	[DEP_PART_OF] = { REL_PART_OF, REL_CONSISTS_OF },
	[DEP_UPHOLDS] = { REL_UPHOLDS, REL_UPHELD_BY },
	[DEP_CONFLICTS] = { REL_CONFLICTS, REL_CONFLICTED_BY },
	[DEP_BEFORE] = { REL_BEFORE, REL_AFTER },
	[DEP_AFTER] = { REL_AFTER, REL_BEFORE },
	[DEP_ON_FAILURE] = { REL_ON_FAILURE, REL_ON_FAILURE_OF },
	[DEP_ON_SUCCESS] = { REL_ON_SUCCESS, REL_ON_SUCCESS_OF },
	[DEP_ON_RESTART] = { REL_ON_RESTART, REL_ON_RESTART_OF },
	[DEP_TRIGGERS] = { REL_TRIGGERS, REL_TRIGGERED_BY },
	[DEP_PROPAGATES_RELOAD_TO] = { REL_PROPAGATES_RELOAD_TO, REL_RELOAD_PROPAGATED_FROM },
	[DEP_RELOAD_PROPAGATED_FROM] = { REL_RELOAD_PROPAGATED_FROM, REL_PROPAGATES_RELOAD_TO },
	[DEP_PROPAGATES_STOP_TO] = { REL_PROPAGATES_STOP_TO, REL_STOP_PROPAGATED_FROM },
	[DEP_STOP_PROPAGATED_FROM] = { REL_STOP_PROPAGATED_FROM, REL_PROPAGATES_STOP_TO },
	[DEP_JOINS_NAMESPACE_OF] = { REL_JOINS_NAMESPACE_OF, REL_JOINS_NAMESPACE_OF },
};

void graph_init(struct graph *g)
{
	memset(g, 0, sizeof(*g));
}

static void free_strings(char **items, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		free(items[i]);
	}
	free(items);
}

struct graph_retired {
	struct graph_retired *next;
	struct graph_edge *edges;
};

void graph_settle(struct graph *g)
{
	while (g->retired) {
		AUTO_FREE struct graph_retired *r = g->retired;

		g->retired = r->next;
		free(r->edges);
	}
}

void graph_fini(struct graph *g)
{
	free_strings(g->names, g->n_units);
	free_strings(g->aliases, g->n_aliases);
	graph_settle(g);
	free(g->offsets);
	free(g->edges);
	free(g->table);
	graph_init(g);
}

static uint32_t hash_name(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++) {
		h = (h ^ (uint8_t)*name) * 16777619u;
	}
	return h ^ h >> 15;
}

static struct graph_name *table_slot(struct graph_name *table, uint32_t size, const char *name)
{
	uint32_t i = hash_name(name) & (size - 1);

	while (table[i].name && strcmp(table[i].name, name) != 0) {
		i = (i + 1) & (size - 1);
	}
	return &table[i];
}

static int table_grow(struct graph *g)
{
	uint32_t size = g->table_size ? g->table_size * 2 : 64;
	struct graph_name *table;

	if (g->table_size && (g->table_used + 1) * 4 < g->table_size * 3) {
		return 0;
	}
	table = calloc(size, sizeof(*table));
	if (!table) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < g->table_size; i++) {
		if (g->table[i].name) {
			*table_slot(table, size, g->table[i].name) = g->table[i];
		}
	}
	free(g->table);
	g->table = table;
	g->table_size = size;
	return 0;
}

static int table_add(struct graph *g, const char *name, uint32_t unit)
{
	struct graph_name *slot;

	if (table_grow(g) < 0) {
		return -ENOMEM;
	}
	slot = table_slot(g->table, g->table_size, name);
	if (!slot->name) {
		*slot = (struct graph_name) { name, unit };
		g->table_used++;
	}
	return 0;
}

uint32_t graph_find(const struct graph *g, const char *name)
{
	const struct graph_name *slot;

	if (!g->table_size) {
		return GRAPH_NONE;
	}
	slot = table_slot(g->table, g->table_size, name);
	return slot->name ? slot->unit : GRAPH_NONE;
}

/* Only real names count here: an alias may have become a unit of its own. */
static uint32_t find_real(const struct graph *g, const char *name)
{
	uint32_t unit = graph_find(g, name);

	return unit != GRAPH_NONE && (!g->n_aliases || strcmp(g->names[unit], name) == 0)
		       ? unit
		       : GRAPH_NONE;
}

static int grow_names(struct graph *g)
{
	uint32_t cap = g->cap_units ? g->cap_units * 2 : 64;
	char **names;

	if (g->n_units < g->cap_units) {
		return 0;
	}
	names = realloc(g->names, cap * sizeof(*names));
	if (!names) {
		return -ENOMEM;
	}
	g->names = names;
	g->cap_units = cap;
	return 0;
}

int64_t graph_intern(struct graph *g, const char *name)
{
	AUTO_FREE char *copy = NULL;
	uint32_t unit = find_real(g, name);
	struct graph_name *slot;

	if (unit != GRAPH_NONE) {
		return unit;
	}
	copy = strdup(name);
	if (!copy || grow_names(g) < 0 || table_grow(g) < 0) {
		return -ENOMEM;
	}
	slot = table_slot(g->table, g->table_size, name);
	g->table_used += slot->name == NULL;
	*slot = (struct graph_name) { copy, g->n_units };
	g->names[g->n_units] = TAKE_PTR(copy);
	return g->n_units++;
}

static int compare_edges(const void *a, const void *b)
{
	const uint32_t *x = a;
	const uint32_t *y = b;

	for (int i = 0; i < 3; i++) {
		if (x[i] != y[i]) {
			return x[i] < y[i] ? -1 : 1;
		}
	}
	return 0;
}

/* An edge while it is collected: from, rel, to, implicit. */
struct raw_edge {
	uint32_t v[4];
};

/* For sorting by a column whose values are below n. */
struct column_counts {
	size_t *at; /* [n + 1] */
	size_t n;
};

static size_t count_deps(const struct graph *g, const struct graph_source *sources)
{
	size_t n = 0;

	for (uint32_t i = 0; i < g->n_units; i++) {
		n += sources[i].def ? sources[i].def->deps.n : 0;
	}
	return n;
}

/* The dependencies of one unit, in both directions. */
static size_t collect_one(uint32_t unit, const struct graph_source *source, struct raw_edge *raw)
{
	const struct manifest_dep *d = source->def ? source->def->deps.items : NULL;
	size_t n = 0;

	for (uint32_t k = 0; d && k < source->def->deps.n; k++) {
		uint32_t to = source->map[d[k].unit];

		if (to == unit) {
			continue;
		}
		raw[n++] = (struct raw_edge) { { unit, rels[d[k].kind].rel, to, d[k].implicit } };
		raw[n++] =
			(struct raw_edge) { { to, rels[d[k].kind].inverse, unit, d[k].implicit } };
	}
	return n;
}

static size_t collect(
	const struct graph *g, const struct graph_source *sources, struct raw_edge *raw)
{
	size_t n = 0;

	for (uint32_t i = 0; i < g->n_units; i++) {
		n += collect_one(i, &sources[i], raw + n);
	}
	return n;
}

static void fill(struct graph *g, const struct raw_edge *raw, size_t n)
{
	uint32_t at = 0;
	uint32_t unit = 0;

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && compare_edges(&raw[i], &raw[i - 1]) == 0) {
			g->edges[at - 1].implicit &= (uint16_t)raw[i].v[3];
			continue;
		}
		while (unit <= raw[i].v[0]) {
			g->offsets[unit++] = at;
		}
		g->edges[at++] = (struct graph_edge) { .unit = raw[i].v[2],
			.rel = (uint16_t)raw[i].v[1],
			.implicit = (uint16_t)raw[i].v[3] };
	}
	while (unit <= g->n_units) {
		g->offsets[unit++] = at;
	}
	g->n_offsets = g->n_units;
	g->n_edges = at;
}

/* The table with the units' names alone; without aliases it has no others. */
static int drop_aliases(struct graph *g)
{
	if (!g->n_aliases) {
		return 0;
	}
	memset(g->table, 0, g->table_size * sizeof(*g->table));
	g->table_used = 0;
	for (uint32_t i = 0; i < g->n_units; i++) {
		if (table_add(g, g->names[i], i) < 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

/* The table anew: names first, aliases where no unit has the name. */
static int rebuild_names(struct graph *g, const struct graph_source *sources)
{
	uint32_t n = 0;

	if (drop_aliases(g) < 0) {
		return -ENOMEM;
	}
	free_strings(g->aliases, g->n_aliases);
	g->aliases = NULL;
	g->n_aliases = 0;
	for (uint32_t i = 0; i < g->n_units; i++) {
		n += sources[i].def ? sources[i].def->aliases.n : 0;
	}
	g->aliases = calloc(n + 1, sizeof(*g->aliases));
	if (!g->aliases) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < g->n_units; i++) {
		for (uint32_t k = 0; sources[i].def && k < sources[i].def->aliases.n; k++) {
			char *alias = strdup(sources[i].def->aliases.items[k]);

			if (!alias) {
				return -ENOMEM;
			}
			g->aliases[g->n_aliases++] = alias;
			if (table_add(g, alias, i) < 0) {
				return -ENOMEM;
			}
		}
	}
	return 0;
}

/* Sorts by one column, keeping the order of equals; counts has a place for each value and one. */
static void sort_by(const struct raw_edge *from, struct raw_edge *to, size_t n, int column,
	struct column_counts *counts)
{
	memset(counts->at, 0, (counts->n + 1) * sizeof(*counts->at));
	for (size_t i = 0; i < n; i++) {
		counts->at[from[i].v[column] + 1]++;
	}
	for (size_t i = 1; i <= counts->n; i++) {
		counts->at[i] += counts->at[i - 1];
	}
	for (size_t i = 0; i < n; i++) {
		to[counts->at[from[i].v[column]]++] = from[i];
	}
}

/* By unit, relation, other unit, in linear time. The sorted edges are in *raw. */
static int sort_edges(const struct graph *g, struct raw_edge **raw, size_t n)
{
	struct column_counts counts = {
		.n = g->n_units > REL_COUNT ? g->n_units : REL_COUNT,
	};
	AUTO_FREE struct raw_edge *other = malloc((n + 1) * sizeof(*other));
	AUTO_FREE size_t *at = calloc(counts.n + 1, sizeof(*at));
	struct raw_edge *swap;

	if (!other || !at) {
		return -ENOMEM;
	}
	counts.at = at;
	sort_by(*raw, other, n, 2, &counts);
	sort_by(other, *raw, n, 1, &counts);
	sort_by(*raw, other, n, 0, &counts);
	swap = *raw;
	*raw = other;
	other = swap;
	return 0;
}

int graph_rebuild(struct graph *g, const struct graph_source *sources)
{
	size_t n = count_deps(g, sources) * 2;
	AUTO_FREE struct raw_edge *raw = calloc(n + 1, sizeof(*raw));
	AUTO_FREE struct graph_edge *edges = calloc(n + 1, sizeof(*edges));
	AUTO_FREE uint32_t *offsets = calloc((size_t)g->n_units + 1, sizeof(*offsets));

	if (!raw || !edges || !offsets) {
		return -ENOMEM;
	}
	if (g->table_size && rebuild_names(g, sources) < 0) {
		return -ENOMEM;
	}
	n = collect(g, sources, raw);
	if (sort_edges(g, &raw, n) < 0) {
		return -ENOMEM;
	}
	free(g->edges);
	free(g->offsets);
	g->edges = TAKE_PTR(edges);
	g->offsets = TAKE_PTR(offsets);
	fill(g, raw, n);
	return 0;
}

/* All edges that are there, as they are sorted, with the new ones; *raw is sorted too. */
static size_t merge(
	const struct graph *g, const struct raw_edge *raw, size_t n, struct raw_edge *ret)
{
	size_t at = 0, k = 0;

	for (uint32_t unit = 0; unit < g->n_offsets; unit++) {
		for (uint32_t i = g->offsets[unit]; i < g->offsets[unit + 1]; i++) {
			const struct graph_edge *x = &g->edges[i];
			struct raw_edge old = { { unit, x->rel, x->unit, x->implicit } };

			while (k < n && compare_edges(&raw[k], &old) < 0) {
				ret[at++] = raw[k++];
			}
			ret[at++] = old;
		}
	}
	memcpy(ret + at, raw + k, (n - k) * sizeof(*raw));
	return at + n - k;
}

int graph_add(struct graph *g, uint32_t unit, const struct graph_source *source)
{
	size_t n = source->def ? (size_t)source->def->deps.n * 2 : 0;
	size_t all = g->n_edges + n;
	AUTO_FREE struct raw_edge *raw = calloc(n + 1, sizeof(*raw));
	AUTO_FREE struct raw_edge *merged = calloc(all + 1, sizeof(*merged));
	AUTO_FREE struct graph_edge *edges = calloc(all + 1, sizeof(*edges));
	AUTO_FREE uint32_t *offsets = calloc((size_t)g->n_units + 1, sizeof(*offsets));
	struct graph_retired *retired = malloc(sizeof(*retired));

	if (!raw || !merged || !edges || !offsets || !retired) {
		free(retired);
		return -ENOMEM;
	}
	n = collect_one(unit, source, raw);
	qsort(raw, n, sizeof(*raw), compare_edges);
	n = merge(g, raw, n, merged);
	*retired = (struct graph_retired) { g->retired, g->edges };
	g->retired = retired;
	free(g->offsets);
	g->edges = TAKE_PTR(edges);
	g->offsets = TAKE_PTR(offsets);
	fill(g, merged, n);
	return 0;
}

static uint32_t first_at_least(const struct graph *g, uint32_t unit, uint32_t rel)
{
	uint32_t low = g->offsets[unit];
	uint32_t high = g->offsets[unit + 1];

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (g->edges[mid].rel < rel) {
			low = mid + 1;
		} else {
			high = mid;
		}
	}
	return low;
}

const struct graph_edge *graph_edges(
	const struct graph *g, uint32_t unit, enum graph_rel rel, uint32_t *ret_n)
{
	uint32_t first;

	*ret_n = 0;
	if (unit >= g->n_offsets) {
		return NULL;
	}
	first = first_at_least(g, unit, rel);
	*ret_n = first_at_least(g, unit, (uint32_t)rel + 1) - first;
	return g->edges + first;
}

bool graph_has(const struct graph *g, uint32_t from, enum graph_rel rel, uint32_t to)
{
	uint32_t n;
	const struct graph_edge *e = graph_edges(g, from, rel, &n);

	for (uint32_t i = 0; i < n; i++) {
		if (e[i].unit == to) {
			return true;
		}
	}
	return false;
}
