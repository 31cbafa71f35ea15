// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <string.h>

#include "../../../runtime/boot/boot.h"

static void test_words(void **state)
{
	static struct cmdline c;

	(void)state;
	cmdline_parse(&c, "quiet  root=/dev/a ro rootflags=\"a b\" root=/dev/b\n-- root=/dev/c");
	assert_string_equal(cmdline_find(&c, "root"), "/dev/b");
	assert_string_equal(cmdline_find(&c, "rootflags"), "a b");
	assert_string_equal(cmdline_find(&c, "ro"), "");
	assert_string_equal(cmdline_find(&c, "quiet"), "");
	assert_null(cmdline_find(&c, "rw"));
	assert_null(cmdline_find(&c, "roo"));
}

static void test_nothing_and_too_much(void **state)
{
	static struct cmdline c;
	static char text[BOOT_CMDLINE_MAX * 2];

	(void)state;
	cmdline_parse(&c, "");
	assert_null(cmdline_find(&c, "root"));
	memset(text, 'x', sizeof(text) - 1);
	cmdline_parse(&c, text);
	assert_null(cmdline_find(&c, "root"));
	for (size_t i = 1; i < sizeof(text) - 1; i += 2) {
		text[i] = ' ';
	}
	cmdline_parse(&c, text);
	assert_string_equal(cmdline_find(&c, "x"), "");
	cmdline_parse(&c, "a \"unclosed b");
	assert_string_equal(cmdline_find(&c, "unclosed b"), "");
}

/* A machine whose disk is slow to appear may be told to wait for ever. */
static void test_patience(void **state)
{
	static const struct {
		const char *words;
		uint32_t seconds;
	} rows[] = {
		{ "quiet", 30 },
		{ "rootwait", UINT32_MAX },
		{ "rootwait ro", UINT32_MAX },
		{ "rootwait=7", 7 },
		{ "rootwait rootwait=7", 7 },
		{ "rootwait=soon", 30 },
	};
	static struct cmdline c;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cmdline_parse(&c, rows[i].words);
		assert_int_equal(cmdline_root_patience(&c), rows[i].seconds);
	}
}

static void test_base64(void **state)
{
	static const struct {
		const char *in;
		int n; /* or -EINVAL */
		const char *out;
	} rows[] = {
		{ "", 0, "" },
		{ "Zg==", 1, "f" },
		{ "Zm8=", 2, "fo" },
		{ "Zm9v", 3, "foo" },
		{ "Zm8", 2, "fo" },
		{ "AP8Q", 3, "\0\377\020" },
		{ "Zm 8", -EINVAL, NULL },
		{ "Zg==Zg", -EINVAL, NULL },
		{ "Z-9v", -EINVAL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[32];

		strcpy(text, rows[i].in);
		assert_int_equal(credentials_base64(text), rows[i].n);
		if (rows[i].n > 0) {
			assert_memory_equal(text, rows[i].out, rows[i].n);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_nothing_and_too_much),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
