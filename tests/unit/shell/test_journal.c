// SPDX-License-Identifier: MIT
#include "../test.h"

#include <string.h>

#include "../../../supervisor/journal.h"

static void test_escape(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} rows[] = {
		{ "plain\ttext", "plain\ttext" },
		{ "a\nFAKE=1", "a\\x0aFAKE=1" },
		{ "\x1b[31m", "\\x1b[31m" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xc2\x9b", "\\xc2\\x9b" },          /* CSI as C1 */
		{ "\xff\xc3", "\\xff\\xc3" },          /* no UTF-8 */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* a surrogate */
		{ "\x7f", "\\x7f" },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(text_escape(rows[i].in, buf, sizeof(buf)), strlen(rows[i].out));
		assert_string_equal(buf, rows[i].out);
	}
	assert_int_equal(text_escape("ab\xc3\xbc", buf, 4), 2);
	assert_string_equal(buf, "ab");
}

static void test_record(void **state)
{
	static const uint8_t id[16] = { 0xab, 1 }, none[16];
	struct journal_record r;

	(void)state;
	journal_begin(&r, 6, "hello\nUNIT=evil");
	journal_unit(&r, "web.service", id);
	journal_field(&r, "EMPTY", "");
	assert_int_equal(r.data[r.size - 1], '\n');
	r.data[r.size] = '\0';
	assert_string_equal(r.data, "MESSAGE=hello\\x0aUNIT=evil\nPRIORITY=6\n"
				    "SYSLOG_IDENTIFIER=supd\nSYSLOG_FACILITY=3\nUNIT=web.service\n"
				    "OBJECT_SYSTEMD_UNIT=web.service\n"
				    "INVOCATION_ID=ab010000000000000000000000000000\n");
	journal_begin(&r, 6, "x");
	journal_unit(&r, "a.service", none);
	r.data[r.size] = '\0';
	assert_null(strstr(r.data, "INVOCATION_ID"));
}

static void test_bounds(void **state)
{
	struct journal_record r;
	char large[5000];

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	journal_begin(&r, 6, large);
	for (int i = 0; i < 10; i++) {
		journal_field(&r, "MORE", large);
	}
	assert_true(r.size <= sizeof(r.data));
	assert_int_equal(r.data[r.size - 1], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
