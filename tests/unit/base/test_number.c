// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <string.h>

#include "../../../runtime/base/number.h"

static void test_u64(void **state)
{
	uint64_t v = 7;

	(void)state;
	assert_int_equal(number_parse_u64("0", &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(number_parse_u64("18446744073709551615", &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(number_parse_u64("18446744073709551616", &v), -ERANGE);
	assert_int_equal(number_parse_u64("", &v), -EINVAL);
	assert_int_equal(number_parse_u64(" 1", &v), -EINVAL);
	assert_int_equal(number_parse_u64("+1", &v), -EINVAL);
	assert_int_equal(number_parse_u64("1000x", &v), -EINVAL);
	assert_true(v == UINT64_MAX);
}

static void test_i64(void **state)
{
	int64_t v = 0;

	(void)state;
	assert_int_equal(number_parse_i64("-9223372036854775808", &v), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(number_parse_i64("9223372036854775808", &v), -ERANGE);
	assert_int_equal(number_parse_i64("-", &v), -EINVAL);
}

/* CVE-2024-40635, CVE-2018-16888 class: nothing odd may become an id. */
static void test_id(void **state)
{
	static const char *const bad[] = { "", "-1", "0x0", "2147483647", "2147483648",
		"4294967295", "4294967296", "18446744073709551616", "1000x", "1 ", "root" };
	uint32_t id = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(number_parse_id(bad[i], &id) < 0);
		assert_int_equal(id, 42);
	}
	assert_int_equal(number_parse_id("2147483646", &id), 0);
	assert_int_equal(id, 2147483646);
}

static void test_mode(void **state)
{
	mode_t mode = 1;

	(void)state;
	assert_int_equal(number_parse_mode("0755", &mode), 0);
	assert_int_equal(mode, 0755);
	assert_int_equal(number_parse_mode("10000", &mode), -ERANGE);
	assert_int_equal(number_parse_mode("8", &mode), -EINVAL);
}

static void test_format(void **state)
{
	char buf[21];

	(void)state;
	assert_int_equal(number_format_u64(buf, 0), 1);
	assert_string_equal(buf, "0");
	assert_int_equal(number_format_u64(buf, UINT64_MAX), 20);
	assert_string_equal(buf, "18446744073709551615");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_i64),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_mode),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
