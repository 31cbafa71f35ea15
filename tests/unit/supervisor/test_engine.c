// SPDX-License-Identifier: MIT
/*
 * The engine against a simulated supd-init: random events, and at random points the engine is
 * thrown away and made anew from the slots' notes and places.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../runtime/base/unitname.h"
#include "../../../supervisor/engine.h"
#include "../test.h"

#define N 4u

static struct manifest_service services[N];
static struct manifest_unit units[N];
static struct manifest_command commands[N][2];
static struct manifest_dep deps[N][2];
static struct manifest manifest;
static const char *const names[N] = { "a.service", "b.service", "c.service", "d.service" };

/* What supd-init would hold. */
struct world {
	struct engine *e;
	struct wire_slot slots[N];
	struct wire_proc procs[N][ENTRY_KIND_COUNT];
	bool exists[N];
	usec_t now;
	uint64_t run_id;
	unsigned doubles;
	unsigned starts[N];
};

static void make_manifest(void)
{
	memset(services, 0, sizeof(services));
	memset(units, 0, sizeof(units));
	for (uint32_t i = 0; i < N; i++) {
		commands[i][0] = (struct manifest_command) { .phase = PHASE_START, .entry = i * 2 };
		commands[i][1] =
			(struct manifest_command) { .phase = PHASE_STOP_POST, .entry = i * 2 + 1 };
		services[i] = (struct manifest_service) { .type = SERVICE_SIMPLE,
			.restart = i == 3 ? RESTART_NO : RESTART_ALWAYS,
			.restart_us = 1000,
			.restart_max_delay_us = USEC_INFINITY,
			.timeout_start_us = 90 * USEC_PER_SEC,
			.timeout_stop_us = 90 * USEC_PER_SEC,
			.timeout_abort_us = 90 * USEC_PER_SEC,
			.runtime_max_us = USEC_INFINITY,
			.readpid_entry = CATALOGUE_NONE,
			.notify_access = NOTIFY_MAIN,
			.kill_signal = SIGTERM,
			.send_sigkill = 1 };
		units[i] = (struct manifest_unit) { .name = names[i],
			.type = UNIT_SERVICE,
			.slice = CATALOGUE_NONE,
			.check_entry = CATALOGUE_NONE,
			.clean_entry = CATALOGUE_NONE,
			.realize_entry = CATALOGUE_NONE,
			.job_timeout_us = USEC_INFINITY,
			.job_running_timeout_us = USEC_INFINITY };
		units[i].service = (struct tlv_array) { &services[i], 1 };
		units[i].commands = (struct tlv_array) { commands[i], 2 };
	}
	deps[1][0] = (struct manifest_dep) { DEP_REQUIRES, 0, 0 };
	deps[1][1] = (struct manifest_dep) { DEP_AFTER, 0, 0 };
	units[1].deps = (struct tlv_array) { deps[1], 2 };
	manifest = (struct manifest) { .version = 1, .units = { units, N } };
}

static void send_slot(struct world *w, uint32_t i)
{
	uint32_t unit;

	assert_int_equal(engine_slot(w->e, &w->slots[i], w->now, &unit), 0);
}

static void make_slot(struct world *w, uint32_t i)
{
	if (!w->exists[i]) {
		w->exists[i] = true;
		memset(&w->slots[i], 0, sizeof(w->slots[i]));
		memset(w->procs[i], 0, sizeof(w->procs[i]));
		w->slots[i].slot = i;
		strcpy(w->slots[i].name, names[i]);
	}
}

static void do_effect(struct world *w, const struct effect *x)
{
	uint32_t i = x->unit;
	struct wire_proc *p;

	if (i == ENGINE_NONE) {
		return;
	}
	if (x->note_size) {
		make_slot(w, i);
		memcpy(w->slots[i].note, x->note, x->note_size);
		w->slots[i].note_size = x->note_size;
	}
	p = x->kind < ENTRY_KIND_COUNT ? &w->procs[i][x->kind] : NULL;
	if (x->type == EFFECT_RUN) {
		make_slot(w, i);
		w->doubles += p->phase != WIRE_PHASE_FREE;
		*p = (struct wire_proc) { .slot = i,
			.kind = x->kind,
			.phase = WIRE_PHASE_STARTED,
			.run_id = ++w->run_id,
			.cookie = x->cookie,
			.entry = x->entry,
			.pid = (int32_t)(1000 + w->run_id) };
		w->slots[i].flags = WIRE_SLOT_POPULATED;
		w->starts[i] += x->kind == ENTRY_MAIN;
	} else if (x->type == EFFECT_FORGET && p->run_id == x->run_id) {
		p->phase = WIRE_PHASE_FREE;
	} else if (x->type == EFFECT_RELEASE && w->exists[i]) {
		w->slots[i].flags =
			x->params.flags & WIRE_RELEASE_KEEP_NOTE ? WIRE_SLOT_BARE : WIRE_SLOT_GONE;
	}
}

/* Effects are carried out; each may be lost with the engine. True: the engine is gone. */
static bool drain(struct world *w, unsigned lose)
{
	struct effect x;

	while (engine_next_effect(w->e, &x)) {
		if (lose && rand() % lose == 0) {
			free(x.text);
			return true;
		}
		do_effect(w, &x);
		free(x.text);
	}
	return false;
}

static void begin(struct world *w)
{
	w->e = engine_new();
	assert_non_null(w->e);
	assert_int_equal(engine_load(w->e, &manifest, 0, w->now), 0);
	for (uint32_t i = 0; i < N; i++) {
		if (!w->exists[i]) {
			continue;
		}
		send_slot(w, i);
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
	for (uint32_t i = 0; i < N; i++) {
		if (w->exists[i] && (w->slots[i].flags & WIRE_SLOT_GONE)) {
			w->exists[i] = false;
		}
	}
	begin(w);
}

/* One thing happens to a slot, and supd is told. */
static void progress(struct world *w, uint32_t i)
{
	bool live = false;

	if (!w->exists[i]) {
		return;
	}
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		struct wire_proc *p = &w->procs[i][k];

		if (p->phase == WIRE_PHASE_STARTED) {
			p->phase = WIRE_PHASE_RUNNING;
			p->flags = WIRE_PROC_EXECED;
		} else if (p->phase == WIRE_PHASE_RUNNING && (k != ENTRY_MAIN || rand() % 3 == 0)) {
			p->phase = WIRE_PHASE_EXITED;
			p->exit_code = CLD_EXITED;
			p->exit_status = k == ENTRY_MAIN ? 1 : 0;
		}
		live |= p->phase == WIRE_PHASE_STARTED || p->phase == WIRE_PHASE_RUNNING;
	}
	if (!live) {
		w->slots[i].flags &= ~(uint32_t)WIRE_SLOT_POPULATED;
	}
	send_slot(w, i);
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		if (w->procs[i][k].phase != WIRE_PHASE_FREE) {
			assert_int_equal(engine_proc(w->e, &w->procs[i][k], w->now), 0);
		}
	}
	if (w->slots[i].flags & WIRE_SLOT_GONE) {
		w->exists[i] = false;
	}
}

static void ask(struct world *w, enum job_type type, uint32_t i)
{
	struct engine_request r = {
		.type = type, .mode = JOB_MODE_REPLACE, .unit = engine_find(w->e, names[i])
	};
	struct engine_error error = { 0 };
	uint32_t job;

	assert_true(engine_enqueue(w->e, &r, w->now, &job, &error) >= 0);
}

static void tick(struct world *w)
{
	w->now += 2000;
	assert_int_equal(engine_tick(w->e, w->now), 0);
}

static void run_model(unsigned seed, unsigned steps, unsigned lose)
{
	static const enum job_type types[] = { JOB_START, JOB_START, JOB_STOP, JOB_RESTART };
	struct world w = { .now = 1000000 };

	srand(seed);
	begin(&w);
	for (unsigned s = 0; s < steps; s++) {
		uint32_t i = (uint32_t)rand() % N;

		switch (rand() % 8) {
		case 0:
			ask(&w, types[rand() % 4], i);
			break;
		case 1:
			tick(&w);
			break;
		default:
			progress(&w, i);
		}
		if (drain(&w, lose) || (lose && rand() % 20 == 0)) {
			crash(&w);
			drain(&w, 0);
		}
		assert_int_equal(w.doubles, 0);
	}
	crash(&w);
	assert_int_equal(engine_shutdown(w.e, w.now), 0);
	for (unsigned s = 0; s < 400; s++) {
		drain(&w, 0);
		progress(&w, s % N);
	}
	for (uint32_t i = 0; i < N; i++) {
		const struct unit *u = engine_unit(w.e, engine_find(w.e, names[i]));

		assert_true(u->active == ACTIVE_INACTIVE || u->active == ACTIVE_FAILED);
		assert_null(u->job);
	}
	engine_free(w.e);
}

static void test_start_pulls(void **state)
{
	struct world w = { .now = 1000000 };

	(void)state;
	make_manifest();
	begin(&w);
	ask(&w, JOB_START, 1);
	drain(&w, 0);
	assert_int_equal(w.starts[0], 1);
	assert_int_equal(w.starts[1], 0);
	progress(&w, 0);
	drain(&w, 0);
	assert_int_equal(w.starts[1], 1);
	engine_free(w.e);
}

/* It was started, then it has ended; that it ran in between was the state of an instant. */
static void test_short_life(void **state)
{
	struct world w = { .now = 1000000 };
	struct wire_proc *p = &w.procs[3][ENTRY_MAIN];
	const struct unit *u;

	(void)state;
	make_manifest();
	begin(&w);
	ask(&w, JOB_START, 3);
	drain(&w, 0);
	send_slot(&w, 3);
	assert_int_equal(engine_proc(w.e, p, w.now), 0);
	p->phase = WIRE_PHASE_EXITED;
	p->flags = WIRE_PROC_EXECED;
	p->exit_code = CLD_EXITED;
	p->exit_status = 7;
	assert_int_equal(engine_proc_start(w.e, p, w.now), 0);
	assert_int_equal(engine_proc(w.e, p, w.now), 0);
	u = engine_unit(w.e, engine_find(w.e, names[3]));
	assert_null(u->job);
	assert_int_equal(u->last_job_result, JOB_DONE);
	assert_int_not_equal(u->active, ACTIVE_ACTIVE);
	drain(&w, 0);
	engine_free(w.e);
}

/* Who outlives its definition ends by the one it ran with: its FailureAction= is still taken. */
static void test_definition_gone(void **state)
{
	struct manifest without = { .version = 1, .units = { units, 3 } };
	struct world w = { .now = 1000000 };
	const struct unit *u;
	struct effect x;
	int32_t action = 0;

	(void)state;
	make_manifest();
	units[3].failure_action = 5;
	begin(&w);
	ask(&w, JOB_START, 3);
	drain(&w, 0);
	progress(&w, 3);
	drain(&w, 0);
	assert_int_equal(engine_load(w.e, &without, 1, w.now), 0);
	u = engine_unit(w.e, engine_find(w.e, names[3]));
	assert_true(u->active == ACTIVE_ACTIVE && u->vanished);
	for (unsigned i = 0; i < 100 && u->def; i++) {
		progress(&w, 3);
		while (engine_next_effect(w.e, &x)) {
			action = x.type == EFFECT_EMERGENCY ? x.number : action;
			do_effect(&w, &x);
			free(x.text);
		}
	}
	assert_null(u->def);
	assert_int_equal(action, 5);
	engine_free(w.e);
}

static void test_model(void **state)
{
	(void)state;
	make_manifest();
	for (unsigned seed = 1; seed <= 100; seed++) {
		print_message("seed %u\n", seed);
		run_model(seed, 1000, 0);
	}
}

static void test_crashes(void **state)
{
	(void)state;
	make_manifest();
	for (unsigned seed = 1; seed <= 100; seed++) {
		print_message("seed %u\n", seed);
		run_model(seed, 1000, 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_pulls),
		cmocka_unit_test(test_short_life),
		cmocka_unit_test(test_definition_gone),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_crashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
