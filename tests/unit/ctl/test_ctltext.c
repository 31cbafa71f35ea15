// SPDX-License-Identifier: MIT
/* Escapes, JSON, tables, the process tree, names, options, exit codes. */
#include "../test.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../supervisor/ctl/exitcode.h"
#include "../../../supervisor/ctl/json.h"
#include "../../../supervisor/ctl/names.h"
#include "../../../supervisor/ctl/options.h"
#include "../../../supervisor/ctl/proctree.h"
#include "../../../supervisor/ctl/table.h"
#include "../../../supervisor/ctl/text.h"
#include "../../../supervisor/ctl/verbs.h"
#include "../../../supervisor/ctl/verify.h"

static void test_escape(void **state)
{
	static const struct {
		const char *in, *out;
		unsigned flags;
	} cases[] = {
		{ "plain ü ✓", "plain ü ✓", 0 },
		{ "a\nb\tc", "a\\nb\\tc", 0 },
		{ "a\nb\tc", "a\nb\tc", TEXT_KEEP_LINES },
		{ "\033[31m", "\\x1b[31m", TEXT_KEEP_LINES },
		{ "\xff\xc3", "\\xff\\xc3", 0 },
		{ "\xc2\x9b"
		  "5n",
			"\\xc2\\x9b5n", 0 },              /* C1: CSI */
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae", 0 }, /* right-to-left override */
		{ "\xc0\xaf", "\\xc0\\xaf", 0 },          /* overlong */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80", 0 }, /* surrogate */
		{ "\r", "\\x0d", TEXT_KEEP_LINES },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		AUTO_FREE char *text =
			text_escape(cases[i].in, strlen(cases[i].in), 100, cases[i].flags);

		assert_string_equal(text, cases[i].out);
	}
}

static void test_cut(void **state)
{
	AUTO_FREE char *whole = text_escape("aüb", 4, 4, 0);
	AUTO_FREE char *cut = text_escape("aüb", 4, 2, 0);

	(void)state;
	assert_string_equal(whole, "aüb");
	assert_string_equal(cut, "a…");
	assert_int_equal(text_columns("aü…"), 3);
}

static void test_json(void **state)
{
	AUTO_FREE char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct json j;

	(void)state;
	json_init(&j, out);
	json_object(&j, NULL);
	json_string(&j, "a\"b", "\\ \n\001 ü \xff");
	json_array(&j, "list");
	json_end(&j);
	json_array(&j, "more");
	json_u64(&j, NULL, UINT64_MAX);
	json_i64(&j, NULL, INT64_MIN);
	json_bool(&j, NULL, true);
	json_string(&j, NULL, NULL);
	json_double(&j, NULL, 0.0 / 0.0);
	json_object(&j, NULL);
	json_end(&j);
	json_end(&j);
	json_bool(&j, "last", false);
	json_end(&j);
	json_string(&j, NULL, "second document");
	/* CSI as one character, a right-to-left override: escaped, and the same to a parser */
	json_string(&j, NULL,
		"a\xc2\x9b"
		"31m\xe2\x80\xae");
	fclose(out);
	assert_string_equal(text,
		"{\"a\\\"b\":\"\\\\ \\u000a\\u0001 ü \xef\xbf\xbd\",\"list\":[],"
		"\"more\":[18446744073709551615,-9223372036854775808,true,null,null,{}],"
		"\"last\":false}\n\"second document\"\n\"a\\u009b31m\\u202e\"\n");
}

static void test_table(void **state)
{
	static const char *const titles[] = { "A", "LONG", "LAST" };
	AUTO_FREE char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct table t;

	(void)state;
	table_init(&t, titles, 3);
	assert_int_equal(table_add(&t, (const char *const[]) { "üü", "x", "end" }), 0);
	assert_int_equal(table_add(&t, (const char *const[]) { "a\033", NULL, "" }), 0);
	table_print(&t, out, true);
	table_fini(&t);
	fclose(out);
	assert_string_equal(text, "A     LONG LAST\nüü    x    end\na\\x1b      \n");
}

static void test_tree(void **state)
{
	struct proctree_process p[] = {
		{ "/s/w/sub/deep", 30, "deep" },
		{ "/s/w", 11, "second\nline" },
		{ "/s/w", 9, "first" },
		{ "/s/w/zub", 40, "last" },
		{ "/elsewhere", 1, "stray" },
	};
	AUTO_FREE char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	proctree_print(out, &(struct proctree) { "/s/w", p, ELEMENTSOF(p), "> ", 0 });
	fclose(out);
	assert_string_equal(text, "> ├─1 stray\n"
				  "> ├─9 first\n"
				  "> ├─11 second\\nline\n"
				  "> ├─sub\n"
				  "> │ └─deep\n"
				  "> │   └─30 deep\n"
				  "> └─zub\n"
				  ">   └─40 last\n");
}

static void test_tree_flat(void **state)
{
	struct proctree_process p[] = { { "/a", 2, "abcdef" }, { "/a", 1, "ab" } };
	AUTO_FREE char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	proctree_print(out, &(struct proctree) { "/", p, ELEMENTSOF(p), "", 3 });
	fclose(out);
	assert_string_equal(text, "└─a\n  ├─1 ab\n  └─2 abc…\n");
}

static void test_names(void **state)
{
	char name[LIMIT_UNIT_NAME];

	(void)state;
	assert_int_equal(names_complete("web", name), 0);
	assert_string_equal(name, "web.service");
	assert_int_equal(names_complete("web@7", name), 0);
	assert_string_equal(name, "web@7.service");
	assert_int_equal(names_complete("a.socket", name), 0);
	assert_string_equal(name, "a.socket");
	assert_int_equal(names_complete("/srv/data", name), 0);
	assert_string_equal(name, "srv-data.mount");
	assert_int_equal(names_complete("a b", name), -EINVAL);
	assert_int_equal(names_complete("../x", name), -EINVAL);
	assert_int_equal(names_complete("", name), -EINVAL);
	assert_int_equal(names_complete_as("web", ".timer", name), 0);
	assert_string_equal(name, "web.timer");
	assert_int_equal(names_complete_as("/srv", ".automount", name), 0);
	assert_string_equal(name, "srv.automount");
	assert_int_equal(names_complete_pattern_as("we?", ".path", name), 0);
	assert_string_equal(name, "we?.path");
	assert_int_equal(names_signal("SIGHUP"), SIGHUP);
	assert_int_equal(names_signal("USR1"), SIGUSR1);
	assert_int_equal(names_signal("9"), SIGKILL);
	assert_int_equal(names_signal("RTMIN+2"), SIGRTMIN + 2);
	assert_int_equal(names_signal("0"), -EINVAL);
	assert_int_equal(names_signal("NOPE"), -EINVAL);
}

static void test_path(void **state)
{
	AUTO_FREE char *path = ctl_unit_path("web@a-b.service");
	AUTO_FREE char *digit = ctl_unit_path("7.service");

	(void)state;
	assert_string_equal(path, "/org/freedesktop/systemd1/unit/web_40a_2db_2eservice");
	assert_string_equal(digit, "/org/freedesktop/systemd1/unit/_37_2eservice");
}

static void test_options(void **state)
{
	char *argv[] = { (char *)"supctl", (char *)"show", (char *)"-pA", (char *)"a",
		(char *)"--property=B,C", (char *)"-sHUP", (char *)"-n", (char *)"3", (char *)"--",
		(char *)"-x", NULL };
	char *wrong[] = { (char *)"supctl", (char *)"-n", (char *)"many", NULL };
	char *near[] = { (char *)"supctl", (char *)"--folow", NULL };
	char *value[] = { (char *)"supctl", (char *)"show", (char *)"-P", (char *)"Id", NULL };
	char *user[] = { (char *)"supctl", (char *)"--user", NULL };
	char what[OPTIONS_WRONG];
	struct options o;

	(void)state;
	assert_int_equal(options_parse(&o, 10, argv, "/env", what), 0);
	assert_string_equal(o.runtime_dir, "/env");
	assert_int_equal(o.n_properties, 2);
	assert_string_equal(o.properties[1], "B,C");
	assert_int_equal(o.signal, SIGHUP);
	assert_int_equal(o.lines, 3);
	assert_int_equal(o.n_args, 3);
	assert_string_equal(o.args[2], "-x");
	assert_int_equal(options_parse(&o, 3, wrong, NULL, what), -EINVAL);
	assert_string_equal(what, "--lines: many: not a number up to 1000000, or all");
	assert_string_equal(o.runtime_dir, "/run/supd");
	wrong[1] = (char *)"--nonsense";
	assert_int_equal(options_parse(&o, 2, wrong, NULL, what), -EINVAL);
	assert_string_equal(what, "option not understood: --nonsense (see supctl help)");
	wrong[1] = (char *)"-n";
	assert_int_equal(options_parse(&o, 2, wrong, NULL, what), -EINVAL);
	assert_string_equal(what, "-n needs an argument: --lines N");
	wrong[1] = (char *)"--type";
	assert_int_equal(options_parse(&o, 2, wrong, NULL, what), -EINVAL);
	assert_string_equal(what, "--type needs an argument: --type TYPE");
	wrong[1] = (char *)"--all=yes";
	assert_int_equal(options_parse(&o, 2, wrong, NULL, what), -EINVAL);
	assert_string_equal(what, "--all takes no argument");
	assert_int_equal(options_parse(&o, 2, near, NULL, what), -EINVAL);
	assert_string_equal(what, "option not understood: --folow; did you mean --follow?");
	assert_int_equal(options_parse(&o, 2, user, NULL, what), -EINVAL);
	assert_string_equal(what, "--user: there is one supd; name another by --runtime-dir");
	assert_int_equal(options_parse(&o, 4, value, NULL, what), 0);
	assert_true(o.value && !o.pipe);
	assert_int_equal(o.n_args, 1);
	assert_string_equal(o.properties[0], "Id");
}

static void test_codes(void **state)
{
	char text[64];

	(void)state;
	assert_int_equal(exitcode_is_active("loaded", "active"), 0);
	assert_int_equal(exitcode_is_active("loaded", "reloading"), 0);
	assert_int_equal(exitcode_is_active("loaded", "activating"), 3);
	assert_int_equal(exitcode_is_active("not-found", "inactive"), 4);
	assert_int_equal(exitcode_is_active("not-found", "active"), 0);
	assert_int_equal(exitcode_status("loaded", "activating"), 0);
	assert_int_equal(exitcode_status("loaded", "failed"), 3);
	assert_int_equal(exitcode_status("not-found", "inactive"), 4);
	assert_int_equal(exitcode_is_failed("failed"), 0);
	assert_int_equal(exitcode_is_enabled("static"), 0);
	assert_int_equal(exitcode_is_enabled("disabled"), 1);
	assert_int_equal(exitcode_of_error("org.freedesktop.systemd1.NoSuchUnit"), 5);
	assert_int_equal(exitcode_of_error("org.freedesktop.DBus.Error.AccessDenied"), 4);
	assert_int_equal(exitcode_of_error(NULL), 1);
	assert_int_equal(exitcode_of_job("skipped"), 0);
	assert_int_equal(exitcode_of_job("dependency"), 1);
	exitcode_describe(CLD_EXITED, 1, text, sizeof(text));
	assert_string_equal(text, "exited, status=1/FAILURE");
	exitcode_describe(CLD_KILLED, SIGTERM, text, sizeof(text));
	assert_string_equal(text, "killed, signal=TERM");
	exitcode_sentence(CLD_DUMPED, SIGABRT, text, sizeof(text));
	assert_string_equal(text, "dumped core on signal ABRT");
}

static void test_verbs(void **state)
{
	(void)state;
	for (size_t i = 0; verbs_at(i); i++) {
		assert_non_null(verbs_at(i)->run);
		assert_ptr_equal(verbs_find(verbs_at(i)->name), verbs_at(i));
	}
	assert_string_equal(verbs_nearest("strt"), "start");
	assert_null(verbs_nearest("completely-else"));
}

static void test_verify_line(void **state)
{
	char located[] = "/a:b/x.service:14:3: warning: unknown key, error: no";
	char plain[] = "x.service: error: refused";
	char other[] = "(3 more)";
	AUTO_FREE char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct json j;

	(void)state;
	json_init(&j, out);
	verify_line_json(&j, located);
	verify_line_json(&j, plain);
	verify_line_json(&j, other);
	fclose(out);
	assert_string_equal(text,
		"{\"file\":\"/a:b/x.service\",\"line\":14,\"column\":3,\"severity\":\"warning\","
		"\"text\":\"unknown key, error: no\"}\n"
		"{\"file\":\"x.service\",\"line\":0,\"column\":0,\"severity\":\"error\","
		"\"text\":\"refused\"}\n"
		"{\"file\":\"\",\"line\":0,\"column\":0,\"severity\":\"note\","
		"\"text\":\"(3 more)\"}\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_tree_flat),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_verify_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
