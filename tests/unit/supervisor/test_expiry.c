// SPDX-License-Identifier: MIT
/*
 * Late supd: a timer that is due and notifications that were sent before it was. The caller asks
 * engine_due(), gives what the unit has said, then calls engine_expire(): what was said counts.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../../../supervisor/engine.h"
#include "../test.h"

#define N     3u
#define START (1000 * USEC_PER_SEC)
#define LIMIT (10 * USEC_PER_SEC)
#define LATE  (START + 60 * USEC_PER_SEC)

static const char *const names[N] = { "a.service", "b.service", "c.service" };

struct world {
	struct manifest_service services[N];
	struct manifest_unit units[N];
	struct manifest_command commands[N];
	struct manifest manifest;
	struct engine *e;
	struct wire_proc procs[N];
};

static void define(struct world *w, uint32_t i)
{
	w->commands[i] = (struct manifest_command) { .phase = PHASE_START, .entry = i };
	w->services[i] = (struct manifest_service) { .type = SERVICE_NOTIFY,
		.restart_max_delay_us = USEC_INFINITY,
		.timeout_start_us = LIMIT,
		.timeout_stop_us = 90 * USEC_PER_SEC,
		.timeout_abort_us = 90 * USEC_PER_SEC,
		.runtime_max_us = USEC_INFINITY,
		.watchdog_us = LIMIT,
		.watchdog_signal = SIGABRT,
		.readpid_entry = CATALOGUE_NONE,
		.notify_access = NOTIFY_MAIN,
		.kill_signal = SIGTERM,
		.send_sigkill = 1 };
	w->units[i] = (struct manifest_unit) { .name = names[i],
		.type = UNIT_SERVICE,
		.slice = CATALOGUE_NONE,
		.check_entry = CATALOGUE_NONE,
		.clean_entry = CATALOGUE_NONE,
		.realize_entry = CATALOGUE_NONE,
		.job_timeout_us = USEC_INFINITY,
		.job_running_timeout_us = USEC_INFINITY };
	w->units[i].service = (struct tlv_array) { &w->services[i], 1 };
	w->units[i].commands = (struct tlv_array) { &w->commands[i], 1 };
}

static const struct unit *unit(const struct world *w, uint32_t i)
{
	return engine_unit(w->e, engine_find(w->e, names[i]));
}

/* What supd-init would do, as far as it matters here: main processes run as soon as asked for. */
static void drain(struct world *w)
{
	struct effect x;

	while (engine_next_effect(w->e, &x)) {
		free(x.text);
		if (x.type != EFFECT_RUN || x.kind != ENTRY_MAIN) {
			continue;
		}
		w->procs[x.unit] = (struct wire_proc) { .slot = x.unit,
			.kind = ENTRY_MAIN,
			.phase = WIRE_PHASE_RUNNING,
			.flags = WIRE_PROC_EXECED,
			.run_id = x.unit + 1,
			.cookie = x.cookie,
			.entry = x.entry,
			.pid = (int32_t)(1000 + x.unit) };
	}
}

static void tell(struct world *w, uint32_t i)
{
	struct wire_slot slot = { .slot = i, .flags = WIRE_SLOT_POPULATED };
	uint32_t found;

	strcpy(slot.name, names[i]);
	assert_int_equal(engine_slot(w->e, &slot, START, &found), 0);
	assert_int_equal(engine_proc(w->e, &w->procs[i], START), 0);
	drain(w);
}

/* All three are starting; job_limit: of their jobs. */
static void begin_with(struct world *w, usec_t job_limit)
{
	struct engine_request q = { .type = JOB_START, .mode = JOB_MODE_REPLACE };
	struct engine_error error = { .code = ENGINE_OK };
	uint32_t job;

	memset(w, 0, sizeof(*w));
	for (uint32_t i = 0; i < N; i++) {
		define(w, i);
		w->units[i].job_timeout_us = job_limit;
	}
	w->manifest = (struct manifest) { .version = 1, .units = { w->units, N } };
	w->e = engine_new();
	assert_non_null(w->e);
	assert_int_equal(engine_load(w->e, &w->manifest, 0, START), 0);
	assert_int_equal(engine_listed(w->e, START), 0);
	for (uint32_t i = 0; i < N; i++) {
		q.unit = engine_find(w->e, names[i]);
		assert_int_equal(engine_enqueue(w->e, &q, START, &job, &error), 0);
	}
	drain(w);
	for (uint32_t i = 0; i < N; i++) {
		tell(w, i);
		assert_int_equal(unit(w, i)->active, ACTIVE_ACTIVATING);
	}
}

static void begin(struct world *w)
{
	begin_with(w, USEC_INFINITY);
}

static void say(struct world *w, uint32_t i, const char *text, usec_t now)
{
	const struct ucred sender = { .pid = w->procs[i].pid };
	struct notify_msg msg;

	assert_int_equal(notify_msg_parse(text, strlen(text), &msg), 0);
	assert_int_equal(engine_notify(w->e, engine_find(w->e, names[i]), &msg, &sender, now), 0);
	drain(w);
}

/* As the shell does it; queued[i]: what lies in that unit's notify socket, NULL: nothing. */
static unsigned late_turn(struct world *w, const char *queued[N], usec_t now)
{
	unsigned turns = 0;

	for (uint32_t due; (due = engine_due(w->e, now)) != ENGINE_NONE; turns++) {
		assert_true(due < N && turns < 3 * N);
		if (queued[due]) {
			say(w, due, queued[due], now);
			queued[due] = NULL;
		}
		assert_int_equal(engine_expire(w->e, due, now), 0);
		drain(w);
	}
	return turns;
}

static void assert_result(const struct world *w, uint32_t i, enum service_result result)
{
	assert_int_equal(unit(w, i)->service.result, result);
}

static void all_ready(struct world *w)
{
	for (uint32_t i = 0; i < N; i++) {
		say(w, i, "READY=1", START);
		assert_int_equal(unit(w, i)->active, ACTIVE_ACTIVE);
	}
}

/* A start: who has said READY=1 is up, who has not has timed out, each by itself. */
static void test_start(void **state)
{
	const char *queued[N] = { "READY=1", NULL, "EXTEND_TIMEOUT_USEC=3600000000" };
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(engine_due(w.e, START), ENGINE_NONE);
	late_turn(&w, queued, LATE);
	assert_int_equal(unit(&w, 0)->active, ACTIVE_ACTIVE);
	assert_result(&w, 0, RESULT_SUCCESS);
	assert_int_equal(unit(&w, 1)->active, ACTIVE_DEACTIVATING);
	assert_result(&w, 1, RESULT_TIMEOUT);
	assert_int_equal(unit(&w, 2)->active, ACTIVE_ACTIVATING);
	assert_result(&w, 2, RESULT_SUCCESS);
	for (uint32_t i = 0; i < N; i++) {
		assert_null(queued[i]);
	}
	engine_free(w.e);
}

/* A watchdog: a ping, another limit, nothing. */
static void test_watchdog(void **state)
{
	const char *queued[N] = { "WATCHDOG=1", "WATCHDOG_USEC=3600000000", NULL };
	struct world w;

	(void)state;
	begin(&w);
	all_ready(&w);
	assert_int_equal(engine_due(w.e, START + LIMIT - 1), ENGINE_NONE);
	late_turn(&w, queued, LATE);
	assert_int_equal(unit(&w, 0)->active, ACTIVE_ACTIVE);
	assert_int_equal(unit(&w, 1)->active, ACTIVE_ACTIVE);
	assert_int_equal(unit(&w, 2)->active, ACTIVE_DEACTIVATING);
	assert_result(&w, 2, RESULT_WATCHDOG);
	/* The ping moved the timer, it did not end it. */
	assert_int_equal(engine_due(w.e, LATE + LIMIT), 0);
	engine_free(w.e);
}

/* Not in that order (engine_tick() knows no queues) each of them would have been ended. */
static void test_tick(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(engine_tick(w.e, LATE), 0);
	drain(&w);
	for (uint32_t i = 0; i < N; i++) {
		assert_result(&w, i, RESULT_TIMEOUT);
	}
	engine_free(w.e);
}

/* A unit whose timer has gone meanwhile, or was never due, is left alone. */
static void test_not_due(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	assert_int_equal(engine_expire(w.e, 1, START), 0);
	assert_int_equal(unit(&w, 1)->active, ACTIVE_ACTIVATING);
	all_ready(&w);
	say(&w, 1, "WATCHDOG_USEC=0", START);
	assert_int_equal(engine_expire(w.e, 1, LATE), 0);
	assert_int_equal(unit(&w, 1)->active, ACTIVE_ACTIVE);
	engine_free(w.e);
}

/*
 * The machine stood still: whoever starts, or feeds a watchdog, has as much time left as before;
 * what had been over by then is over.
 */
static void test_stood_still(void **state)
{
	const usec_t lost = LATE - START;
	struct world w;

	(void)state;
	begin(&w);
	say(&w, 0, "READY=1", START);
	assert_int_equal(engine_stood_still(w.e, lost, LATE), 0);
	drain(&w);
	assert_int_equal(engine_due(w.e, LATE + LIMIT - 1), ENGINE_NONE);
	say(&w, 1, "READY=1", LATE);
	assert_int_equal(engine_tick(w.e, LATE + LIMIT), 0);
	drain(&w);
	assert_result(&w, 0, RESULT_WATCHDOG);
	assert_result(&w, 1, RESULT_WATCHDOG);
	assert_result(&w, 2, RESULT_TIMEOUT);

	/* And what ends them is given its time, too. */
	assert_int_equal(engine_stood_still(w.e, lost, LATE + LIMIT + lost), 0);
	assert_int_equal(engine_due(w.e, LATE + LIMIT + lost), ENGINE_NONE);
	engine_free(w.e);
}

/*
 * What is known to be lost may end where a watchdog was due, as nothing else woke supd: the service
 * stood still as well and has a whole turn for its ping.
 */
static void test_stood_still_watchdog(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	all_ready(&w);
	assert_false(engine_has_limits(w.e));
	assert_int_equal(engine_stood_still(w.e, LATE - START - LIMIT, LATE), 0);
	assert_int_equal(engine_due(w.e, LATE + LIMIT - 1), ENGINE_NONE);
	assert_int_equal(engine_tick(w.e, LATE + LIMIT), 0);
	drain(&w);
	for (uint32_t i = 0; i < N; i++) {
		assert_result(&w, i, RESULT_WATCHDOG);
		assert_int_equal(unit(&w, i)->active, ACTIVE_DEACTIVATING);
	}
	/* No job, but the ends are limited. */
	assert_true(engine_has_limits(w.e));
	engine_free(w.e);
}

/* The wait for a restart is not put off, unless directories are still being removed before it. */
static void test_stood_still_releasing(void **state)
{
	struct world w;
	struct unit *u;

	(void)state;
	begin(&w);
	all_ready(&w);
	for (uint32_t i = 0; i < 2; i++) {
		u = (struct unit *)(uintptr_t)unit(&w, i);
		u->service.state = SERVICE_AUTO_RESTART;
		u->service.releasing = i == 1;
		u->service.deadline_us = LATE + LIMIT;
	}
	assert_int_equal(engine_stood_still(w.e, LIMIT, LATE), 0);
	assert_int_equal(unit(&w, 0)->service.deadline_us, LATE + LIMIT);
	assert_int_equal(unit(&w, 1)->service.deadline_us, LATE + 2 * LIMIT);
	engine_free(w.e);
}

/* A job's own limit likewise. */
static void test_stood_still_jobs(void **state)
{
	struct world w;

	(void)state;
	begin_with(&w, 2 * LIMIT);
	assert_int_equal(engine_stood_still(w.e, LIMIT, START + LIMIT), 0);
	assert_int_equal(engine_stood_still(w.e, LIMIT, START + 2 * LIMIT), 0);
	assert_int_equal(unit(&w, 1)->job->deadline_us, START + 4 * LIMIT);
	assert_int_equal(unit(&w, 1)->service.deadline_us, START + 3 * LIMIT);
	engine_free(w.e);
}

/* Whatever is queued by whom: only who was silent is ended, and nothing is due afterwards. */
static void test_every_queue(void **state)
{
	static const char *const texts[] = { NULL, "READY=1", "READY=1\nWATCHDOG=1",
		"EXTEND_TIMEOUT_USEC=7200000000" };
	struct world w;

	(void)state;
	for (unsigned n = 0; n < 64; n++) {
		const char *queued[N] = { texts[n % 4], texts[n / 4 % 4], texts[n / 16] };

		begin(&w);
		late_turn(&w, queued, LATE);
		assert_int_equal(engine_due(w.e, LATE), ENGINE_NONE);
		for (uint32_t i = 0; i < N; i++) {
			bool silent = !texts[n >> (2 * i) & 3];

			assert_null(queued[i]);
			assert_result(&w, i, silent ? RESULT_TIMEOUT : RESULT_SUCCESS);
		}
		engine_free(w.e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_tick),
		cmocka_unit_test(test_not_due),
		cmocka_unit_test(test_stood_still),
		cmocka_unit_test(test_stood_still_watchdog),
		cmocka_unit_test(test_stood_still_releasing),
		cmocka_unit_test(test_stood_still_jobs),
		cmocka_unit_test(test_every_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
