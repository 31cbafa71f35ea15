// SPDX-License-Identifier: MIT
/* graph_add() against graph_rebuild(): the same edges, and the former ones stay readable. */
#include "../test.h"

#include <string.h>

#include "../../../supervisor/graph.h"

#define N_UNITS 9u
#define N_DEPS  12u

static struct manifest_dep deps[N_UNITS][N_DEPS];
static struct manifest_unit defs[N_UNITS];
static struct graph_source sources[N_UNITS];
static const uint32_t map[N_UNITS] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };

static uint32_t state_of_random = 1;

static uint32_t random_below(uint32_t n)
{
	state_of_random = state_of_random * 1103515245u + 12345u;
	return (state_of_random >> 16) % n;
}

/* Nobody depends on the last unit: it is the one that is added. */
static void make_sources(uint32_t seed)
{
	state_of_random = seed;
	for (uint32_t i = 0; i < N_UNITS; i++) {
		uint32_t n = random_below(N_DEPS + 1);

		for (uint32_t k = 0; k < n; k++) {
			deps[i][k] = (struct manifest_dep) { random_below(DEP_KIND_COUNT),
				random_below(N_UNITS - 1), random_below(2) };
		}
		defs[i] = (struct manifest_unit) { .deps = { deps[i], n } };
		sources[i] = (struct graph_source) { &defs[i], map };
	}
}

static void intern(struct graph *g, uint32_t first, uint32_t end)
{
	for (uint32_t i = first; i < end; i++) {
		char name[] = "0.service";

		name[0] = (char)('0' + i);
		assert_int_equal(graph_intern(g, name), i);
	}
}

static void test_add(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 500; seed++) {
		struct graph whole, grown;
		const struct graph_edge *before;
		uint32_t n;

		make_sources(seed);
		graph_init(&whole);
		graph_init(&grown);
		intern(&whole, 0, N_UNITS);
		assert_int_equal(graph_rebuild(&whole, sources), 0);
		intern(&grown, 0, N_UNITS - 1);
		assert_int_equal(graph_rebuild(&grown, sources), 0);
		intern(&grown, N_UNITS - 1, N_UNITS);
		before = graph_edges(&grown, 0, REL_BEFORE, &n);
		assert_int_equal(graph_add(&grown, N_UNITS - 1, &sources[N_UNITS - 1]), 0);
		for (uint32_t i = 0; i < n; i++) {
			assert_int_equal(before[i].rel, REL_BEFORE);
		}
		graph_settle(&grown);
		assert_int_equal(grown.n_edges, whole.n_edges);
		assert_int_equal(grown.n_offsets, whole.n_offsets);
		assert_memory_equal(
			grown.offsets, whole.offsets, (N_UNITS + 1) * sizeof(*whole.offsets));
		if (whole.n_edges) {
			assert_memory_equal(
				grown.edges, whole.edges, whole.n_edges * sizeof(*whole.edges));
		}
		graph_fini(&whole);
		graph_fini(&grown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
