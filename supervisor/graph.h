// SPDX-License-Identifier: MIT
/*
 * Units by index, their names and their dependencies in both directions. A unit keeps its index
 * for the life of the graph, also over reloads; the edges are made anew by each graph_rebuild().
 * Owns names and edges; definitions are borrowed from manifests.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../runtime/plan/manifest.h"

#define GRAPH_NONE UINT32_MAX

/* Relations: each dep_kind and its inverse. */
enum graph_rel {
	REL_REQUIRES,
	REL_REQUIRED_BY,
	REL_REQUISITE,
	REL_REQUISITE_OF,
	REL_WANTS,
	REL_WANTED_BY,
	REL_BINDS_TO,
	REL_BOUND_BY,
	REL_PART_OF,
	REL_CONSISTS_OF,
	REL_UPHOLDS,
	REL_UPHELD_BY,
	REL_CONFLICTS,
	REL_CONFLICTED_BY,
	REL_BEFORE,
	REL_AFTER,
	REL_ON_FAILURE,
	REL_ON_FAILURE_OF,
	REL_ON_SUCCESS,
	REL_ON_SUCCESS_OF,
	REL_ON_RESTART,
	REL_ON_RESTART_OF,
	REL_TRIGGERS,
	REL_TRIGGERED_BY,
	REL_PROPAGATES_RELOAD_TO,
	REL_RELOAD_PROPAGATED_FROM,
	REL_PROPAGATES_STOP_TO,
	REL_STOP_PROPAGATED_FROM,
	REL_JOINS_NAMESPACE_OF,
	REL_COUNT,
};
/* "Requires", "RequiredBy" …: systemd's property names. */
ENUM_DECLARE(graph_rel, enum graph_rel);

struct graph_edge {
	uint32_t unit;
	uint16_t rel;
	uint16_t implicit;
};

struct graph_name {
	const char *name;
	uint32_t unit;
};

struct graph {
	uint32_t n_units;
	uint32_t cap_units;
	char **names;             /* [n_units], owned */
	uint32_t *offsets;        /* [n_units + 1] into edges */
	uint32_t n_offsets;       /* units the edges were made for */
	struct graph_edge *edges; /* by unit, rel, other unit; no doubles */
	uint32_t n_edges;
	struct graph_name *table; /* names and aliases, open addressing, power of two */
	uint32_t table_size;
	uint32_t table_used;
	char **aliases; /* owned */
	uint32_t n_aliases;
	struct graph_retired *retired; /* edges that somebody may still be walking along */
};

void graph_init(struct graph *g);
void graph_fini(struct graph *g);

/* A source of edges: the definition that a unit has now, with its manifest's index mapping. */
struct graph_source {
	const struct manifest_unit *def; /* NULL: no edges */
	const uint32_t *map;             /* manifest index -> graph index */
};

/* Index of that name, added when it is new. -ENOMEM. */
int64_t graph_intern(struct graph *g, const char *name);
/* Makes aliases and edges anew; sources[n_units]. -ENOMEM. */
int graph_rebuild(struct graph *g, const struct graph_source *sources);

enum graph_draft_stage {
	DRAFT_COUNT,
	DRAFT_PLACE,
	DRAFT_SORT,
	DRAFT_DONE,
};

/* Edges that are made beside those that count. */
struct graph_draft {
	const struct graph_source *sources; /* borrowed */
	uint32_t n_units;
	enum graph_draft_stage stage;
	uint32_t next; /* unit that the stage goes on with */
	uint32_t *starts;
	uint32_t *ends;
	uint64_t *keys;
	struct graph_edge *edges;
	uint32_t n_edges;
};

/* sources[n_units] stay where and as they are. -ENOMEM; graph_draft_fini() always. */
int graph_draft_begin(struct graph_draft *d, const struct graph_source *sources, uint32_t n_units);
/* Up to max units of one stage. 1: there is more to do; 0: graph_take() can have it; -ENOMEM. */
int graph_draft_some(struct graph_draft *d, uint32_t max);
void graph_draft_fini(struct graph_draft *d);
/* As graph_rebuild() with edges that are done; sources[n_units of the graph] for the aliases. */
int graph_take(struct graph *g, struct graph_draft *d, const struct graph_source *sources);
/*
 * The edges of one more unit, which graph_rebuild() has not seen. Linear in all edges, by one copy.
 * What graph_edges() has given out stays readable until graph_settle(). -ENOMEM.
 */
int graph_add(struct graph *g, uint32_t unit, const struct graph_source *source);
/* Nobody walks along edges any more. */
void graph_settle(struct graph *g);
/* Index by name or alias, GRAPH_NONE. */
uint32_t graph_find(const struct graph *g, const char *name);
/* By its own name alone: an alias may have become a unit. */
uint32_t graph_find_unit(const struct graph *g, const char *name);
/* The edges of one relation, in order of unit index; *ret_n may be 0. */
const struct graph_edge *graph_edges(
	const struct graph *g, uint32_t unit, enum graph_rel rel, uint32_t *ret_n);
bool graph_has(const struct graph *g, uint32_t from, enum graph_rel rel, uint32_t to);
