// SPDX-License-Identifier: MIT
/* Failed transient units are kept with their slots, but not more than LIMIT_FAILED_TRANSIENT. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../supervisor/engine.h"
#include "../test.h"

#define EXTRA 5u
#define N     (LIMIT_FAILED_TRANSIENT + EXTRA)
#define CLEAN 7u /* entry of the clean-up */

struct world {
	struct manifest_service service;
	struct manifest_unit units[N];
	struct manifest_command commands[N];
	char names[N][32];
	struct manifest manifest;
	struct engine *e;
	struct wire_proc proc; /* of the RUN that was asked for last */
	uint32_t unit;         /* whose */
	uint32_t collected[N]; /* units that the log said were forgotten, in that order */
	uint32_t n_collected;
	uint32_t released[N]; /* units that were to be released with their files */
	uint32_t n_released;
};

static void define(struct world *w, uint32_t flags)
{
	w->service = (struct manifest_service) { .type = SERVICE_EXEC,
		.restart_max_delay_us = USEC_INFINITY,
		.timeout_start_us = USEC_INFINITY,
		.timeout_stop_us = USEC_INFINITY,
		.timeout_abort_us = USEC_INFINITY,
		.runtime_max_us = USEC_INFINITY,
		.readpid_entry = CATALOGUE_NONE,
		.kill_signal = SIGTERM,
		.send_sigkill = 1 };
	for (uint32_t i = 0; i < N; i++) {
		struct manifest_unit *u = &w->units[i];

		snprintf(w->names[i], sizeof(w->names[i]), "run-%u.service", (unsigned)i);
		w->commands[i] = (struct manifest_command) { .phase = PHASE_START, .entry = i };
		*u = (struct manifest_unit) { .name = w->names[i],
			.type = UNIT_SERVICE,
			.flags = flags,
			.slice = CATALOGUE_NONE,
			.check_entry = CATALOGUE_NONE,
			.clean_entry = CLEAN,
			.realize_entry = CATALOGUE_NONE,
			.job_timeout_us = USEC_INFINITY,
			.job_running_timeout_us = USEC_INFINITY };
		u->service = (struct tlv_array) { &w->service, 1 };
		u->commands = (struct tlv_array) { &w->commands[i], 1 };
	}
	w->manifest = (struct manifest) { .version = 1, .units = { w->units, N } };
}

static void drain(struct world *w)
{
	struct effect x;

	while (engine_next_effect(w->e, &x)) {
		free(x.text);
		if (x.type == EFFECT_RUN && x.kind == ENTRY_MAIN) {
			w->unit = x.unit;
			w->proc = (struct wire_proc) { .slot = x.unit,
				.kind = ENTRY_MAIN,
				.phase = WIRE_PHASE_RUNNING,
				.flags = WIRE_PROC_EXECED,
				.run_id = x.unit + 1,
				.cookie = x.cookie,
				.entry = x.entry,
				.pid = (int32_t)(1000 + x.unit) };
		} else if (x.type == EFFECT_RELEASE && x.entry == CLEAN) {
			assert_true(w->n_released < N);
			w->released[w->n_released++] = x.unit;
		} else if (x.type == EFFECT_LOG && x.log == LOG_SUCCEEDED) {
			fail_msg("who failed has not succeeded when it is forgotten");
		} else if (x.type == EFFECT_LOG && x.log == LOG_COLLECTED) {
			assert_true(w->n_collected < N);
			w->collected[w->n_collected++] = x.unit;
		}
	}
}

static void tell(struct world *w, uint32_t slot_flags, usec_t now)
{
	struct wire_slot slot = { .slot = w->unit, .flags = slot_flags };
	uint32_t found;

	strcpy(slot.name, engine_unit(w->e, w->unit)->name);
	assert_int_equal(engine_slot(w->e, &slot, now, &found), 0);
	assert_int_equal(engine_proc(w->e, &w->proc, now), 0);
	drain(w);
}

/* Starts it; its main process ends with 1. */
static void fail_one(struct world *w, uint32_t i, usec_t now)
{
	struct engine_request q = { .type = JOB_START, .mode = JOB_MODE_REPLACE };
	struct engine_error error = { .code = ENGINE_OK };
	uint32_t job;

	q.unit = engine_find(w->e, w->names[i]);
	assert_int_equal(engine_enqueue(w->e, &q, now, &job, &error), 0);
	drain(w);
	assert_int_equal(w->unit, q.unit);
	tell(w, WIRE_SLOT_POPULATED, now);
	w->proc.phase = WIRE_PHASE_EXITED;
	w->proc.exit_code = CLD_EXITED;
	w->proc.exit_status = 1;
	tell(w, 0, now);
}

static void begin(struct world *w, uint32_t flags)
{
	define(w, flags);
	w->e = engine_new();
	assert_non_null(w->e);
	assert_int_equal(engine_load(w->e, &w->manifest, 0, USEC_PER_SEC), 0);
	assert_int_equal(engine_listed(w->e, USEC_PER_SEC), 0);
	for (uint32_t i = 0; i < N; i++) {
		fail_one(w, i, (2 + i) * USEC_PER_SEC);
	}
}

static void finish(struct world *w)
{
	engine_free(w->e);
	free(w);
}

static enum unit_active_state state_of(const struct world *w, uint32_t i)
{
	return engine_unit(w->e, engine_find(w->e, w->names[i]))->active;
}

static void test_oldest_go(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)state;
	assert_non_null(w);
	begin(w, UNIT_TRANSIENT);
	assert_int_equal(w->n_collected, EXTRA);
	assert_int_equal(w->n_released, EXTRA);
	for (uint32_t i = 0; i < N; i++) {
		assert_int_equal(state_of(w, i), i < EXTRA ? ACTIVE_INACTIVE : ACTIVE_FAILED);
	}
	for (uint32_t i = 0; i < EXTRA; i++) {
		assert_int_equal(w->collected[i], engine_find(w->e, w->names[i]));
		assert_int_equal(w->released[i], w->collected[i]);
	}
	finish(w);
}

/* Who forgets some makes room. */
static void test_reset_failed(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)state;
	assert_non_null(w);
	begin(w, UNIT_TRANSIENT);
	for (uint32_t i = 0; i < EXTRA; i++) {
		assert_int_equal(engine_reset_failed(w->e, engine_find(w->e, w->names[N - 1 - i]),
					 5000 * USEC_PER_SEC),
			0);
		drain(w);
	}
	assert_int_equal(w->n_released, 2 * EXTRA);
	assert_int_equal(w->n_collected, EXTRA);
	assert_int_equal(state_of(w, EXTRA), ACTIVE_FAILED);
	finish(w);
}

/* Units with files of their own are what the administrator made: their number is bounded. */
static void test_others_stay(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)state;
	assert_non_null(w);
	begin(w, 0);
	assert_int_equal(w->n_collected, 0);
	for (uint32_t i = 0; i < N; i++) {
		assert_true(state_of(w, i) != ACTIVE_INACTIVE);
	}
	finish(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oldest_go),
		cmocka_unit_test(test_reset_failed),
		cmocka_unit_test(test_others_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
