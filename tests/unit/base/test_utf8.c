// SPDX-License-Identifier: MIT
#include "../test.h"

#include <string.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/utf8.h"

static void test_decode(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		uint32_t number;
	} rows[] = {
		{ "a", 1, 'a' },
		{ "\xc3\xbc", 2, 0xfc },
		{ "\xe2\x82\xac", 3, 0x20ac },
		{ "\xf0\x9f\x98\x80", 4, 0x1f600 },
		{ "\x80", 0, 0 },
		{ "\xc3", 0, 0 },
		{ "\xc3x", 0, 0 },
		{ "\xc0\x80", 0, 0 },
		{ "\xe0\x80\x80", 0, 0 },
		{ "\xed\xa0\x80", 0, 0 },
		{ "\xf4\x90\x80\x80", 0, 0 },
		{ "\xff", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		uint32_t c = 0;

		assert_int_equal(
			utf8_decode(rows[i].text, strlen(rows[i].text), &c), rows[i].length);
		assert_int_equal(c, rows[i].number);
		assert_int_equal(utf8_is_valid(rows[i].text), rows[i].length != 0);
	}
	assert_true(utf8_is_valid(""));
	assert_false(utf8_is_valid("ok\xff"));
}

static void test_shown(void **state)
{
	(void)state;
	assert_true(utf8_is_shown("gr\xc3\xbc\xc3\x9f"));
	assert_false(utf8_is_shown("a\nb"));
	assert_false(utf8_is_shown("\x1b[31m"));
	assert_false(utf8_is_shown("\xc2\x9b"));
	assert_false(utf8_is_shown("\xe2\x80\xae"));
	assert_false(utf8_is_shown("\xd8\x9c"));
	assert_false(utf8_is_shown("\xff"));
}

static void test_escape(void **state)
{
	char buf[16];

	(void)state;
	assert_int_equal(utf8_escape("\xc3\xbc\n\xff", buf, sizeof(buf)), 10);
	assert_string_equal(buf, "\xc3\xbc\\x0a\\xff");
	assert_int_equal(utf8_escape("abcdef", buf, 4), 3);
	assert_string_equal(buf, "abc");
	/* No half characters and no half escapes. */
	assert_int_equal(utf8_escape("ab\xc3\xbc", buf, 4), 2);
	assert_int_equal(utf8_escape("ab\x1b", buf, 6), 2);
	assert_string_equal(buf, "ab");
	assert_int_equal(utf8_escape("x", buf, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
