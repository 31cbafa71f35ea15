// SPDX-License-Identifier: MIT
/* Which refused requests are told. */
#include "../test.h"

#include "../../../supervisor/bus/refusals.h"

#define SECOND USEC_PER_SEC

/* How many of n at one time are told. */
static unsigned told(struct refusals *r, uid_t uid, unsigned n, usec_t at_us)
{
	unsigned count = 0;
	uint64_t hidden;

	for (unsigned i = 0; i < n; i++) {
		count += refusals_take(r, uid, at_us, &hidden);
	}
	return count;
}

static void test_each_uid(void **state)
{
	struct refusals r = { 0 };
	uint64_t hidden = 99;

	(void)state;
	assert_true(refusals_take(&r, 1000, SECOND, &hidden));
	assert_int_equal(hidden, 0);
	assert_int_equal(told(&r, 1000, 100, SECOND), REFUSALS_BURST - 1);
	/* Another one's are told all the same. */
	assert_int_equal(told(&r, 1001, 3, SECOND), 3);
	assert_true(refusals_take(&r, 1000, SECOND + REFUSALS_INTERVAL_US, &hidden));
	assert_int_equal(hidden, 101 - REFUSALS_BURST);
	assert_true(refusals_take(&r, 1000, SECOND + REFUSALS_INTERVAL_US, &hidden));
	assert_int_equal(hidden, 0);
}

static void test_all_together(void **state)
{
	struct refusals r = { 0 };
	unsigned n = 0;

	(void)state;
	for (uid_t uid = 0; uid < 1000; uid++) {
		n += told(&r, uid, 1, SECOND);
	}
	assert_int_equal(n, REFUSALS_BURST_ALL);
	/* The one longest quiet has lost its row. */
	assert_int_equal(told(&r, 0, 1, SECOND + REFUSALS_INTERVAL_US), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_uid),
		cmocka_unit_test(test_all_together) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
