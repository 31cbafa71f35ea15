// SPDX-License-Identifier: MIT
/*
 * Exhaustive walks: every state with every event, and every small dependency graph.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

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

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t places = i % n_places;
		uint32_t event = i / n_places % SERVICE_EVENT_COUNT;
		uint32_t s = i / n_places / SERVICE_EVENT_COUNT % SERVICE_STATE_COUNT;
		uint32_t type = i / n_places / SERVICE_EVENT_COUNT / SERVICE_STATE_COUNT;

		if ((places & ~possible(type, s)) == 0) {
			step_pair(type, s, event, places);
		}
	}
}

/* ---- graphs ---- */

#define N       3u
#define N_PAIRS (N * (N - 1))
/* What stands between an ordered pair of units: a requirement and an order, or nothing. */
#define N_WAYS 9u

static const char *const names[N] = { "a.service", "b.service", "c.service" };
static struct graph graph;

static void look(void *userdata, uint32_t index, struct transaction_unit *ret)
{
	(void)userdata;
	(void)index;
	*ret = (struct transaction_unit) { .load_state = LOAD_LOADED, .down = true };
}

static void add_dep(struct manifest_dep *deps, uint32_t *n, enum dep_kind kind, uint32_t to)
{
	if (kind != DEP_KIND_COUNT) {
		deps[(*n)++] = (struct manifest_dep) { kind, to, 0 };
	}
}

static void make_graph(uint32_t code)
{
	static const enum dep_kind needs[3] = { DEP_KIND_COUNT, DEP_REQUIRES, DEP_WANTS };
	static const enum dep_kind orders[3] = { DEP_KIND_COUNT, DEP_AFTER, DEP_BEFORE };
	static const uint32_t map[N] = { 0, 1, 2 };
	struct manifest_dep deps[N][4];
	struct manifest_unit units[N] = { { .name = names[0] }, { .name = names[1] },
		{ .name = names[2] } };
	struct graph_source sources[N];

	for (uint32_t i = 0; i < N; i++) {
		uint32_t n = 0;

		for (uint32_t k = 0; k < N; k++) {
			if (k == i) {
				continue;
			}
			add_dep(deps[i], &n, needs[code % 3], k);
			add_dep(deps[i], &n, orders[code / 3 % 3], k);
			code /= N_WAYS;
		}
		units[i].deps = (struct tlv_array) { deps[i], n };
		sources[i] = (struct graph_source) { &units[i], map };
	}
	assert_int_equal(graph_rebuild(&graph, sources), 0);
}

static bool planned(const struct transaction_plan *p, uint32_t u)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (p->jobs[i].unit == u) {
			return true;
		}
	}
	return false;
}

/* Units of the plan that can run, one after the other: all of them, or there is a cycle. */
static void check_order(const struct transaction_plan *p)
{
	bool done[N] = { false };

	for (uint32_t round = 0; round < N; round++) {
		for (uint32_t i = 0; i < N; i++) {
			bool ready = planned(p, i);

			for (uint32_t k = 0; k < N; k++) {
				ready = ready && (!graph_has(&graph, i, REL_AFTER, k) ||
							 !planned(p, k) || done[k]);
			}
			done[i] = done[i] || ready;
		}
	}
	for (uint32_t i = 0; i < N; i++) {
		assert_int_equal(done[i], planned(p, i));
	}
}

static void check_needs(const struct transaction_plan *p)
{
	assert_true(planned(p, 0));
	for (uint32_t i = 0; i < N; i++) {
		for (uint32_t k = 0; k < N; k++) {
			if (planned(p, i) && graph_has(&graph, i, REL_REQUIRES, k)) {
				assert_true(planned(p, k));
			}
		}
	}
}

static void test_graphs(void **state)
{
	struct transaction_world world = { .graph = &graph, .look = look };
	struct transaction_request request = { JOB_START, JOB_MODE_REPLACE, 0 };
	uint32_t codes = 1, refusals = 0;

	(void)state;
	graph_init(&graph);
	for (uint32_t i = 0; i < N; i++) {
		assert_int_equal(graph_intern(&graph, names[i]), i);
	}
	for (uint32_t i = 0; i < N_PAIRS; i++) {
		codes *= N_WAYS;
	}
	for (uint32_t code = 0; code < codes; code += 1) {
		struct transaction_plan plan = { 0 }, again = { 0 };
		struct engine_error error = { 0 };
		int r;

		make_graph(code);
		r = transaction_make(&world, &request, &plan, &error);
		assert_int_equal(transaction_make(&world, &request, &again, &error), r);
		assert_int_equal(plan.n, again.n);
		if (r == 0) {
			assert_memory_equal(plan.jobs, again.jobs, plan.n * sizeof(*plan.jobs));
			check_order(&plan);
			check_needs(&plan);
		} else {
			assert_int_equal(error.code, ENGINE_CYCLE);
			refusals++;
		}
		free(plan.jobs);
		free(again.jobs);
	}
	print_message("%u graphs, %u of them refused\n", codes, refusals);
	graph_fini(&graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_graphs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
