// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>

#include "../../../runtime/base/exitnames.h"

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(exit_from_name("SUCCESS"), 0);
	assert_int_equal(exit_from_name("EX_USAGE"), 64);
	assert_int_equal(exit_from_name("USAGE"), 64);
	assert_int_equal(exit_from_name("usage"), -ENOENT);
	assert_int_equal(exit_from_name("EX_"), -ENOENT);
	assert_int_equal(exit_from_name(""), -ENOENT);
	assert_string_equal(exit_to_name(3), "NOTIMPLEMENTED");
	assert_null(exit_to_name(8));
	assert_null(exit_to_name(-1));
	assert_null(exit_to_name(256));
}

/* Two names of one status: both are understood, the first is told. */
static void test_round_trip(void **state)
{
	(void)state;
	for (int i = 0; i < 256; i++) {
		const char *name = exit_to_name(i);

		assert_true(!name || exit_from_name(name) == i);
	}
	assert_int_equal(exit_from_name("APPARMOR_PROFILE"), exit_from_name("APPARMOR"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
