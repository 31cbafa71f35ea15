// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <string.h>

#include "../../../runtime/launch/envfile.h"

static char seen[1024];

static int collect(void *ctx, const char *line, size_t len)
{
	(void)ctx;
	assert_int_equal(strlen(line), len);
	strcat(seen, line);
	strcat(seen, "|");
	return 0;
}

static const char *parse(const char *text)
{
	char scratch[512];

	seen[0] = '\0';
	assert_int_equal(env_file_parse(text, strlen(text), scratch, collect, NULL), 0);
	return seen;
}

static void test_grammar(void **state)
{
	(void)state;
	assert_string_equal(parse("A=1\nB = two words  \n"), "A=1|B=two words|");
	assert_string_equal(parse("# c\n; d\n\n  A=1"), "A=1|");
	assert_string_equal(parse("A='x $y \"'\n"), "A=x $y \"|");
	assert_string_equal(parse("A=\"x\\\"y\\n\\$\"\n"), "A=x\"y\\n$|");
	assert_string_equal(parse("A=\"two\nlines\"\nB=1"), "A=two\nlines|B=1|");
	assert_string_equal(parse("A=one\\\n two\n"), "A=one two|");
	assert_string_equal(parse("A='x'\"y\"z\n"), "A=xyz|");
	assert_string_equal(parse("A=\nB"), "A=|");
	assert_string_equal(parse("1A=x\nA-B=x\n=x\nC=y\n"), "C=y|");
	assert_string_equal(parse("# more \\\nA=1\n"), "");
	assert_string_equal(parse("A=1\r\nB=2\r\n"), "A=1|B=2|");
	assert_string_equal(parse("A='open"), "A=open|");
}

static void test_nul_is_refused(void **state)
{
	char scratch[16];

	(void)state;
	seen[0] = '\0';
	assert_int_equal(env_file_parse("A=\0b", 4, scratch, collect, NULL), -EBADMSG);
	assert_string_equal(seen, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_nul_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
