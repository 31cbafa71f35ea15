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
	graph_settle(g);
	free_strings(g->names, g->n_units);
	free_strings(g->aliases, g->n_aliases);
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

uint32_t graph_find_unit(const struct graph *g, const char *name)
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
	uint32_t unit = graph_find_unit(g, name);
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

/* An edge in the place of its unit, before they are sorted: relation, other unit, implicit. */
#define KEY(rel, unit, implicit) ((uint64_t)(rel) << 33 | (uint64_t)(unit) << 1 | (implicit))
#define KEY_REL(key)             ((uint16_t)((key) >> 33))
#define KEY_UNIT(key)            ((uint32_t)((key) >> 1))
#define KEY_IMPLICIT(key)        ((uint16_t)((key)&1))

/* Above it a unit's edges are sorted by qsort(). */
#define SHORT_LIST 24u

static int compare_keys(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void sort_keys(uint64_t *keys, uint32_t n)
{
	if (n > SHORT_LIST) {
		qsort(keys, n, sizeof(*keys), compare_keys);
		return;
	}
	for (uint32_t i = 1; i < n; i++) {
		uint64_t key = keys[i];
		uint32_t k = i;

		for (; k > 0 && keys[k - 1] > key; k--) {
			keys[k] = keys[k - 1];
		}
		keys[k] = key;
	}
}

/* How many edges each unit has at most: its own and their inverses. */
static void count_unit(struct graph_draft *d, uint32_t i)
{
	const struct graph_source *s = &d->sources[i];
	const struct manifest_dep *deps = s->def ? s->def->deps.items : NULL;

	for (uint32_t k = 0; deps && k < s->def->deps.n; k++) {
		d->starts[i]++;
		d->starts[s->map[deps[k].unit]]++;
	}
}

/* From numbers to places; room for all of them. */
static int make_room(struct graph_draft *d)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i <= d->n_units; i++) {
		uint32_t n = d->starts[i];

		d->starts[i] = d->ends[i] = (uint32_t)sum;
		sum += n;
	}
	if (sum > UINT32_MAX) {
		return -ENOMEM;
	}
	d->keys = malloc((sum + 1) * sizeof(*d->keys));
	d->edges = malloc((sum + 1) * sizeof(*d->edges));
	return d->keys && d->edges ? 0 : -ENOMEM;
}

/* Puts each edge behind the others of its unit. */
static void place_unit(struct graph_draft *d, uint32_t i)
{
	const struct graph_source *s = &d->sources[i];
	const struct manifest_dep *deps = s->def ? s->def->deps.items : NULL;

	for (uint32_t k = 0; deps && k < s->def->deps.n; k++) {
		uint32_t to = s->map[deps[k].unit];
		bool implicit = deps[k].implicit;

		if (to != i) {
			d->keys[d->ends[i]++] = KEY(rels[deps[k].kind].rel, to, implicit);
			d->keys[d->ends[to]++] = KEY(rels[deps[k].kind].inverse, i, implicit);
		}
	}
}

/* Of doubles the one that was written, which sorts first. first: where the unit's edges begin. */
static void emit(struct graph_edge *edges, uint32_t first, uint32_t *n, uint64_t key)
{
	if (*n > first && edges[*n - 1].rel == KEY_REL(key) &&
		edges[*n - 1].unit == KEY_UNIT(key)) {
		return;
	}
	edges[(*n)++] = (struct graph_edge) {
		.unit = KEY_UNIT(key), .rel = KEY_REL(key), .implicit = KEY_IMPLICIT(key)
	};
}

/* A unit's edges in order. */
static void sort_unit(struct graph_draft *d, uint32_t i)
{
	uint64_t *keys = d->keys + d->starts[i];
	uint32_t n = d->ends[i] - d->starts[i];

	sort_keys(keys, n);
	d->starts[i] = d->n_edges;
	for (uint32_t k = 0; k < n; k++) {
		emit(d->edges, d->starts[i], &d->n_edges, keys[k]);
	}
}

int graph_draft_begin(struct graph_draft *d, const struct graph_source *sources, uint32_t n_units)
{
	*d = (struct graph_draft) { .sources = sources, .n_units = n_units };
	d->starts = calloc((size_t)n_units + 1, sizeof(*d->starts));
	d->ends = malloc(((size_t)n_units + 1) * sizeof(*d->ends));
	return d->starts && d->ends ? 0 : -ENOMEM;
}

int graph_draft_some(struct graph_draft *d, uint32_t max)
{
	static void (*const steps[DRAFT_DONE])(struct graph_draft *, uint32_t) = {
		[DRAFT_COUNT] = count_unit,
		[DRAFT_PLACE] = place_unit,
		[DRAFT_SORT] = sort_unit,
	};

	for (; d->next < d->n_units && max > 0; max--) {
		steps[d->stage](d, d->next++);
	}
	if (d->next < d->n_units) {
		return 1;
	}
	d->next = 0;
	d->stage++;
	if (d->stage == DRAFT_PLACE && make_room(d) < 0) {
		return -ENOMEM;
	}
	return d->stage < DRAFT_DONE;
}

void graph_draft_fini(struct graph_draft *d)
{
	free(d->starts);
	free(d->ends);
	free(d->keys);
	free(d->edges);
	*d = (struct graph_draft) { 0 };
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

int graph_take(struct graph *g, struct graph_draft *d, const struct graph_source *sources)
{
	if (g->table_size && rebuild_names(g, sources) < 0) {
		return -ENOMEM;
	}
	free(g->edges);
	free(g->offsets);
	g->edges = TAKE_PTR(d->edges);
	g->n_edges = d->n_edges;
	g->offsets = TAKE_PTR(d->starts);
	g->offsets[d->n_units] = d->n_edges;
	g->n_offsets = d->n_units;
	return 0;
}

int graph_rebuild(struct graph *g, const struct graph_source *sources)
{
	AUTO(graph_draft_fini) struct graph_draft d;
	int r = graph_draft_begin(&d, sources, g->n_units);

	if (r == 0) {
		do {
			r = graph_draft_some(&d, UINT32_MAX);
		} while (r > 0);
	}
	return r < 0 ? r : graph_take(g, &d, sources);
}

/* An edge that has no place yet. */
struct loose_edge {
	uint32_t from;
	uint64_t key;
};

static int compare_loose(const void *a, const void *b)
{
	const struct loose_edge *x = a, *y = b;

	return x->from != y->from ? (x->from < y->from ? -1 : 1) : compare_keys(&x->key, &y->key);
}

/* The dependencies of one unit, in both directions, sorted. */
static uint32_t collect(uint32_t unit, const struct graph_source *source, struct loose_edge *ret)
{
	const struct manifest_dep *d = source->def ? source->def->deps.items : NULL;
	uint32_t n = 0;

	for (uint32_t k = 0; d && k < source->def->deps.n; k++) {
		uint32_t to = source->map[d[k].unit];
		bool implicit = d[k].implicit;

		if (to != unit) {
			ret[n++] = (struct loose_edge) { unit,
				KEY(rels[d[k].kind].rel, to, implicit) };
			ret[n++] = (struct loose_edge) { to,
				KEY(rels[d[k].kind].inverse, unit, implicit) };
		}
	}
	qsort(ret, n, sizeof(*ret), compare_loose);
	return n;
}

/* All edges that are there with the loose ones; both are sorted. Returns how many. */
static uint32_t merge(const struct graph *g, const struct loose_edge *loose, uint32_t n,
	struct graph_edge *edges, uint32_t *offsets)
{
	uint32_t at = 0, k = 0;

	for (uint32_t unit = 0; unit < g->n_units; unit++) {
		bool known = unit < g->n_offsets;
		uint32_t i = known ? g->offsets[unit] : 0, end = known ? g->offsets[unit + 1] : 0;

		offsets[unit] = at;
		while (i < end || (k < n && loose[k].from == unit)) {
			const struct graph_edge *x = i < end ? &g->edges[i] : NULL;
			uint64_t old = x ? KEY(x->rel, x->unit, x->implicit) : UINT64_MAX;
			bool own = k < n && loose[k].from == unit && loose[k].key < old;

			emit(edges, offsets[unit], &at, own ? loose[k].key : old);
			k += own;
			i += !own;
		}
	}
	offsets[g->n_units] = at;
	return at;
}

int graph_add(struct graph *g, uint32_t unit, const struct graph_source *source)
{
	size_t n = source->def ? (size_t)source->def->deps.n * 2 : 0;
	AUTO_FREE struct loose_edge *loose = malloc((n + 1) * sizeof(*loose));
	AUTO_FREE struct graph_edge *edges = malloc((g->n_edges + n + 1) * sizeof(*edges));
	AUTO_FREE uint32_t *offsets = malloc(((size_t)g->n_units + 1) * sizeof(*offsets));
	struct graph_retired *retired = malloc(sizeof(*retired));

	if (!loose || !edges || !offsets || !retired) {
		free(retired);
		return -ENOMEM;
	}
	*retired = (struct graph_retired) { g->retired, g->edges };
	g->retired = retired;
	g->n_edges = merge(g, loose, collect(unit, source, loose), edges, offsets);
	free(g->offsets);
	g->edges = TAKE_PTR(edges);
	g->offsets = TAKE_PTR(offsets);
	g->n_offsets = g->n_units;
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
