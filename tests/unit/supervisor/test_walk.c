// SPDX-License-Identifier: MIT
/*
 * Exhaustive walks: every state with every event, and every small dependency graph.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../supervisor/note.h"
#include "../../../supervisor/service.h"
#include "../../../supervisor/transaction.h"
#include "../test.h"

/* ---- the machine ---- */

static struct manifest_command commands[EXEC_PHASE_COUNT];
static struct manifest_service definition;
static struct manifest_unit unit;

static void make_service(struct service *s, enum service_type type, enum service_state state)
{
	struct service_def def = { 0, 0, &unit, &definition };

	for (uint32_t i = 0; i < EXEC_PHASE_COUNT; i++) {
		commands[i] = (struct manifest_command) { .phase = i, .entry = i };
	}
	definition = (struct manifest_service) { .type = type,
		.restart = RESTART_ON_FAILURE,
		.restart_us = 1000,
		.restart_max_delay_us = USEC_INFINITY,
		.timeout_start_us = USEC_PER_SEC,
		.timeout_stop_us = USEC_PER_SEC,
		.timeout_abort_us = USEC_PER_SEC,
		.runtime_max_us = USEC_INFINITY,
		.readpid_entry = EXEC_PHASE_COUNT,
		.notify_access = NOTIFY_ALL,
		.kill_signal = SIGTERM,
		.watchdog_signal = SIGABRT,
		.reload_signal = SIGHUP,
		.send_sigkill = 1 };
	unit = (struct manifest_unit) { .name = "a.service",
		.clean_entry = EXEC_PHASE_COUNT + 1,
		.check_entry = CATALOGUE_NONE,
		.service = { &definition, 1 },
		.commands = { commands, EXEC_PHASE_COUNT } };
	service_init(s, &def);
	s->state = state;
	s->deadline_us = 2 * USEC_PER_SEC;
}

static const uint8_t place_of_event[SERVICE_EVENT_COUNT] = {
	[EV_MAIN_STARTED] = ENTRY_MAIN + 1,
	[EV_MAIN_EXECED] = ENTRY_MAIN + 1,
	[EV_MAIN_EXITED] = ENTRY_MAIN + 1,
	[EV_MAIN_FAILED] = ENTRY_MAIN + 1,
	[EV_CONTROL_EXITED] = ENTRY_CONTROL + 1,
	[EV_CONTROL_FAILED] = ENTRY_CONTROL + 1,
	[EV_WORK_EXITED] = ENTRY_WORK + 1,
	[EV_WORK_FAILED] = ENTRY_WORK + 1,
};

static bool is_end(enum service_event_type type)
{
	return place_of_event[type] && type != EV_MAIN_STARTED && type != EV_MAIN_EXECED;
}

static void check_effects(const struct service *before, const struct service *s,
	const struct effects *fx, enum service_event_type type)
{
	uint32_t runs[ENTRY_KIND_COUNT] = { 0 };
	uint32_t forgets = 0;

	for (uint32_t i = 0; i < fx->n; i++) {
		const struct effect *x = &fx->items[i];

		if (x->type == EFFECT_FORGET) {
			assert_int_equal(i, 0);
			forgets++;
		}
		if (x->type == EFFECT_RUN) {
			/* Only into a place that was free, or that this event has freed. */
			if (before->places[x->kind].phase != PLACE_FREE &&
				!(is_end(type) && place_of_event[type] == x->kind + 1)) {
				print_message("type %u, %s, %s: RUN of %u\n", definition.type,
					service_state_to_string(before->state),
					service_event_to_string(type), x->kind);
				fail();
			}
			assert_int_equal(++runs[x->kind], 1);
			assert_int_equal(s->places[x->kind].phase, PLACE_PENDING);
		}
	}
	assert_int_equal(forgets, is_end(type));
}

static void check_state(const struct service *s)
{
	uint8_t buf[LIMIT_NOTE];
	struct note note, again;
	size_t size;

	assert_true(s->state < SERVICE_STATE_COUNT);
	note_init(&note);
	service_to_note(s, &note);
	size = note_encode(&note, buf);
	assert_int_equal(note_decode(buf, size, &again), 0);
	assert_memory_equal(&note, &again, sizeof(note));
	if (s->state == SERVICE_DEAD || s->state == SERVICE_FAILED) {
		assert_int_equal(s->watchdog_deadline_us, USEC_INFINITY);
	}
}

static void step_pair(enum service_type type, enum service_state state,
	enum service_event_type event_type, unsigned places)
{
	struct wire_proc proc = { .run_id = 7, .pid = 70, .exit_code = CLD_EXITED };
	struct wire_refused refused = { .request = WIRE_RUN, .cookie = 3 };
	struct notify_msg message = { .fields = NOTIFY_READY };
	struct note note;
	struct service_adoption adoption = { .note = &note };
	struct service_event event = { .type = event_type,
		.proc = place_of_event[event_type] ? &proc : NULL,
		.refused = &refused,
		.notify = &message,
		.adoption = &adoption };
	struct effects *fx = calloc(1, sizeof(*fx));
	bool adopt = event_type == EV_ADOPT;
	struct service s, before;

	assert_non_null(fx);
	make_service(&s, type, state);
	for (unsigned k = 0; k < ENTRY_KIND_COUNT; k++) {
		if (!adopt && places >> k & 1) {
			s.places[k].phase = PLACE_LIVE;
			s.places[k].run_id = 7;
			s.populated = s.has_slot = true;
		}
	}
	if (event_type != EV_MAIN_STARTED && event_type != EV_MAIN_EXECED) {
		proc.phase = WIRE_PHASE_EXITED;
	}
	note_init(&note);
	service_to_note(&s, &note);
	before = s;
	service_step(&s, &event, 2 * USEC_PER_SEC, fx);
	check_effects(&before, &s, fx, event_type);
	check_state(&s);
	if (!service_pair_is_handled(state, event_type)) {
		assert_int_equal(s.state, state);
	}
	free(fx);
}

/* Places that can be taken in that state; bits. */
static unsigned possible(enum service_type type, enum service_state state)
{
	unsigned main = 1u << ENTRY_MAIN, control = 1u << ENTRY_CONTROL;

	if (state == SERVICE_CONDITION || state == SERVICE_START_PRE) {
		return control;
	}
	if (state == SERVICE_START) {
		return type == SERVICE_FORKING ? control : main;
	}
	return (1u << ENTRY_KIND_COUNT) - 1;
}

static void test_pairs(void **state)
{
	const uint32_t n_places = 1u << ENTRY_KIND_COUNT;
	const uint32_t n =
		SERVICE_TYPE_COUNT * SERVICE_STATE_COUNT * SERVICE_EVENT_COUNT * n_places;
	uint32_t visits[SERVICE_STATE_COUNT][SERVICE_EVENT_COUNT] = { 0 };
	uint32_t steps = 0, pairs = 0;

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t places = i % n_places;
		uint32_t event = i / n_places % SERVICE_EVENT_COUNT;
		uint32_t s = i / n_places / SERVICE_EVENT_COUNT % SERVICE_STATE_COUNT;
		uint32_t type = i / n_places / SERVICE_EVENT_COUNT / SERVICE_STATE_COUNT;

		if ((places & ~possible(type, s)) == 0) {
			step_pair(type, s, event, places);
			visits[s][event]++;
			steps++;
		}
	}
	for (uint32_t s = 0; s < SERVICE_STATE_COUNT; s++) {
		for (uint32_t event = 0; event < SERVICE_EVENT_COUNT; event++) {
			pairs += visits[s][event] >= SERVICE_TYPE_COUNT;
		}
	}
	print_message("%u states x %u events: %u pairs visited in %u steps\n", SERVICE_STATE_COUNT,
		SERVICE_EVENT_COUNT, pairs, steps);
	assert_int_equal(pairs, SERVICE_STATE_COUNT * SERVICE_EVENT_COUNT);
}

/* ---- graphs ---- */

/*
 * All graphs of N units in which between each ordered pair of units stands nothing or one of the
 * given ways: three units with nine ways, four units with each two kinds of dependencies.
 */
#define N_MAX     4u
#define WAYS_MAX  9u
#define WAY_KINDS 2u
#define NO_KIND   DEP_KIND_COUNT
#define SLICE     7u /* of all graphs of two kinds the normal run tries every so many */

struct shape {
	uint32_t n_units;
	uint32_t n_ways;
	enum dep_kind ways[WAYS_MAX][WAY_KINDS];
};

static const struct shape needs_and_orders = { 3, 9,
	{ { NO_KIND, NO_KIND }, { DEP_REQUIRES, NO_KIND }, { DEP_WANTS, NO_KIND },
		{ NO_KIND, DEP_AFTER }, { DEP_REQUIRES, DEP_AFTER }, { DEP_WANTS, DEP_AFTER },
		{ NO_KIND, DEP_BEFORE }, { DEP_REQUIRES, DEP_BEFORE },
		{ DEP_WANTS, DEP_BEFORE } } };
static const struct shape requires_after = { 4, 3,
	{ { NO_KIND, NO_KIND }, { DEP_REQUIRES, NO_KIND }, { NO_KIND, DEP_AFTER } } };
static const struct shape wants_with_before = { 4, 3,
	{ { NO_KIND, NO_KIND }, { DEP_WANTS, NO_KIND }, { DEP_WANTS, DEP_BEFORE } } };
static const struct shape binds_conflicts = { 4, 3,
	{ { NO_KIND, NO_KIND }, { DEP_BINDS_TO, NO_KIND }, { DEP_CONFLICTS, NO_KIND } } };

static const char *const names[N_MAX] = { "a.service", "b.service", "c.service", "d.service" };
static struct graph graph;
static uint32_t up; /* bits: units that run already */

static void look(void *userdata, uint32_t index, struct transaction_unit *ret)
{
	bool active = up >> index & 1;

	(void)userdata;
	*ret = (struct transaction_unit) {
		.load_state = LOAD_LOADED, .active = active, .down = !active
	};
}

static void add_deps(
	struct manifest_dep *deps, uint32_t *n, const enum dep_kind *kinds, uint32_t to)
{
	for (uint32_t i = 0; i < WAY_KINDS; i++) {
		if (kinds[i] != NO_KIND) {
			deps[(*n)++] = (struct manifest_dep) { kinds[i], to, 0 };
		}
	}
}

static void make_graph(const struct shape *shape, uint32_t code)
{
	static const uint32_t map[N_MAX] = { 0, 1, 2, 3 };
	struct manifest_dep deps[N_MAX][N_MAX * WAY_KINDS];
	struct manifest_unit units[N_MAX];
	struct graph_source sources[N_MAX] = { 0 };

	for (uint32_t i = 0; i < shape->n_units; i++) {
		uint32_t n = 0;

		for (uint32_t k = 0; k < shape->n_units; k++) {
			if (k == i) {
				continue;
			}
			add_deps(deps[i], &n, shape->ways[code % shape->n_ways], k);
			code /= shape->n_ways;
		}
		units[i] = (struct manifest_unit) { .name = names[i], .deps = { deps[i], n } };
		sources[i] = (struct graph_source) { &units[i], map };
	}
	assert_int_equal(graph_rebuild(&graph, sources), 0);
}

static const struct planned_job *job_of(const struct transaction_plan *p, uint32_t u)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (p->jobs[i].unit == u) {
			return &p->jobs[i];
		}
	}
	return NULL;
}

/* Must the job of unit i wait for that of unit k? */
static bool comes_after(const struct transaction_plan *p, uint32_t i, uint32_t k)
{
	const struct planned_job *a = job_of(p, i);
	const struct planned_job *b = job_of(p, k);

	if (!a || !b) {
		return false;
	}
	return (graph_has(&graph, i, REL_AFTER, k) && job_order(b->type, a->type) < 0) ||
	       (graph_has(&graph, i, REL_BEFORE, k) && job_order(a->type, b->type) > 0);
}

/* Units of the plan that can run, one after the other: all of them, or there is a cycle. */
static void check_order(const struct transaction_plan *p, uint32_t n)
{
	bool done[N_MAX] = { false };

	for (uint32_t round = 0; round < n; round++) {
		for (uint32_t i = 0; i < n; i++) {
			bool ready = job_of(p, i) != NULL;

			for (uint32_t k = 0; k < n; k++) {
				ready = ready && (k == i || !comes_after(p, i, k) || done[k]);
			}
			done[i] = done[i] || ready;
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(done[i], job_of(p, i) != NULL);
	}
}

static bool starts(const struct transaction_plan *p, uint32_t u)
{
	const struct planned_job *j = job_of(p, u);

	return j && j->type == JOB_START;
}

/* What must be there is there or runs already; no two that conflict are started. */
static void check_needs(const struct transaction_plan *p, uint32_t n)
{
	assert_true(starts(p, 0));
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < n; k++) {
			if (!starts(p, i) || i == k) {
				continue;
			}
			if (graph_has(&graph, i, REL_REQUIRES, k) ||
				graph_has(&graph, i, REL_BINDS_TO, k)) {
				assert_true(starts(p, k) || ((up >> k & 1) && !job_of(p, k)));
			}
			if (graph_has(&graph, i, REL_CONFLICTS, k)) {
				assert_false(starts(p, k));
				assert_true(job_of(p, k) || !(up >> k & 1));
			}
		}
	}
}

/* True: there is a plan. */
static bool check_graph(const struct shape *shape, enum job_mode mode)
{
	struct transaction_world world = { .graph = &graph, .look = look };
	struct transaction_request request = { JOB_START, mode, 0 };
	struct transaction_plan plan = { 0 }, again = { 0 };
	struct engine_error error = { 0 };
	int r = transaction_make(&world, &request, &plan, &error);

	assert_int_equal(transaction_make(&world, &request, &again, &error), r);
	assert_int_equal(plan.n, again.n);
	if (r == 0) {
		assert_memory_equal(plan.jobs, again.jobs, plan.n * sizeof(*plan.jobs));
		check_order(&plan, shape->n_units);
		check_needs(&plan, shape->n_units);
	} else {
		assert_true(error.code == ENGINE_CYCLE || error.code == ENGINE_CONFLICT ||
			    error.code == ENGINE_DESTRUCTIVE);
	}
	free(plan.jobs);
	free(again.jobs);
	return r == 0;
}

/* Which of a shape's graphs are tried. */
struct choice {
	bool canonical;  /* one of those that are equal but for the names of b, c and d */
	uint32_t stride; /* of those every so many */
};

static void digits_of(const struct shape *shape, uint32_t code, uint8_t m[N_MAX][N_MAX])
{
	for (uint32_t i = 0; i < shape->n_units; i++) {
		for (uint32_t k = 0; k < shape->n_units; k++) {
			m[i][k] = 0;
			if (k != i) {
				m[i][k] = (uint8_t)(code % shape->n_ways);
				code /= shape->n_ways;
			}
		}
	}
}

/* Is the graph, with its units renamed by map, before itself in the order of their matrices? */
static bool is_less(uint8_t m[N_MAX][N_MAX], const uint8_t map[N_MAX], uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < n; k++) {
			if (m[map[i]][map[k]] != m[i][k]) {
				return m[map[i]][map[k]] < m[i][k];
			}
		}
	}
	return false;
}

static bool is_canonical(const struct shape *shape, uint32_t code)
{
	static const uint8_t maps[][N_MAX] = { { 0, 2, 1, 3 }, { 0, 1, 3, 2 }, { 0, 3, 2, 1 },
		{ 0, 2, 3, 1 }, { 0, 3, 1, 2 } };
	uint8_t m[N_MAX][N_MAX];

	digits_of(shape, code, m);
	for (uint32_t i = 0; i < (shape->n_units == N_MAX ? ELEMENTSOF(maps) : 1); i++) {
		if (is_less(m, maps[i], shape->n_units)) {
			return false;
		}
	}
	return true;
}

struct count {
	uint32_t graphs, refused;
};

static struct count walk_chosen(const struct shape *shape, const struct choice *choice)
{
	struct count count = { 0 };
	uint32_t codes = 1, seen = 0;

	graph_init(&graph);
	for (uint32_t i = 0; i < shape->n_units; i++) {
		assert_int_equal(graph_intern(&graph, names[i]), i);
	}
	for (uint32_t i = 0; i < shape->n_units * (shape->n_units - 1); i++) {
		codes *= shape->n_ways;
	}
	for (uint32_t code = 0; code < codes; code++) {
		if ((choice->canonical && !is_canonical(shape, code)) ||
			seen++ % choice->stride != 0) {
			continue;
		}
		make_graph(shape, code);
		/* Every second graph with one other unit up, each in turn. */
		up = count.graphs % 2 ? 2u << count.graphs / 2 % (shape->n_units - 1) : 0;
		count.refused +=
			!check_graph(shape, count.graphs++ % 3 ? JOB_MODE_REPLACE : JOB_MODE_FAIL);
	}
	graph_fini(&graph);
	return count;
}

static void walk(const struct shape *shape)
{
	struct count count = walk_chosen(shape,
		&(const struct choice) { .canonical = shape->n_units == N_MAX, .stride = 1 });

	print_message("%u graphs, %u of them refused\n", count.graphs, count.refused);
	assert_true(count.refused > 0 || shape == &wants_with_before);
}

/*
 * Four units, each two of these kinds. The normal run tries a part of the graphs in which a pair of
 * units has one kind or none. SUPD_WALK=full: all of these, under every name. SUPD_WALK=both: also
 * pairs with both kinds, each graph under one name; a quarter of an hour on a quiet machine, which
 * is longer than this test may take in meson test: there with -t 0.
 */
static void test_two_kinds(void **state)
{
	static const enum dep_kind kinds[] = { DEP_REQUIRES, DEP_REQUISITE, DEP_WANTS, DEP_BINDS_TO,
		DEP_PART_OF, DEP_UPHOLDS, DEP_CONFLICTS, DEP_BEFORE, DEP_AFTER };
	const char *wanted = getenv("SUPD_WALK");
	bool both = wanted && strcmp(wanted, "both") == 0;
	bool full = wanted && strcmp(wanted, "full") == 0;
	const struct choice choice = { .canonical = !full, .stride = both || full ? 1 : SLICE };
	struct count sum = { 0 };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		for (size_t k = i + 1; k < ELEMENTSOF(kinds); k++) {
			const struct shape shape = { 4, both ? 4 : 3,
				{ { NO_KIND, NO_KIND }, { kinds[i], NO_KIND },
					{ kinds[k], NO_KIND }, { kinds[i], kinds[k] } } };
			struct count count = walk_chosen(&shape, &choice);

			sum.graphs += count.graphs;
			sum.refused += count.refused;
			if (wanted) {
				print_message("%s and %s: %u graphs, %u of them refused\n",
					dep_kind_to_string(kinds[i]), dep_kind_to_string(kinds[k]),
					count.graphs, count.refused);
			}
		}
	}
	print_message("%u graphs, %u of them refused\n", sum.graphs, sum.refused);
	assert_true(sum.refused > 0);
}

static void test_needs_and_orders(void **state)
{
	(void)state;
	walk(&needs_and_orders);
}

static void test_requires_after(void **state)
{
	(void)state;
	walk(&requires_after);
}

static void test_wants_before(void **state)
{
	(void)state;
	walk(&wants_with_before);
}

static void test_binds_conflicts(void **state)
{
	(void)state;
	walk(&binds_conflicts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_needs_and_orders),
		cmocka_unit_test(test_requires_after),
		cmocka_unit_test(test_wants_before),
		cmocka_unit_test(test_binds_conflicts),
		cmocka_unit_test(test_two_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
