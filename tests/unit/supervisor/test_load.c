// SPDX-License-Identifier: MIT
/* A catalogue that is taken in parts: what counts between them and after the last, and the edges.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../supervisor/engine.h"
#include "../../../supervisor/graph.h"
#include "../test.h"

#define N_MAX    6
#define DEPS_MAX 8

/* A manifest of targets "a.target", "b.target" …, of which some may be absent. */
struct book {
	struct manifest manifest;
	struct manifest_unit units[N_MAX];
	struct manifest_dep deps[N_MAX][DEPS_MAX];
};

static const char *const names[N_MAX] = { "a.target", "b.target", "c.target", "d.target",
	"e.target", "f.target" };

static struct engine *e;
static usec_t now = 100 * USEC_PER_SEC;

/* letters: the units that are there, in order. */
static void make(struct book *b, const char *letters)
{
	*b = (struct book) { .manifest = { .version = 1, .units = { b->units, 0 } } };
	for (; *letters; letters++) {
		b->units[b->manifest.units.n++] = (struct manifest_unit) {
			.name = names[*letters - 'a'],
			.type = UNIT_TARGET,
			.slice = CATALOGUE_NONE,
			.check_entry = CATALOGUE_NONE,
			.clean_entry = CATALOGUE_NONE,
			.realize_entry = CATALOGUE_NONE,
			.job_timeout_us = USEC_INFINITY,
			.job_running_timeout_us = USEC_INFINITY,
		};
	}
}

/* By index in the manifest. */
static void depend(struct book *b, uint32_t from, enum dep_kind kind, uint32_t to, bool implicit)
{
	struct manifest_unit *u = &b->units[from];

	b->deps[from][u->deps.n] =
		(struct manifest_dep) { .kind = kind, .unit = to, .implicit = implicit };
	u->deps = (struct tlv_array) { b->deps[from], u->deps.n + 1 };
}

static void drain(void)
{
	struct effect x;

	while (engine_next_effect(e, &x)) {
		free(x.text);
	}
}

static int ask(const char *name, enum job_type type)
{
	struct engine_request q = { .type = type, .mode = JOB_MODE_REPLACE };
	struct engine_error error = { .code = ENGINE_OK };
	uint32_t job;

	q.unit = engine_find(e, name);
	if (q.unit == ENGINE_NONE) {
		return ENGINE_NO_SUCH_UNIT;
	}
	assert_true(engine_enqueue(e, &q, now, &job, &error) >= 0);
	drain();
	return (int)error.code;
}

static bool is_active(const char *name)
{
	uint32_t i = engine_find(e, name);

	return i != ENGINE_NONE && engine_unit(e, i)->active == ACTIVE_ACTIVE;
}

static void begin(const struct book *first)
{
	e = engine_new();
	assert_non_null(e);
	assert_int_equal(engine_load(e, &first->manifest, 1, now), 0);
	assert_int_equal(engine_listed(e, now), 0);
	drain();
}

/* Before each part the old catalogue counts, whichever part it is. */
static void test_old_until_the_last(void **state)
{
	struct book old, new;
	unsigned parts = 0;
	int r = 1;

	(void)state;
	make(&old, "ab");
	depend(&old, 1, DEP_WANTS, 0, false);
	make(&new, "abc");
	depend(&new, 2, DEP_WANTS, 1, false);
	begin(&old);
	assert_int_equal(engine_load_begin(e, &new.manifest, 2), 0);
	for (; r > 0; parts++) {
		assert_int_not_equal(ask("c.target", JOB_START), ENGINE_OK);
		assert_int_equal(ask("b.target", JOB_START), ENGINE_OK);
		assert_true(is_active("a.target"));
		assert_int_equal(engine_catalogue(e), 1);
		assert_int_equal(ask("a.target", JOB_STOP), ENGINE_OK);
		assert_int_equal(ask("b.target", JOB_STOP), ENGINE_OK);
		r = engine_load_some(e, 1, now);
		drain();
	}
	assert_int_equal(r, 0);
	assert_true(parts > 3);
	assert_int_equal(engine_catalogue(e), 2);
	assert_int_equal(ask("c.target", JOB_START), ENGINE_OK);
	assert_true(is_active("b.target"));
	assert_false(is_active("a.target"));
	engine_free(e);
}

/* Loads in parts of one unit; at part number `at` the unit is stopped. Does b still stop with a? */
static bool follows_after(int at)
{
	struct book old, new;
	bool follows;
	int r = 1;

	make(&old, "ab");
	depend(&old, 1, DEP_REQUIRES, 0, false);
	make(&new, "a");
	begin(&old);
	assert_int_equal(ask("b.target", JOB_START), ENGINE_OK);
	assert_int_equal(engine_load_begin(e, &new.manifest, 2), 0);
	for (int part = 0; r > 0; part++) {
		if (part == at) {
			assert_int_equal(ask("b.target", JOB_STOP), ENGINE_OK);
		}
		r = engine_load_some(e, 1, now);
		drain();
	}
	follows = is_active("b.target");
	assert_int_equal(ask("a.target", JOB_STOP), ENGINE_OK);
	assert_false(is_active("b.target"));
	engine_free(e);
	return follows;
}

/* A unit that the new catalogue lacks keeps its edges while it lives, and only as long. */
static void test_vanished(void **state)
{
	(void)state;
	assert_true(follows_after(-1));
	for (int at = 0; at < 4; at++) {
		assert_false(follows_after(at));
	}
}

/* ---- edges ---- */

static uint32_t random_below(uint64_t *seed, uint32_t n)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33) % n;
}

static const struct {
	enum dep_kind kind;
	enum graph_rel rel;
	enum graph_rel inverse;
} kinds[] = {
	{ DEP_REQUIRES, REL_REQUIRES, REL_REQUIRED_BY },
	{ DEP_WANTS, REL_WANTS, REL_WANTED_BY },
	{ DEP_AFTER, REL_AFTER, REL_BEFORE },
	{ DEP_BEFORE, REL_BEFORE, REL_AFTER },
	{ DEP_PROPAGATES_STOP_TO, REL_PROPAGATES_STOP_TO, REL_STOP_PROPAGATED_FROM },
	{ DEP_STOP_PROPAGATED_FROM, REL_STOP_PROPAGATED_FROM, REL_PROPAGATES_STOP_TO },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* -1: no such edge; else whether it is implied only. */
static int expected(const struct book *b, uint32_t from, enum graph_rel rel, uint32_t to)
{
	int found = -1;

	for (uint32_t i = 0; i < b->manifest.units.n; i++) {
		for (uint32_t k = 0; k < b->units[i].deps.n; k++) {
			const struct manifest_dep *d = &b->deps[i][k];
			uint32_t row = 0;

			while (kinds[row].kind != (enum dep_kind)d->kind) {
				row++;
			}
			if (i != d->unit &&
				((i == from && d->unit == to && kinds[row].rel == rel) ||
					(i == to && d->unit == from &&
						kinds[row].inverse == rel))) {
				found = found == 0 ? 0 : (int)d->implicit;
			}
		}
	}
	return found;
}

static void check_relation(
	const struct graph *g, const struct book *b, uint32_t from, enum graph_rel rel)
{
	uint32_t n, found = 0;
	const struct graph_edge *edges = graph_edges(g, from, rel, &n);

	for (uint32_t to = 0; to < g->n_units; to++) {
		int want = expected(b, from, rel, to);

		if (want >= 0) {
			assert_true(found < n);
			assert_int_equal(edges[found].unit, to);
			assert_int_equal(edges[found].implicit, want);
			found++;
		}
	}
	assert_int_equal(found, n);
}

static void check_edges(const struct graph *g, const struct book *b)
{
	for (uint32_t from = 0; from < g->n_units; from++) {
		for (enum graph_rel rel = 0; rel < REL_COUNT; rel++) {
			check_relation(g, b, from, rel);
		}
	}
}

/* Random edges with doubles and loops, made in parts of all sizes, against a plain search. */
static void test_edges(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct graph_source sources[N_MAX];
		uint32_t map[N_MAX];
		struct graph_draft draft;
		struct graph g;
		struct book b;
		int r;

		graph_init(&g);
		make(&b, "abcdef");
		for (uint32_t i = 0; i < N_MAX; i++) {
			assert_int_equal(graph_intern(&g, names[i]), i);
			map[i] = i;
			sources[i] = (struct graph_source) { &b.units[i], map };
			for (uint32_t k = random_below(&seed, DEPS_MAX + 1); k > 0; k--) {
				depend(&b, i, kinds[random_below(&seed, N_KINDS)].kind,
					random_below(&seed, N_MAX), random_below(&seed, 2));
			}
		}
		assert_int_equal(graph_draft_begin(&draft, sources, N_MAX), 0);
		do {
			r = graph_draft_some(&draft, 1 + (uint32_t)round % N_MAX);
		} while (r > 0);
		assert_int_equal(r, 0);
		assert_int_equal(graph_take(&g, &draft, sources), 0);
		graph_draft_fini(&draft);
		check_edges(&g, &b);
		assert_int_equal(graph_rebuild(&g, sources), 0);
		check_edges(&g, &b);
		sources[N_MAX - 1].def = NULL;
		assert_int_equal(graph_rebuild(&g, sources), 0);
		sources[N_MAX - 1].def = &b.units[N_MAX - 1];
		assert_int_equal(graph_add(&g, N_MAX - 1, &sources[N_MAX - 1]), 0);
		check_edges(&g, &b);
		graph_fini(&g);
	}
}

/* More edges than are sorted by hand. */
static void test_hub(void **state)
{
	enum { MANY = 200 };
	static struct manifest_unit units[MANY];
	static struct manifest_dep deps[MANY][2];
	struct graph_source sources[MANY];
	const struct graph_edge *edges;
	uint32_t map[MANY], n;
	struct graph g;

	(void)state;
	graph_init(&g);
	for (uint32_t i = 0; i < MANY; i++) {
		char name[32];

		snprintf(name, sizeof(name), "u%u.target", i);
		assert_int_equal(graph_intern(&g, name), i);
		map[i] = MANY - 1 - i; /* the manifest has them the other way round */
		deps[i][0] = (struct manifest_dep) { .kind = DEP_AFTER, .unit = MANY - 1 };
		deps[i][1] = (struct manifest_dep) { .kind = DEP_WANTS, .unit = MANY - 1 };
		units[i].deps = (struct tlv_array) { deps[i], 2 };
		sources[i] = (struct graph_source) { &units[i], map };
	}
	assert_int_equal(graph_rebuild(&g, sources), 0);
	edges = graph_edges(&g, 0, REL_WANTED_BY, &n);
	assert_int_equal(n, MANY - 1);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(edges[i].unit, i + 1);
	}
	graph_edges(&g, 0, REL_BEFORE, &n);
	assert_int_equal(n, MANY - 1);
	graph_fini(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_old_until_the_last),
		cmocka_unit_test(test_vanished),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_hub),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
