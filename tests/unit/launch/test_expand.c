// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <string.h>

#include "../../../runtime/base/limits.h"
#include "../../../runtime/launch/expand.h"

static const char *vars[] = { "ONE=1", "WORDS= a  'b c' \"d\\\"e\" ", "EMPTY=", "ONE=last", NULL };
static const struct tlv_strv env = { vars, 4 };

/* Joins the expansion of one word with '|'. */
static const char *expand(const char *word)
{
	static char text[256];
	struct arena arena;
	struct tlv_strv ret;
	struct tlv_strv argv = { &word, 1 };

	text[0] = '\0';
	arena_init(&arena);
	assert_int_equal(argv_expand(&argv, &env, &arena, &ret), 0);
	for (uint32_t i = 0; i < ret.n; i++) {
		strcat(text, ret.items[i]);
		strcat(text, "|");
	}
	arena_fini(&arena);
	return text;
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(expand("plain"), "plain|");
	assert_string_equal(expand("$ONE"), "last|");
	assert_string_equal(expand("$WORDS"), "a|b c|d\"e|");
	assert_string_equal(expand("${WORDS}"), " a  'b c' \"d\\\"e\" |");
	assert_string_equal(expand("x${ONE}y"), "xlasty|");
	assert_string_equal(expand("x$ONE"), "x$ONE|");
	assert_string_equal(expand("$EMPTY"), "");
	assert_string_equal(expand("${EMPTY}"), "|");
	assert_string_equal(expand("$UNSET"), "");
	assert_string_equal(expand("-${UNSET}-"), "--|");
	assert_string_equal(expand("$$ONE"), "$ONE|");
	assert_string_equal(expand("a$$"), "a$|");
	assert_string_equal(expand("${ONE"), "${ONE|");
	assert_string_equal(expand("${1X}"), "${1X}|");
}

static void test_bounds(void **state)
{
	static char big[LIMIT_ARG_BYTES], line[LIMIT_ARG_BYTES + 2] = "B=";
	const char *lines[] = { line, NULL }, *word = "${B}x";
	struct tlv_strv e = { lines, 1 }, argv = { &word, 1 }, ret;
	struct arena arena;

	(void)state;
	memset(big, 'a', sizeof(big) - 1);
	strcat(line, big);
	arena_init(&arena);
	assert_int_equal(argv_expand(&argv, &e, &arena, &ret), -E2BIG);
	arena_fini(&arena);
}

static void test_env(void **state)
{
	const char *items[4] = { NULL };
	struct tlv_strv e = { items, 0 };

	(void)state;
	assert_int_equal(env_put(&e, 3, "A=1"), 0);
	assert_int_equal(env_put(&e, 3, "AB=2"), 0);
	assert_int_equal(env_put(&e, 3, "A=3"), 0);
	assert_int_equal(e.n, 2);
	assert_string_equal(env_find(&e, "A", 1), "3");
	assert_null(env_find(&e, "C", 1));
	env_unset(&e, "AB=9");
	assert_int_equal(e.n, 2);
	env_unset(&e, "A");
	assert_int_equal(e.n, 1);
	env_unset(&e, "AB=2");
	assert_int_equal(e.n, 0);
	assert_int_equal(env_put(&e, 1, "A=1"), 0);
	assert_int_equal(env_put(&e, 1, "B=1"), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_env),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
