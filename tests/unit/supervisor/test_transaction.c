// SPDX-License-Identifier: MIT
/* The vectors of systemd's test-engine, as states.md lists them. */
#include <stdlib.h>
#include <string.h>

#include "../../../supervisor/transaction.h"
#include "../test.h"

#define A 0u
#define B 1u
#define C 2u
#define D 3u
#define E 4u
#define F 5u
#define G 6u
#define H 7u
#define I 8u
#define J 9u
#define N 10u

static const char *const names[N] = { "a.service", "b.service", "c.service", "d.service",
	"e.service", "f.service", "g.service", "h.service", "i.service", "a-conj.service" };
static const struct {
	uint32_t from;
	enum dep_kind kind;
	uint32_t to;
} rows[] = {
	{ A, DEP_REQUIRES, B },
	{ A, DEP_BEFORE, B },
	{ B, DEP_WANTS, F },
	{ C, DEP_REQUIRES, A },
	{ D, DEP_AFTER, B },
	{ D, DEP_BEFORE, A },
	{ D, DEP_REQUIRES, A },
	{ E, DEP_AFTER, B },
	{ E, DEP_BEFORE, A },
	{ E, DEP_WANTS, A },
	{ G, DEP_CONFLICTS, E },
	{ H, DEP_WANTS, G },
	{ I, DEP_CONFLICTS, A },
	{ I, DEP_CONFLICTS, D },
	{ I, DEP_WANTS, B },
	{ I, DEP_AFTER, B },
	{ J, DEP_REQUIRES, A },
	{ J, DEP_AFTER, A },
	{ J, DEP_BEFORE, A },
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static struct graph graph;
static struct transaction_unit states[N];
static struct transaction_plan plan;
static struct engine_error error;

static void look(void *userdata, uint32_t unit, struct transaction_unit *ret)
{
	(void)userdata;
	*ret = states[unit];
}

static int setup(void **state)
{
	static struct manifest_unit units[N];
	static struct manifest_dep deps[N][N_ROWS];
	static uint32_t map[N];
	struct graph_source sources[N];

	(void)state;
	memset(units, 0, sizeof(units));
	graph_init(&graph);
	for (uint32_t i = 0; i < N; i++) {
		assert_int_equal(graph_intern(&graph, names[i]), i);
		map[i] = i;
		units[i].deps.items = deps[i];
		sources[i] = (struct graph_source) { &units[i], map };
		states[i] = (struct transaction_unit) { .load_state = LOAD_LOADED, .down = true };
	}
	for (size_t i = 0; i < N_ROWS; i++) {
		uint32_t from = rows[i].from;

		deps[from][units[from].deps.n++] =
			(struct manifest_dep) { rows[i].kind, rows[i].to, 0 };
	}
	return graph_rebuild(&graph, sources);
}

static int teardown(void **state)
{
	(void)state;
	graph_fini(&graph);
	return 0;
}

/* Plans the request and queues its jobs when it is taken. */
static int ask(enum job_type type, uint32_t unit, enum job_mode mode)
{
	struct transaction_world world = { .graph = &graph, .look = look };
	struct transaction_request request = { type, mode, unit };
	int r;

	memset(&error, 0, sizeof(error));
	r = transaction_make(&world, &request, &plan, &error);
	for (uint32_t i = 0; r == 0 && i < plan.n; i++) {
		struct transaction_unit *u = &states[plan.jobs[i].unit];
		enum job_type merged = job_type_merge(u->queued, plan.jobs[i].type, u->active);

		u->queued = merged == JOB_NONE ? plan.jobs[i].type : merged;
	}
	if (r == 0) {
		free(plan.jobs);
	}
	return r;
}

static void test_upstream(void **state)
{
	(void)state;
	assert_int_equal(ask(JOB_START, C, JOB_MODE_REPLACE), 0);
	assert_int_equal(states[B].queued, JOB_START);
	assert_int_equal(states[F].queued, JOB_START);
	assert_int_equal(ask(JOB_START, D, JOB_MODE_REPLACE), 1);
	assert_int_equal(error.code, ENGINE_CYCLE);
	assert_non_null(strstr(error.text, "a.service"));
	graph_fini(&graph);
	setup(state);
	assert_int_equal(ask(JOB_START, E, JOB_MODE_REPLACE), 0);
	assert_int_equal(states[E].queued, JOB_START);
	assert_int_equal(ask(JOB_START, E, JOB_MODE_FAIL), 0);
	assert_int_equal(ask(JOB_START, G, JOB_MODE_FAIL), 1);
	assert_int_equal(error.code, ENGINE_DESTRUCTIVE);
	assert_int_equal(ask(JOB_START, G, JOB_MODE_REPLACE), 0);
	assert_int_equal(states[E].queued, JOB_STOP);
	assert_int_equal(ask(JOB_STOP, G, JOB_MODE_FAIL), 1);
	assert_int_equal(error.code, ENGINE_DESTRUCTIVE);
	assert_int_equal(ask(JOB_RESTART, G, JOB_MODE_FAIL), 0);
	assert_int_equal(ask(JOB_STOP, G, JOB_MODE_REPLACE), 0);
	assert_int_equal(ask(JOB_START, H, JOB_MODE_FAIL), 0);
	assert_int_equal(states[H].queued, JOB_START);
	assert_int_equal(states[G].queued, JOB_STOP);
}

static void test_running_conflicts(void **state)
{
	(void)state;
	states[A].active = states[D].active = true;
	states[A].down = states[D].down = false;
	assert_int_equal(ask(JOB_START, I, JOB_MODE_FAIL), 0);
	assert_int_equal(states[A].queued, JOB_STOP);
	assert_int_equal(states[D].queued, JOB_STOP);
	assert_int_equal(states[B].queued, JOB_START);
}

static void test_self_cycle(void **state)
{
	(void)state;
	assert_int_equal(ask(JOB_START, J, JOB_MODE_REPLACE), 1);
	assert_int_equal(error.code, ENGINE_CYCLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_upstream, setup, teardown),
		cmocka_unit_test_setup_teardown(test_running_conflicts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_self_cycle, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
