// SPDX-License-Identifier: MIT
#include "../../../supervisor/log/logline.h"

#include <errno.h>
#include <string.h>

#include "../test.h"

static void test_split(void **state)
{
	static char big[LIMIT_LOG_LINE + 2];
	struct log_line line;

	(void)state;
	assert_true(logline_next("a\nb", 3, &line));
	assert_int_equal(line.size, 1);
	assert_int_equal(line.consumed, 2);
	assert_true(logline_next("a\0b\n", 4, &line));
	assert_int_equal(line.size, 1);
	assert_false(logline_next("abc", 3, &line));
	memset(big, 'x', sizeof(big));
	assert_false(logline_next(big, LIMIT_LOG_LINE, &line));
	assert_true(logline_next(big, LIMIT_LOG_LINE + 1, &line));
	assert_true(line.cut);
	assert_int_equal(line.consumed, LIMIT_LOG_LINE);
	big[LIMIT_LOG_LINE] = '\n';
	assert_true(logline_next(big, LIMIT_LOG_LINE + 1, &line));
	assert_false(line.cut);
	assert_int_equal(line.consumed, LIMIT_LOG_LINE + 1);
}

static void test_prefix(void **state)
{
	static const struct {
		const char *text;
		uint32_t priority;
		const char *rest;
	} cases[] = {
		{ "<3>x", 3, "x" },
		{ "<30>x", 6, "x" },
		{ "<191>x", 7, "x" },
		{ "<192>x", 9, "<192>x" },
		{ "<>x", 9, "<>x" },
		{ "<3x", 9, "<3x" },
		{ "<1234>", 9, "<1234>" },
		{ "<", 9, "<" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct log_line line = { .text = cases[i].text, .size = strlen(cases[i].text) };
		uint32_t priority = 9;

		logline_strip_prefix(&line, &priority);
		assert_int_equal(priority, cases[i].priority);
		assert_int_equal(line.size, strlen(cases[i].rest));
		assert_memory_equal(line.text, cases[i].rest, line.size);
	}
}

static void test_header(void **state)
{
	const char *good = "id\nweb.service\n30\n1\n0\n0\n0\nrest";
	struct logline_header h;
	size_t length = strlen(good) - 4;

	(void)state;
	assert_int_equal(logline_parse_header(good, strlen(good), &h), length);
	assert_string_equal(h.identifier, "id");
	assert_string_equal(h.unit, "web.service");
	assert_int_equal(h.priority, 6);
	assert_true(h.level_prefix);
	for (size_t i = 0; i < length; i++) {
		assert_int_equal(logline_parse_header(good, i, &h), 0);
	}
	assert_int_equal(logline_parse_header("id\n../x\nnine\n1\n0\n0\n0\n", 21, &h), -EBADMSG);
	assert_true(logline_parse_header("i\n../x\n6\n1\n0\n0\n0\n", 17, &h) > 0);
	assert_string_equal(h.unit, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
