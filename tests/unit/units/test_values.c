// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "../../../units/values.h"

static void test_timespan(void **state)
{
	static const struct {
		const char *text;
		uint64_t us;
	} good[] = { { "5", 5000000 }, { "5min 20s", 320000000 }, { "1.5h", 5400000000 },
		{ "100ms", 100000 }, { "infinity", UINT64_MAX }, { "0", 0 }, { " 2 s ", 2000000 },
		{ "1h30min", 5400000000 }, { "3us", 3 }, { "2M", 5259600000000 } };
	static const char *const bad[] = { "", "x", "5 parsecs", "-1", "5min20x", "s", "1..2",
		"infinity 1", "99999999999999999999y" };
	uint64_t v = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(value_parse_timespan(good[i].text, 1000000, &v), 0);
		assert_true(v == good[i].us);
	}
	v = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(value_parse_timespan(bad[i], 1000000, &v) < 0);
		assert_int_equal(v, 7);
	}
}

static void test_sizes(void **state)
{
	uint64_t v = 7, hard = 7;

	(void)state;
	assert_int_equal(value_parse_size("64K", &v), 0);
	assert_int_equal(v, 65536);
	assert_int_equal(value_parse_size("1.5G", &v), 0);
	assert_true(v == 1610612736);
	assert_int_equal(value_parse_rate("1.5M", &v), 0);
	assert_int_equal(v, 1500000);
	assert_int_equal(value_parse_rate("5000K", &v), 0);
	assert_int_equal(v, 5000000);
	assert_int_equal(value_parse_rate("100", &v), 0);
	assert_int_equal(v, 100);
	assert_int_equal(value_parse_rate("20E", &v), -ERANGE);
	assert_int_equal(value_parse_size("16E", &v), -ERANGE);
	assert_int_equal(value_parse_size("5X", &v), -EINVAL);
	assert_int_equal(value_parse_size("-1", &v), -EINVAL);
	assert_int_equal(value_parse_percent("12.5%", 10000, &v), 0);
	assert_int_equal(v, 1250);
	assert_int_equal(value_parse_percent("101%", 10000, &v), -ERANGE);
	assert_int_equal(value_parse_rlimit(RLIMIT_NOFILE, "1024:65535", &v, &hard), 0);
	assert_int_equal(v, 1024);
	assert_int_equal(hard, 65535);
	assert_int_equal(value_parse_rlimit(RLIMIT_NOFILE, "2:1", &v, &hard), -EINVAL);
	assert_int_equal(value_parse_rlimit(RLIMIT_CPU, "1500ms", &v, &hard), 0);
	assert_int_equal(v, 2);
	assert_int_equal(value_parse_rlimit(RLIMIT_CORE, "infinity", &v, &hard), 0);
	assert_true(v == UINT64_MAX && hard == UINT64_MAX);
	assert_int_equal(value_parse_rlimit(RLIMIT_NICE, "-5", &v, &hard), 0);
	assert_int_equal(v, 25);
}

/* What cannot be a user name must never become one: a unit is refused instead of run by root. */
static void test_users(void **state)
{
	static const char *const bad[] = { "", "0day", "a.b", "-1", "root ", "a:b", "a/b",
		"4294967295", "2147483647", "0x0", "\xc3\xa4", "abcdefghijabcdefghijabcdefghijab",
		"+0", "$x" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(value_is_user(bad[i]));
	}
	assert_true(value_is_user("www-data"));
	assert_true(value_is_user("_apt"));
	assert_true(value_is_user("1000"));
}

static void test_paths(void **state)
{
	char path[] = "//usr/./lib//x/";

	(void)state;
	assert_true(value_is_path("/"));
	assert_true(value_is_path("/a..b/..c"));
	assert_false(value_is_path("/a/../b"));
	assert_false(value_is_path("/.."));
	assert_false(value_is_path("a"));
	assert_false(value_is_path("/a\nb"));
	value_simplify_path(path);
	assert_string_equal(path, "/usr/lib/x");
	assert_true(value_is_relative_path("redis/x"));
	assert_false(value_is_relative_path("/redis"));
	assert_false(value_is_relative_path("a/../b"));
	assert_false(value_is_relative_path("a//b"));
	assert_false(value_is_relative_path("a/"));
	assert_false(value_is_relative_path("."));
}

static void test_names(void **state)
{
	struct manifest_exit_set set = { { 0 }, 0 };
	uint32_t v = 7;
	bool b = false;
	int e = 0;

	(void)state;
	assert_int_equal(value_parse_exit_status("EX_USAGE", &v), 0);
	assert_int_equal(v, 64);
	assert_int_equal(value_parse_exit_status("256", &v), -ERANGE);
	assert_int_equal(value_add_exit_word("SIGTERM", &set), 0);
	assert_int_equal(value_add_exit_word("143", &set), 0);
	assert_true(set.signals == 1u << 15 && set.codes[2] == 1u << 15);
	assert_int_equal(value_add_exit_word("SIGFOO", &set), -EINVAL);
	assert_int_equal(value_capability_from_name("cap_net_admin"), 12);
	assert_int_equal(value_capability_from_name("CAP_NONE"), -EINVAL);
	assert_int_equal(value_parse_bool("Yes", &b), 0);
	assert_true(b);
	assert_int_equal(value_parse_bool("maybe", &b), -EINVAL);
	assert_int_equal(value_facility_from_name("local7"), 23);
	assert_int_equal(value_level_from_name("debug"), 7);
	assert_int_equal(value_parse_errno("EPERM", &e), 0);
	assert_int_equal(e, 1);
	assert_true(value_is_cpu_list("0-3 5,7"));
	assert_false(value_is_cpu_list("3-0"));
	assert_false(value_is_cpu_list(" "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timespan),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
