// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <signal.h>

#include "../../../runtime/base/signals.h"

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(signal_to_name(SIGTERM), "TERM");
	assert_string_equal(signal_to_name(37), "RTMIN+3");
	assert_string_equal(signal_to_name(64), "RTMAX");
	assert_null(signal_to_name(0));
	assert_null(signal_to_name(65));
	assert_null(signal_to_name(-1));
	assert_int_equal(signal_from_name("SIGTERM"), SIGTERM);
	assert_int_equal(signal_from_name("TERM"), SIGTERM);
	assert_int_equal(signal_from_name("15"), SIGTERM);
	assert_int_equal(signal_from_name("RTMIN+3"), 37);
	assert_int_equal(signal_from_name("SIGRTMAX-1"), 63);
	assert_int_equal(signal_from_name("IOT"), SIGABRT);
	assert_int_equal(signal_from_name("term"), -EINVAL);
	assert_int_equal(signal_from_name("0"), -EINVAL);
	assert_int_equal(signal_from_name("65"), -EINVAL);
	assert_int_equal(signal_from_name("RTMIN+31"), -EINVAL);
}

static void test_round_trip(void **state)
{
	(void)state;
	for (int i = 1; i <= 64; i++) {
		const char *name = signal_to_name(i);

		if (name) {
			assert_int_equal(signal_from_name(name), i);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
