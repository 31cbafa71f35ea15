// SPDX-License-Identifier: MIT
#include "../test.h"

#include <string.h>

#include "../../../runtime/launch/compare.h"
#include "../../../runtime/launch/conditions.h"
#include "../../../runtime/launch/hostfacts.h"

/* The parameter says what the test finds: "y" or "n". */
static int answer(const struct plan_condition *c, void *ctx)
{
	(void)ctx;
	return c->parameter[0] == 'y';
}

/* "y", "n", "!y", "|n", "|!y", "ay" (assert) … separated by blanks. */
static int evaluate(const char *text)
{
	static const char *const answers[] = { "n", "y" };
	struct plan_condition list[8] = { 0 };
	uint32_t n = 0;

	for (; *text; text++) {
		switch (*text) {
		case '|':
			list[n].trigger = 1;
			break;
		case '!':
			list[n].negate = 1;
			break;
		case 'a':
			list[n].assert = 1;
			break;
		case ' ':
			break;
		default:
			list[n++].parameter = answers[*text == 'y'];
		}
	}
	return conditions_evaluate(list, n, answer, NULL);
}

static void test_lists(void **state)
{
	(void)state;
	assert_int_equal(evaluate(""), -1);
	assert_int_equal(evaluate("y y"), -1);
	assert_int_equal(evaluate("y n y"), 1);
	assert_int_equal(evaluate("!n"), -1);
	assert_int_equal(evaluate("!y"), 0);
	assert_int_equal(evaluate("|n |y"), -1);
	assert_int_equal(evaluate("y |n |n"), 1);
	assert_int_equal(evaluate("n |y"), 0);
	assert_int_equal(evaluate("|!n"), -1);
	assert_int_equal(evaluate("an y"), 0);
	assert_int_equal(evaluate("an n"), 1);
	assert_int_equal(evaluate("|y a|n"), 1);
}

static void test_versions(void **state)
{
	(void)state;
	assert_true(condition_version_matches(">=5.10", "6.1.0-9"));
	assert_true(condition_version_matches(">= 6.1 < 6.10", "6.9"));
	assert_false(condition_version_matches("<6.9", "6.10"));
	assert_true(condition_version_matches("!=6.1", "6.2"));
	assert_true(condition_version_matches("6.*", "6.2"));
	assert_false(condition_version_matches("", "6.2"));
}

/* The order of the version format specification: each is older than the next. */
static void test_version_order(void **state)
{
	static const char *const sorted[] = { "a", "abc", "abcd", "b", "0", "1~rc1", "1~rc2", "1",
		"1-2", "1^p1", "1.a", "1.0", "1.1", "1.2", "1.10", "2", "11",
		"18446744073709551617", "99999999999999999999" };

	(void)state;
	for (size_t i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++) {
		for (size_t k = 0; k < sizeof(sorted) / sizeof(sorted[0]); k++) {
			assert_int_equal(compare_versions(sorted[i], sorted[k]), (i > k) - (i < k));
		}
	}
	assert_int_equal(compare_versions("~1", ""), -1);
	assert_int_equal(compare_versions("1_2", "1+2"), 0);
	assert_int_equal(compare_versions("007", "7"), 0);
}

static void test_operators(void **state)
{
	(void)state;
	assert_true(condition_version_matches("$= 6.*", "6.2"));
	assert_false(condition_version_matches("!$=6.*", "6.2"));
	assert_true(condition_version_matches("<>6.1", "6.1.0"));
	assert_true(condition_version_matches("==06.1", "6.1"));
	assert_false(condition_version_matches("=06.1", "6.1"));
	assert_false(condition_version_matches("=", "6.1"));
	assert_true(condition_number_matches("<> 3", 2));
	assert_true(condition_number_matches("== 3", 3));
	assert_false(condition_number_matches("$= 3", 3));
	assert_true(condition_number_matches("= 1.5K", 1536));
	assert_true(condition_number_matches("= 0.000000001G", 1));
	assert_true(condition_number_matches("= 2 K", 2048));
	assert_true(condition_number_matches("= 15E", UINT64_C(15) << 60));
	assert_false(condition_number_matches("<= 16E", 1));
	assert_false(condition_number_matches("= 15.9999999999E", 1));
	assert_false(condition_number_matches("> K", 1));
	assert_false(condition_number_matches("> 1KK", 1u << 30));
	assert_true(host_os_release_matches("ID=debian\n", "NONESUCH<1 NONESUCH!=x ID$=deb*"));
	assert_true(host_os_release_matches("ID='debian'\n", "ID=debian ID<>12 ID<1"));
	assert_false(host_os_release_matches("ID=debian\n", "ID="));
	assert_false(host_os_release_matches("ID=debian\n", "ID"));
	assert_false(host_os_release_matches("ID=debian\n", "=debian"));
	assert_true(host_os_release_matches("NAME=\"Bob's\"\n", "NAME=Bob's"));
	assert_true(host_os_release_matches("NAME='a\"b'\n", "NAME=a\"b"));
	assert_true(host_os_release_matches("NAME=Bob's\n", "NAME=Bob's"));
}

static void test_architecture(void **state)
{
	(void)state;
	assert_string_equal(host_architecture_name("x86_64"), "x86-64");
	assert_string_equal(host_architecture_name("i586"), "x86");
	assert_string_equal(host_architecture_name("aarch64"), "arm64");
	assert_string_equal(host_architecture_name("ppc64le"), "ppc64-le");
	assert_string_equal(host_architecture_name("s390x"), "s390x");
}

static void test_numbers(void **state)
{
	(void)state;
	assert_true(condition_number_matches(">= 1G", 1u << 30));
	assert_false(condition_number_matches("> 1G", 1u << 30));
	assert_true(condition_number_matches("2", 2));
	assert_false(condition_number_matches("1X", 2));
	assert_false(condition_number_matches(">= 99999999T", UINT64_MAX));
}

static void test_words(void **state)
{
	const char *line = "quiet root=/dev/sda \"a b\" single";

	(void)state;
	assert_true(condition_cmdline_has(line, "quiet"));
	assert_true(condition_cmdline_has(line, "root"));
	assert_true(condition_cmdline_has(line, "root=/dev/sda"));
	assert_true(condition_cmdline_has(line, "single"));
	assert_false(condition_cmdline_has(line, "root=/dev/sd"));
	assert_false(condition_cmdline_has(line, "b"));
	assert_true(host_has_words("cpu io memory", "memory cpu"));
	assert_false(host_has_words("cpu io", "memory"));
	assert_int_equal(host_capability("CAP_KILL"), 5);
	assert_int_equal(host_capability("net_admin"), 12);
	assert_true(host_capability("CAP_NONE") < 0);
	assert_true(host_os_release_matches("ID=debian\nVERSION_ID=\"12\"\n", "ID=debian"));
	assert_true(host_os_release_matches("ID=debian\nVERSION_ID=\"12\"\n", "VERSION_ID>=11"));
	assert_false(host_os_release_matches("ID=debian\n", "ID=debia"));
}

static void test_globs(void **state)
{
	(void)state;
	assert_true(condition_glob("*", ""));
	assert_true(condition_glob("a*c", "abbc"));
	assert_true(condition_glob("a*b*c", "axbxbc"));
	assert_true(condition_glob("?x", "ax"));
	assert_true(condition_glob("[0-9]*.[!a]?]", "6.bc]"));
	assert_false(condition_glob("[0-9]*", "x6"));
	assert_false(condition_glob("[^a-c]", "b"));
	assert_true(condition_glob("[]a]", "]"));
	assert_true(condition_glob("[a", "[a"));
	assert_true(condition_glob("\\*", "*"));
	assert_false(condition_glob("\\*", "a"));
	assert_false(condition_glob("a*c", "abd"));
	assert_false(condition_glob("", "a"));
	assert_false(condition_glob("a", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_version_order),
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_architecture),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_globs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
