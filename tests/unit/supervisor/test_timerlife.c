// SPDX-License-Identifier: MIT
/*
 * A timer and its service in the engine, with a supd that dies between any two of its acts: each
 * ten seconds of the calendar start the service exactly once, none is missed and none doubled.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../supervisor/engine.h"
#include "../../../supervisor/timer.h"
#include "../test.h"

#define S      USEC_PER_SEC
#define OFFSET (1771200000 * S)

enum { TIMER, JOB, N };

static const char *const names[N] = { "t.timer", "t.service" };
static struct calendar calendar;
static struct manifest_timer_value value;
static struct manifest_timer timer;
static struct manifest_service service;
static struct manifest_command command = { .phase = PHASE_START, .entry = 7 };
static struct manifest_condition condition = { .type = CONDITION_PATH_EXISTS, .parameter = "/x" };
static struct manifest_dep trigger = { DEP_TRIGGERS, JOB, 0 };
static struct manifest_unit units[N];
static struct manifest manifest = { .version = 1, .units = { units, N } };

struct world {
	struct engine *e;
	struct wire_slot slots[N];
	struct wire_proc procs[N][ENTRY_KIND_COUNT];
	bool exists[N];
	usec_t now;
	uint64_t run_id;
	unsigned starts;
	unsigned stamps;
	bool condition_fails;
};

static void make_manifest(bool checked)
{
	assert_int_equal(calendar_parse("*:*:0/10", NULL, &calendar), 0);
	value = (struct manifest_timer_value) { .base = TIMER_CALENDAR,
		.calendar = { &calendar, (uint32_t)calendar_packed_size(&calendar) },
		.text = "" };
	timer = (struct manifest_timer) { .accuracy_us = 1,
		.flags = TIMER_REMAIN_AFTER_ELAPSE | TIMER_PERSISTENT,
		.values = { &value, 1 } };
	service = (struct manifest_service) { .type = SERVICE_ONESHOT,
		.restart_max_delay_us = USEC_INFINITY,
		.timeout_start_us = USEC_INFINITY,
		.timeout_stop_us = 90 * S,
		.timeout_abort_us = 90 * S,
		.runtime_max_us = USEC_INFINITY,
		.readpid_entry = CATALOGUE_NONE,
		.kill_signal = SIGTERM,
		.send_sigkill = 1 };
	for (uint32_t i = 0; i < N; i++) {
		units[i] = (struct manifest_unit) { .name = names[i],
			.type = i == TIMER ? UNIT_TIMER : UNIT_SERVICE,
			.slice = CATALOGUE_NONE,
			.check_entry = checked && i == JOB ? 8 : CATALOGUE_NONE,
			.clean_entry = CATALOGUE_NONE,
			.realize_entry = CATALOGUE_NONE,
			.job_timeout_us = USEC_INFINITY,
			.job_running_timeout_us = USEC_INFINITY };
	}
	units[TIMER].timer = (struct tlv_array) { &timer, 1 };
	units[TIMER].deps = (struct tlv_array) { &trigger, 1 };
	units[JOB].service = (struct tlv_array) { &service, 1 };
	units[JOB].commands = (struct tlv_array) { &command, 1 };
	units[JOB].conditions = (struct tlv_array) { &condition, checked };
}

static void do_effect(struct world *w, const struct effect *x)
{
	uint32_t i = x->unit;
	struct wire_proc *p;

	if (i == ENGINE_NONE) {
		return;
	}
	if ((x->note_size || x->type == EFFECT_RUN) && !w->exists[i]) {
		w->exists[i] = true;
		memset(&w->slots[i], 0, sizeof(w->slots[i]));
		memset(w->procs[i], 0, sizeof(w->procs[i]));
		w->slots[i].slot = i;
		strcpy(w->slots[i].name, names[i]);
	}
	if (x->note_size) {
		memcpy(w->slots[i].note, x->note, x->note_size);
		w->slots[i].note_size = x->note_size;
	}
	p = &w->procs[i][x->kind % ENTRY_KIND_COUNT];
	w->stamps += x->type == EFFECT_STAMP;
	if (x->type == EFFECT_RUN) {
		assert_int_equal(p->phase, WIRE_PHASE_FREE);
		*p = (struct wire_proc) { .slot = i,
			.kind = x->kind,
			.phase = WIRE_PHASE_STARTED,
			.run_id = ++w->run_id,
			.cookie = x->cookie,
			.entry = x->entry,
			.pid = (int32_t)(1000 + w->run_id) };
		w->slots[i].flags = WIRE_SLOT_POPULATED;
		w->starts += x->kind == ENTRY_MAIN;
	} else if (x->type == EFFECT_FORGET && p->run_id == x->run_id) {
		p->phase = WIRE_PHASE_FREE;
	} else if (x->type == EFFECT_RELEASE && w->exists[i]) {
		w->slots[i].flags =
			x->params.flags & WIRE_RELEASE_KEEP_NOTE ? WIRE_SLOT_BARE : WIRE_SLOT_GONE;
	}
}

/* True: the rest of the effects is lost, and supd with them. */
static bool drain(struct world *w, unsigned lose)
{
	struct effect x;

	while (engine_next_effect(w->e, &x)) {
		bool lost = lose && rand() % lose == 0;

		if (!lost) {
			do_effect(w, &x);
		}
		free(x.text);
		if (lost) {
			return true;
		}
	}
	return false;
}

static void begin(struct world *w)
{
	static const struct engine_host host = { .startup_us = 1, .machine = 5 };
	uint32_t unit;

	w->e = engine_new();
	assert_non_null(w->e);
	engine_set_host(w->e, &host);
	assert_int_equal(engine_clock(w->e, OFFSET, w->now), 0);
	assert_int_equal(engine_load(w->e, &manifest, 0, w->now), 0);
	for (uint32_t i = 0; i < N; i++) {
		if (!w->exists[i] || (w->slots[i].flags & WIRE_SLOT_GONE)) {
			w->exists[i] = false;
			continue;
		}
		assert_int_equal(engine_slot(w->e, &w->slots[i], w->now, &unit), 0);
		for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
			if (w->procs[i][k].phase != WIRE_PHASE_FREE) {
				engine_proc(w->e, &w->procs[i][k], w->now);
			}
		}
	}
	assert_int_equal(engine_listed(w->e, w->now), 0);
}

static void crash(struct world *w)
{
	engine_free(w->e);
	begin(w);
}

static void progress(struct world *w, uint32_t i)
{
	uint32_t unit;

	if (!w->exists[i]) {
		return;
	}
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		struct wire_proc *p = &w->procs[i][k];

		if (p->phase == WIRE_PHASE_STARTED && k == ENTRY_MAIN) {
			p->phase = WIRE_PHASE_RUNNING;
			p->flags = WIRE_PROC_EXECED;
		} else if (p->phase == WIRE_PHASE_STARTED || p->phase == WIRE_PHASE_RUNNING) {
			p->phase = WIRE_PHASE_EXITED;
			p->exit_code = CLD_EXITED;
			p->value = w->condition_fails ? 0 : -1;
			w->slots[i].flags &= ~(uint32_t)WIRE_SLOT_POPULATED;
		}
	}
	assert_int_equal(engine_slot(w->e, &w->slots[i], w->now, &unit), 0);
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		if (w->procs[i][k].phase != WIRE_PHASE_FREE) {
			assert_int_equal(engine_proc(w->e, &w->procs[i][k], w->now), 0);
		}
	}
	if (w->slots[i].flags & WIRE_SLOT_GONE) {
		w->exists[i] = false;
	}
}

static void start_timer(struct world *w)
{
	struct engine_request r = { .type = JOB_START, .mode = JOB_MODE_REPLACE };
	struct engine_error error = { 0 };
	uint32_t job;

	begin(w);
	r.unit = engine_find(w->e, "t.timer");
	assert_int_equal(engine_enqueue(w->e, &r, w->now, &job, &error), 0);
	drain(w, 0);
}

static void turn(struct world *w, unsigned lose)
{
	assert_int_equal(engine_tick(w->e, w->now), 0);
	/* One that has just adopted may die as well. */
	for (unsigned i = 0; i < 20; i++) {
		bool lost = drain(w, lose) || (lose && rand() % 10 == 0);

		if (lost) {
			crash(w);
		} else {
			progress(w, (uint32_t)rand() % N);
		}
		assert_int_equal(engine_tick(w->e, w->now), 0);
	}
	drain(w, 0);
}

static void run(unsigned seed, unsigned lose)
{
	struct world w = { .now = 1003 * S };
	unsigned before = 0;

	srand(seed);
	start_timer(&w);
	for (unsigned ten = 1; ten <= 30; ten++) {
		/* Two looks in each: at its beginning, and at rest. */
		w.now = (1000 + ten * 10) * S + 1;
		turn(&w, lose);
		w.now += 5 * S;
		for (unsigned i = 0; i < 8; i++) {
			turn(&w, lose);
		}
		if (w.starts != before + 1) {
			fail_msg("seed %u, %u: %u starts", seed, ten, w.starts - before);
		}
		before = w.starts;
	}
	engine_free(w.e);
}

static void test_each_once(void **state)
{
	(void)state;
	make_manifest(false);
	for (unsigned seed = 1; seed <= 20; seed++) {
		run(seed, 0);
	}
}

static void test_crashes(void **state)
{
	(void)state;
	make_manifest(false);
	for (unsigned seed = 1; seed <= 60; seed++) {
		run(seed, 12);
	}
}

/* A condition that fails starts nothing, and the timer goes on all the same. */
static void test_condition(void **state)
{
	struct world w = { .now = 1003 * S, .condition_fails = true };

	(void)state;
	make_manifest(true);
	start_timer(&w);
	for (unsigned ten = 1; ten <= 5; ten++) {
		w.now = (1000 + ten * 10) * S + 1;
		turn(&w, 0);
		assert_int_equal(w.stamps, ten + 1); /* and one at its start */
	}
	assert_int_equal(w.starts, 0);
	engine_free(w.e);
}

/* The clock is put forward by an hour: due at once, once. */
static void test_clock(void **state)
{
	struct world w = { .now = 1003 * S };

	(void)state;
	make_manifest(false);
	start_timer(&w);
	assert_true(engine_deadline(w.e) > w.now);
	assert_int_equal(engine_clock(w.e, OFFSET + 3600 * S, w.now), 0);
	turn(&w, 0);
	assert_int_equal(w.starts, 1);
	w.now += S;
	turn(&w, 0);
	assert_int_equal(w.starts, 1);
	/* And back by two: it goes on from there. */
	assert_int_equal(engine_clock(w.e, OFFSET - 3600 * S, w.now), 0);
	w.now = 1010 * S + 1;
	turn(&w, 0);
	assert_int_equal(w.starts, 2);
	assert_int_equal(engine_zone_changed(w.e, w.now), 0);
	assert_true(engine_deadline(w.e) == 1020 * S || engine_deadline(w.e) == 1020 * S + 1);
	engine_free(w.e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_once),
		cmocka_unit_test(test_crashes),
		cmocka_unit_test(test_condition),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
