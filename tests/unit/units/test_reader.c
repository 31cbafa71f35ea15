// SPDX-License-Identifier: MIT
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../runtime/base/limits.h"
#include "../../../units/reader.h"

struct fixture {
	struct arena a;
	struct diagnostics d;
	struct list lines;
	int r;
};

static void parse_n(struct fixture *f, const char *text, size_t n)
{
	struct reader_file file = { "/x/a.service", "a.service", text, n };

	arena_init(&f->a);
	diag_init(&f->d, &f->a);
	f->lines = (struct list) { 0 };
	f->r = reader_parse(&file, &f->a, &f->d, &f->lines);
}

static void parse(struct fixture *f, const char *text)
{
	parse_n(f, text, strlen(text));
}

static const struct reader_line *line(const struct fixture *f, size_t i)
{
	assert_true(i < f->lines.n);
	return (const struct reader_line *)f->lines.items + i;
}

static const struct diagnostic *diagnostic(const struct fixture *f, size_t i)
{
	assert_true(i < f->d.rows.n);
	return (const struct diagnostic *)f->d.rows.items + i;
}

static void test_plain(void **state)
{
	struct fixture f;

	(void)state;
	parse(&f, "# c\n; c\n\n[Unit]\r\nDescription = a ; b # c \n  After=x:y [z]\nEmpty=\nA=b=c");
	assert_int_equal(f.r, 0);
	assert_int_equal(f.lines.n, 5);
	assert_null(line(&f, 0)->key);
	assert_string_equal(line(&f, 0)->section, "Unit");
	assert_int_equal(line(&f, 0)->line, 4);
	assert_string_equal(line(&f, 1)->key, "Description");
	assert_string_equal(line(&f, 1)->value, "a ; b # c");
	assert_int_equal(line(&f, 1)->column, 15);
	assert_string_equal(line(&f, 2)->key, "After");
	assert_string_equal(line(&f, 2)->value, "x:y [z]");
	assert_string_equal(line(&f, 3)->value, "");
	assert_string_equal(line(&f, 4)->value, "b=c");
	arena_fini(&f.a);
}

static void test_continuation(void **state)
{
	struct fixture f;

	(void)state;
	parse(&f, "[S]\nA=one \\\n# in between \\\n; also\n\ttwo\\\n  three\nB=x\\\\\nC=y\\");
	assert_int_equal(f.r, 0);
	assert_int_equal(f.lines.n, 4);
	assert_string_equal(line(&f, 1)->value, "one  \ttwo   three");
	assert_int_equal(line(&f, 1)->line, 2);
	assert_string_equal(line(&f, 2)->key, "B");
	assert_string_equal(line(&f, 2)->value, "x\\\\");
	assert_int_equal(line(&f, 2)->line, 7);
	assert_string_equal(line(&f, 3)->value, "y");
	arena_fini(&f.a);
}

/* inih would split after 199 bytes and deliver "X=evil" as a setting of its own. */
static void test_long_line(void **state)
{
	static char text[100000];
	struct fixture f;
	size_t n = (size_t)sprintf(text, "[S]\nA=");

	(void)state;
	memset(text + n, 'a', 90000);
	for (size_t i = 0; i < 500; i++) {
		memcpy(text + n + 150 * i, "X=evil", 6);
	}
	parse(&f, text);
	assert_int_equal(f.r, 0);
	assert_int_equal(f.lines.n, 2);
	assert_int_equal(strlen(line(&f, 1)->value), 90000);
	arena_fini(&f.a);
}

/* Everything that inih would take and systemd would not; each is one error on its own line. */
static void test_bad_structure(void **state)
{
	static const char *const bad[] = { "key: v", "key: v = x", "noequals", "=x", "[open",
		"[a]b]", "[]", "[a", "[a;b]", "a b=c", "[S] x=1", "\xef\xbb\xbf[S]x" };
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[64];

		snprintf(text, sizeof(text), "[S]\nA=1\n %s\n[T]\nB=2\n", bad[i]);
		parse(&f, text);
		assert_int_equal(f.r, 1);
		assert_int_equal(f.d.rows.n, 1);
		assert_int_equal(diagnostic(&f, 0)->line, 3);
		assert_int_equal(f.lines.n, 4);
		assert_string_equal(line(&f, 3)->value, "2");
		assert_string_equal(line(&f, 3)->section, "T");
		arena_fini(&f.a);
	}
}

/* An indented line is no continuation of the value above, whatever inih was built with. */
static void test_no_multiline(void **state)
{
	struct fixture f;

	(void)state;
	parse(&f, "[S]\nA=1\n  more\n  B=2\n");
	assert_int_equal(f.r, 1);
	assert_int_equal(diagnostic(&f, 0)->line, 3);
	assert_int_equal(diagnostic(&f, 0)->column, 3);
	assert_string_equal(line(&f, 1)->value, "1");
	assert_string_equal(line(&f, 2)->key, "B");
	arena_fini(&f.a);
}

static void test_before_section(void **state)
{
	struct fixture f;

	(void)state;
	parse(&f, "A=1\n[S]\nB=2\n");
	assert_int_equal(f.r, 1);
	assert_int_equal(diagnostic(&f, 0)->line, 1);
	assert_int_equal(f.lines.n, 2);
	arena_fini(&f.a);
}

static void test_bytes(void **state)
{
	static const char nul[] = "[S]\nA=x\0y\nB=2\n";
	static const char *const bad[] = { "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80",
		"\xe2\x82" };
	struct fixture f;

	(void)state;
	parse_n(&f, nul, sizeof(nul) - 1);
	assert_int_equal(f.r, 1);
	assert_int_equal(diagnostic(&f, 0)->line, 2);
	assert_int_equal(diagnostic(&f, 0)->column, 4);
	assert_int_equal(f.lines.n, 2);
	arena_fini(&f.a);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[64];

		snprintf(text, sizeof(text), "[S]\nA=%s\nB=\xc3\xa4\n", bad[i]);
		parse(&f, text);
		assert_int_equal(f.r, 1);
		assert_int_equal(f.lines.n, 2);
		assert_string_equal(line(&f, 1)->value, "\xc3\xa4");
		arena_fini(&f.a);
	}
}

static void test_too_large(void **state)
{
	char *text = malloc(LIMIT_UNIT_FILE + 1);
	struct fixture f;

	(void)state;
	assert_non_null(text);
	memset(text, '#', LIMIT_UNIT_FILE + 1);
	parse_n(&f, text, LIMIT_UNIT_FILE + 1);
	assert_int_equal(f.r, 1);
	arena_fini(&f.a);
	parse_n(&f, text, LIMIT_UNIT_FILE);
	assert_int_equal(f.r, 0);
	arena_fini(&f.a);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_continuation),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_bad_structure),
		cmocka_unit_test(test_no_multiline),
		cmocka_unit_test(test_before_section),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
