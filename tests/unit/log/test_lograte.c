// SPDX-License-Identifier: MIT
#include "../../../supervisor/log/lograte.h"

#include "../test.h"

static void test_window(void **state)
{
	struct lograte_limit limit = { .interval_us = 100, .lines = 2 };
	struct lograte r = { 0 };

	(void)state;
	assert_true(lograte_pass(&r, &limit, 1000));
	assert_true(lograte_pass(&r, &limit, 1001));
	assert_true(lograte_deadline(&r, &limit) == UINT64_MAX);
	assert_false(lograte_pass(&r, &limit, 1002));
	assert_false(lograte_pass(&r, &limit, 1099));
	assert_int_equal(lograte_deadline(&r, &limit), 1100);
	assert_int_equal(lograte_take_suppressed(&r, &limit, 1099), 0);
	assert_int_equal(lograte_take_suppressed(&r, &limit, 1100), 2);
	assert_true(lograte_pass(&r, &limit, 1100));
	assert_int_equal(lograte_take_suppressed(&r, &limit, 1300), 0);
}

static void test_off(void **state)
{
	struct lograte_limit limit = { .interval_us = 0, .lines = 1 };
	struct lograte r = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_true(lograte_pass(&r, &limit, 5));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
