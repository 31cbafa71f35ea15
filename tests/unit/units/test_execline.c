// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <string.h>

#include "../../../units/envline.h"
#include "../../../units/execline.h"

static const struct specifier_host host = { .host_name = "h.example", .arch = "x86-64" };
static const struct specifier_unit unit = { "web@a-b.service", "/x/web@.service", &host };

static int parse(struct arena *a, const char *text, struct list *ret, struct execline_error *error)
{
	struct execline line = { text, PHASE_START, "web.service:3", &unit };

	arena_init(a);
	*ret = (struct list) { 0 };
	*error = (struct execline_error) { 0 };
	return execline_parse(&line, a, ret, error);
}

static void test_words(void **state)
{
	struct arena a;
	struct list list;
	struct execline_error e;
	const struct unit_command *c;

	(void)state;
	assert_int_equal(
		parse(&a, "/bin/sh -c 'a \"b\" $X' \"x\\ty\" p=\"q r\" %i \\x41\\u00e4 %% \\;",
			&list, &e),
		0);
	c = list.items;
	assert_int_equal(list.n, 1);
	assert_int_equal(c->n_argv, 9);
	assert_string_equal(c->path, "/bin/sh");
	assert_string_equal(c->argv[0], "/bin/sh");
	assert_string_equal(c->argv[2], "a \"b\" $X");
	assert_string_equal(c->argv[3], "x\ty");
	assert_string_equal(c->argv[4], "p=q r");
	assert_string_equal(c->argv[5], "a-b");
	assert_string_equal(c->argv[6], "A\xc3\xa4");
	assert_string_equal(c->argv[7], "%");
	assert_string_equal(c->argv[8], ";");
	assert_null(c->argv[9]);
	arena_fini(&a);
}

static void test_prefixes(void **state)
{
	struct arena a;
	struct list list;
	struct execline_error e;
	const struct unit_command *c;

	(void)state;
	assert_int_equal(parse(&a, "-@:+/bin/x zero one ; !/y ; !!-z ;", &list, &e), 0);
	c = list.items;
	assert_int_equal(list.n, 3);
	assert_int_equal(c[0].flags, COMMAND_IGNORE_FAILURE | COMMAND_PRIVILEGED);
	assert_true(c[0].no_env_expansion);
	assert_string_equal(c[0].argv[0], "zero");
	assert_int_equal(c[0].n_argv, 2);
	assert_int_equal(c[1].flags, COMMAND_NO_SETUID);
	assert_int_equal(c[2].flags, COMMAND_AMBIENT | COMMAND_IGNORE_FAILURE);
	assert_string_equal(c[2].path, "z");
	arena_fini(&a);
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		unsigned column;
	} bad[] = { { "/bin/x 'open", 7 }, { "/bin/x \\", 7 }, { "rel/x", 0 }, { "/a/../b", 0 },
		{ "+!/x", 0 }, { "--/x", 0 }, { "-", 0 }, { "@/x", 0 }, { "/x a %? b", 5 },
		{ ";", 0 }, { "/x/", 0 }, { "/x %", 3 } };
	struct arena a;
	struct list list;
	struct execline_error e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(&a, bad[i].text, &list, &e), -EINVAL);
		assert_int_equal(list.n, 0);
		assert_non_null(e.text);
		assert_int_equal(e.column, bad[i].column);
		arena_fini(&a);
	}
}

/* systemd.syntax(7) knows no escape there: the word stays as it is, and somebody is told. */
static void test_odd_escapes(void **state)
{
	struct arena a;
	struct list list;
	struct execline_error e;
	const struct unit_command *c;

	(void)state;
	assert_int_equal(parse(&a, "/x \\x00 a\\.b '\\d' semi\\;x \\; y\\ z", &list, &e), 0);
	c = list.items;
	assert_int_equal(list.n, 1);
	assert_int_equal(c->n_argv, 7);
	assert_string_equal(c->argv[1], "\\x00");
	assert_string_equal(c->argv[2], "a\\.b");
	assert_string_equal(c->argv[3], "\\d");
	assert_string_equal(c->argv[4], "semi\\;x");
	assert_string_equal(c->argv[5], ";");
	assert_string_equal(c->argv[6], "y\\ z");
	assert_string_equal(e.odd, "\\x00");
	arena_fini(&a);
}

static void test_environment(void **state)
{
	struct envline line = { "A=1 \"B=x y\" 'C=%i' D=", ENVLINE_ASSIGNMENTS, "o", &unit };
	struct execline_error e = { 0 };
	struct list list = { 0 };
	const struct unit_item *items;
	struct arena a;

	(void)state;
	arena_init(&a);
	assert_int_equal(envline_parse(&line, &a, &list, &e), 0);
	items = list.items;
	assert_int_equal(list.n, 4);
	assert_string_equal(items[1].text, "B=x y");
	assert_string_equal(items[2].text, "C=a-b");
	assert_string_equal(items[3].text, "D=");
	line.value = "A=1 nothing";
	assert_int_equal(envline_parse(&line, &a, &list, &e), -EINVAL);
	assert_int_equal(e.column, 4);
	line.value = "1A=x";
	assert_int_equal(envline_parse(&line, &a, &list, &e), -EINVAL);
	line.form = ENVLINE_NAMES;
	line.value = "PATH HOME";
	assert_int_equal(envline_parse(&line, &a, &list, &e), 0);
	line.value = "PATH=x";
	assert_int_equal(envline_parse(&line, &a, &list, &e), -EINVAL);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_odd_escapes),
		cmocka_unit_test(test_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
