// SPDX-License-Identifier: MIT
/*
 * The engine against a simulated supd-init (modelworld.h): random events, and at random points,
 * also between two effects of one call, supd dies and the next one adopts from notes and places.
 * SUPD_SEED sets the first seed, SUPD_RUNS how many runs; the seed of each run is printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../test.h"
#include "modelunits.h"

#define RUNS  200u
#define STEPS 1500u

static void ask(struct model *m, enum job_type type, uint32_t unit)
{
	/* Isolation is refused: no unit allows it. */
	static const enum job_mode modes[] = { JOB_MODE_REPLACE, JOB_MODE_REPLACE, JOB_MODE_REPLACE,
		JOB_MODE_FAIL, JOB_MODE_FLUSH, JOB_MODE_IGNORE_DEPENDENCIES,
		JOB_MODE_IGNORE_REQUIREMENTS, JOB_MODE_ISOLATE };
	struct engine_request r = { .type = type,
		.mode = m->calm ? JOB_MODE_REPLACE
				: modes[model_random(m, sizeof(modes) / sizeof(modes[0]))],
		.unit = engine_find(m->e, model_names[unit]) };
	struct engine_error error = { 0 };
	uint32_t job;

	assert_true(engine_enqueue(m->e, &r, m->now, &job, &error) >= 0);
	model_drain(m);
}

/* The heap's first is the least of all that units wait for; states that must end have a timer. */
static void check_timers(const struct model *m)
{
	usec_t first = USEC_INFINITY;

	for (uint32_t i = 0; i < engine_n_units(m->e); i++) {
		const struct unit *u = engine_unit(m->e, i);
		const struct service *s = &u->service;

		if (!u->is_service) {
			continue;
		}
		first = s->deadline_us < first ? s->deadline_us : first;
		first = s->watchdog_deadline_us < first ? s->watchdog_deadline_us : first;
		if (s->state >= SERVICE_STOP && s->state <= SERVICE_FINAL_SIGKILL) {
			assert_int_not_equal(s->deadline_us, USEC_INFINITY);
		}
		if (s->state >= SERVICE_CONDITION && s->state <= SERVICE_START_POST) {
			assert_int_not_equal(s->deadline_us, USEC_INFINITY);
		}
		if (s->state == SERVICE_DEAD || s->state == SERVICE_FAILED) {
			assert_int_equal(s->deadline_us, USEC_INFINITY);
			assert_int_equal(s->watchdog_deadline_us, USEC_INFINITY);
		}
	}
	assert_int_equal(engine_deadline(m->e), first);
}

static void tick(struct model *m, usec_t more)
{
	m->now += 1 + model_random(m, m->calm ? 100000 : 500000) + more;
	assert_int_equal(engine_tick(m->e, m->now), 0);
	model_drain(m);
}

static void one_step(struct model *m)
{
	static const enum job_type types[] = { JOB_START, JOB_START, JOB_STOP, JOB_RESTART,
		JOB_RELOAD, JOB_TRY_RESTART, JOB_RELOAD_OR_START };
	uint32_t unit = model_random(m, N_MODEL_UNITS);

	switch (model_random(m, 32)) {
	case 0:
	case 1:
		ask(m, types[model_random(m, sizeof(types) / sizeof(types[0]))], unit);
		break;
	case 2:
		tick(m, model_random(m, 4) ? 0 : 5 * USEC_PER_SEC);
		break;
	case 3:
		m->loads += model_random(m, 8) == 0;
		model_answer_load(m);
		break;
	case 4:
		if (m->lose && model_random(m, 4) == 0) {
			model_crash(m);
		}
		break;
	case 5:
		assert_int_equal(
			engine_reset_failed(m->e, engine_find(m->e, model_names[unit]), m->now), 0);
		model_drain(m);
		break;
	default:
		if (model_random(m, 2)) {
			model_progress(m, unit);
		} else {
			model_deliver(m, unit);
		}
	}
}

static void settle(struct model *m, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		model_answer_load(m);
		for (uint32_t u = 0; u < N_MODEL_UNITS; u++) {
			model_progress(m, u);
			model_deliver(m, u);
		}
		tick(m, i % 8 == 7 ? 3 * USEC_PER_SEC : 0); /* less than the watchdog's time */
	}
}

static void check_ready(const struct model *m)
{
	const struct model_slot *s = &m->slots[U_NOTIFY];
	const struct unit *u = model_unit_of(m, U_NOTIFY);

	if (s->exists && s->ready_run == s->procs[ENTRY_MAIN].run_id &&
		s->procs[ENTRY_MAIN].phase == WIRE_PHASE_RUNNING) {
		assert_int_not_equal(u->service.state, SERVICE_START);
	}
}

static void show(const struct model *m)
{
	for (uint32_t i = 0; i < N_MODEL_UNITS; i++) {
		const struct unit *u = model_unit_of(m, i);
		const struct model_slot *s = &m->slots[i];

		print_message("%s: %s/%s job %s%s%s; world: %d bare %d releasing %d, places %u %u "
			      "%u, extra %u\n",
			u->name, active_state_to_string(u->active), engine_sub_state(u),
			u->job ? job_type_to_string(u->job->type) : "-", u->job ? " " : "",
			u->job ? job_state_to_string(u->job->state) : "", s->exists, s->bare,
			s->releasing, s->procs[0].phase, s->procs[1].phase,
			s->procs[ENTRY_WORK].phase, s->extra);
	}
}

static void expect(const struct model *m, bool what, const char *text, uint32_t unit)
{
	if (!what) {
		print_message("%s: not %s\n", model_names[unit], text);
		show(m);
		fail();
	}
}

static void check_up(struct model *m)
{
	struct engine_counts counts;

	engine_counts(m->e, &counts);
	for (uint32_t u = 0; u < N_MODEL_UNITS; u++) {
		const struct unit *unit = model_unit_of(m, u);

		expect(m, !unit->job, "without a job", u);
		if (u != U_TASK && u != U_CONFLICT) {
			expect(m, unit->active == ACTIVE_ACTIVE, "up", u);
		}
	}
	assert_int_equal(counts.jobs, 0);
}

static void check_down(struct model *m)
{
	for (uint32_t u = 0; u < N_MODEL_UNITS; u++) {
		const struct unit *unit = model_unit_of(m, u);
		const struct model_slot *s = &m->slots[u];

		expect(m, unit->active == ACTIVE_INACTIVE || unit->active == ACTIVE_FAILED, "down",
			u);
		expect(m, !unit->job, "without a job", u);
		/* That one has SendSIGKILL=no. */
		for (uint32_t k = 0; s->exists && u != U_CONFLICT && k < ENTRY_KIND_COUNT; k++) {
			expect(m, s->procs[k].phase == WIRE_PHASE_FREE, "free", u);
		}
	}
	assert_true(m->all_stopped);
}

static void run_model(uint64_t seed, struct model *m, unsigned lose, unsigned safe)
{
	model_init(m, seed);
	m->lose = lose;
	m->safe = safe;
	for (unsigned i = 0; i < STEPS; i++) {
		one_step(m);
		check_timers(m);
		check_ready(m);
	}
	m->calm = true;
	m->lose = 0;
	settle(m, 300);
	model_crash(m);
	settle(m, 100);
	for (uint32_t u = 0; u < N_MODEL_UNITS; u++) {
		expect(m, !model_unit_of(m, u)->job, "without a job", u);
	}
	for (uint32_t u = 0; u < N_MODEL_UNITS; u++) {
		if (u != U_CONFLICT) {
			ask(m, JOB_START, u);
		}
	}
	settle(m, 100);
	check_up(m);
	assert_int_equal(engine_shutdown(m->e, m->now), 0);
	model_drain(m);
	settle(m, 150);
	check_down(m);
	model_fini(m);
}

static uint64_t env_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void run_all(unsigned lose, unsigned safe)
{
	static struct model m;
	uint64_t first = env_number("SUPD_SEED", 1);
	uint64_t runs = env_number("SUPD_RUNS", RUNS);
	uint64_t steps = 0, adoptions = 0, records = 0;

	for (uint64_t seed = first; seed < first + runs; seed++) {
		if (getenv("SUPD_SEED")) {
			print_message("SUPD_SEED=%llu\n", (unsigned long long)seed);
		}
		run_model(seed, &m, lose, safe);
		steps += m.steps;
		adoptions += m.adoptions;
		records += m.records;
	}
	print_message("seeds %llu..%llu: %llu deliveries, %llu adoptions, %llu exit records\n",
		(unsigned long long)first, (unsigned long long)(first + runs - 1),
		(unsigned long long)steps, (unsigned long long)adoptions,
		(unsigned long long)records);
}

static void test_no_crash(void **state)
{
	(void)state;
	run_all(0, 0);
}

static void test_crashes(void **state)
{
	(void)state;
	run_all(150, 0);
}

static void test_safe_mode(void **state)
{
	(void)state;
	run_all(300, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_crash),
		cmocka_unit_test(test_crashes),
		cmocka_unit_test(test_safe_mode),
	};

	setvbuf(stdout, NULL, _IONBF, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
