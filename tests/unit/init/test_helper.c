// SPDX-License-Identifier: MIT
#include "../test.h"

#include <signal.h>

#include "../../../runtime/base/timeutil.h"
#include "../../../runtime/init/helper.h"

/* At once, then 1, 2, 4 … 30 s. */
static void test_backoff(void **state)
{
	static const uint64_t waits[] = { 0, 1, 2, 4, 8, 16, 30, 30 };
	struct helper h = { 0 };
	uint64_t now = 1000 * USEC_PER_SEC;

	(void)state;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		h.pid = 1;
		h.started_at = now;
		helper_ended(&h, SIGSEGV, now);
		assert_int_equal(h.restart_at, now + waits[i] * USEC_PER_SEC);
		assert_int_equal(h.pid, 0);
	}
	h.pid = 1;
	h.started_at = now;
	now += 2 * LIMIT_RESTART_MAX_US; /* has lived long */
	helper_ended(&h, SIGSEGV, now);
	assert_int_equal(h.restart_at, now);
}

static void test_crashes(void **state)
{
	struct helper h = { .pid = 1, .started_at = 0 };
	uint64_t now = 1000 * USEC_PER_SEC;

	(void)state;
	helper_ended(&h, SIGSEGV, now);
	h.expected = true;
	helper_ended(&h, SIGSEGV, now);
	assert_int_equal(helper_crashes(&h, now), 1);
	assert_int_equal(helper_crashes(&h, now + LIMIT_CRASH_WINDOW_US), 0);
}

/* Killed after it had taken over: at once, no crash, however often; never within the spacing. */
static void test_settled(void **state)
{
	struct helper h = { 0 };
	uint64_t now = 1000 * USEC_PER_SEC;

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		h.pid = 1;
		h.started_at = now;
		helper_settled(&h);
		now += USEC_PER_SEC / 10;
		helper_ended(&h, SIGSEGV, now);
		assert_int_equal(h.restart_at, now);
		assert_int_equal(helper_crashes(&h, now), 0);
	}
	h.pid = 1;
	h.started_at = now;
	helper_settled(&h);
	helper_ended(&h, SIGSEGV, now + 1);
	assert_in_range(h.restart_at, now + 2, now + USEC_PER_SEC);
	h.pid = 1;
	h.started_at = now;
	helper_ended(&h, SIGSEGV, now);
	assert_int_equal(helper_crashes(&h, now), 1);
}

/* SIGKILL by others, before it had settled: forgiven seven times in a row, not for ever. */
static void test_killed_from_outside(void **state)
{
	struct helper h = { 0 };
	uint64_t now = 1000 * USEC_PER_SEC;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(helper_crashes(&h, now), 0);
		h.pid = 1;
		h.started_at = now;
		helper_ended(&h, SIGKILL, now);
	}
	assert_int_equal(helper_crashes(&h, now), 1);
	h.pid = 1;
	h.fault = true;
	helper_ended(&h, SIGKILL, now);
	assert_int_equal(helper_crashes(&h, now), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_crashes),
		cmocka_unit_test(test_settled),
		cmocka_unit_test(test_killed_from_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
