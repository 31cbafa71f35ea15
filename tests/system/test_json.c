// SPDX-License-Identifier: MIT
/*
 * --json on every reading verb of supctl, and the names that it suggests. Which verbs read is
 * supctl's own table (`supctl _words`): a verb that is new there fails here until it has a row.
 */
#include "check.h"

#include <fcntl.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "jsoncheck.h"

#define SLEEPER "[Service]\nExecStart=/bin/sleep infinity\n"

static const struct row {
	const char *verb;
	const char *line; /* what stands behind --json; DIR is the directory of units */
	const char *part; /* must be in the answer */
	int code;
	bool lines; /* one document a line */
} rows[] = {
	{ "audit", "audit web.service", "\"exposure\":", 0, false },
	{ "audit", "audit DIR/web.service", "\"checks\":[", 0, false },
	{ "blame", "blame", "{\"unit\":\"web.service\"", 0, false },
	{ "calendar", "calendar daily 2000-01-01", "\"elapses\":[]", 0, false },
	{ "calendar", "calendar daily nonsense", "\"normalized\":", 1, false },
	{ "cat", "cat web.service odd.service", "\\\"\\\\u00e4", 0, false },
	{ "critical-chain", "critical-chain web.service", "\"at_us\":", 0, false },
	{ "daemon-reload", "daemon-reload --dry-run", "\"changes\":[", 0, false },
	{ "denials", "denials web.service", "\"denials\":[", -1, false },
	{ "escape", "escape a/b c\"d", "[\"a-b\",", 0, false },
	{ "get-default", "get-default", "\"default.target\"", 0, false },
	{ "is-active", "is-active web absent", "\"web.service\":\"active\"", 0, false },
	{ "is-active", "is-active absent", "\"absent.service\":\"inactive\"", 4, false },
	{ "is-enabled", "is-enabled web absent", "\"web.service\":\"enabled\"", 1, false },
	{ "is-failed", "is-failed broken", "\"broken.service\":\"failed\"", 0, false },
	{ "is-system-running", "is-system-running", "\"degraded\"", 1, false },
	{ "list", "list --all", "{\"unit\":\"web.service\"", 0, false },
	{ "list", "list nothing-like-*", "[]", 0, false },
	{ "list-dependencies", "list-dependencies", "\"depth\":0", 0, false },
	{ "list-dependencies", "list-dependencies web bad!name", "", 2, false },
	{ "list-automounts", "list-automounts --all", "[", 0, false },
	{ "list-jobs", "list-jobs", "]", 0, false },
	{ "list-paths", "list-paths --all", "[", 0, false },
	{ "list-sockets", "list-sockets", "\"activates\":\"web.service\"", 0, false },
	{ "list-timers", "list-timers", "{\"unit\":\"later.timer\"", 0, false },
	{ "list-unit-files", "list-unit-files", "\"unit_file\":\"web.service\"", 0, false },
	{ "list-units", "list-units", "{\"unit\":\"web.service\"", 0, false },
	{ "logs", "logs odd.service", "\"MESSAGE\":\"two \\\"words\\\"", 0, true },
	{ "plot", "plot", "\"finish_us\":", 0, false },
	{ "profile", "profile web.service", "\"settings\":[", 0, false },
	{ "show", "show", "\"Version\":", 0, false },
	{ "show", "show web odd", "\"Id\":\"web.service\"", 0, false },
	{ "status", "status", "\"NNames\":", 0, false },
	{ "status", "status web broken", "\"Processes\":[{", 3, false },
	{ "status", "status absent", "", 4, false },
	{ "time", "time", "\"total_us\":", 0, false },
	{ "timespan", "timespan 5min 2h", "\"us\":300000000", 0, false },
	{ "timestamp", "timestamp @86400", "\"realtime_us\":86400000000", 0, false },
	{ "top", "top --iterations=2 --delay=1ms", "web.service", 0, false },
	{ "verify", "verify DIR/wrong.service", "\"severity\":\"error\"", 1, false },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		const struct row *row = &rows[i];
		const char *dir = strstr(row->line, "DIR");
		char line[256];
		int code;

		snprintf(line, sizeof(line), "%.*s%s%s",
			(int)(dir ? (size_t)(dir - row->line) : strlen(row->line)), row->line,
			dir ? s->units : "", dir ? dir + 3 : "");
		code = sys_answer(s, "--json %s", line);
		if (row->code >= 0 && code != row->code) {
			sys_fail(s, "supctl --json %s: exit code %d", line, code);
		}
		if (*row->part && !(row->lines ? jsoncheck_lines : jsoncheck_document)(s->output)) {
			sys_fail(s, "supctl --json %s: not JSON", line);
		}
		if (!sys_said(s, row->part)) {
			sys_fail(s, "supctl --json %s: without %s", line, row->part);
		}
	}
}

static bool has_row(const char *verb)
{
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (strcmp(rows[i].verb, verb) == 0) {
			return true;
		}
	}
	return false;
}

/* Every verb either has a row above, or refuses the option. */
static void test_all_verbs(void **state)
{
	AUTO_FREE char *words = NULL;
	size_t n_json = 0, n_refusing = 0;

	(void)state;
	CHECK(sys_answer(s, "_words") == 0);
	words = strdup(s->output);
	CHECK(words);
	for (char *save, *line = strtok_r(words, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save)) {
		char verb[64], json[80];

		if (sscanf(line, "json %63s", verb) == 1 && ++n_json && !has_row(verb)) {
			sys_fail(s, "%s reads, and has no row in this test", verb);
		}
		if (sscanf(line, "verb %63s", verb) != 1) {
			continue;
		}
		snprintf(json, sizeof(json), "json %s\n", verb);
		sys_answer(s, "_words");
		if (!sys_said(s, json)) {
			n_refusing++;
			if (sys_ctl(s, "--json %s web --", verb) == 0) {
				sys_fail(s, "%s takes --json", verb);
			}
		}
	}
	CHECK(n_json > 25 && n_refusing > 25);
	CHECK(sys_ctl(s, "--json stop web") == 1 && sys_said(s, "stop: --json goes with verbs"));
	CHECK(property_equals("web.service", "ActiveState", "active"));
}

/* The checker itself: it must be able to say no. */
static void test_checker(void **state)
{
	static const char *const good[] = { "{}", " [1,-0.5e+3,null]\n", "\"\\u00e4\\n\"",
		"{\"a\":{\"a\":true}}" };
	static const char *const bad[] = { "", "[1,]", "{\"a\":1,\"a\":2}", "[01]", "\"\x01\"",
		"\"\xff\"", "\"\\x\"", "[1] [2]", "{\"a\" 1}", "[", "nul", "\"\xed\xa0\x80\"" };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(good); i++) {
		assert_true(jsoncheck_document(good[i]));
	}
	for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
		assert_false(jsoncheck_document(bad[i]));
	}
	assert_true(jsoncheck_lines("{}\n[]\n"));
	assert_false(jsoncheck_lines("{}\n\n[]\n"));
}

static void check_says(const char *line, int code, const char *text)
{
	int got = sys_ctl(s, "%s", line);

	if (got != code || !sys_said(s, text)) {
		sys_fail(s, "supctl %s: %d, not %d with: %s", line, got, code, text);
	}
}

static void test_suggestions(void **state)
{
	(void)state;
	check_says("status wbe", 4, "could not be found; did you mean web.service?");
	check_says("status wbe web", 4, "● web.service");
	check_says("start wbe", 5, "not found; did you mean web.service?");
	check_says("stop web.servce", 5, "did you mean web.service?");
	check_says("kill web.path", 1, "did you mean web.s");
	check_says("status tmepl@x", 4, "did you mean templ@x.service?");
	check_says("status templ", 4, "did you mean templ@INSTANCE.service?");
	check_says("cat wbe", 1, "no unit file; did you mean web.service?");
	check_says("edit wbe", 1, "did you mean web.service?");
	check_says("enable wbe", 1, "wbe.service: did you mean web.service?");
	check_says("is-enabled wbe", 1, "did you mean web.service?");
	check_says("logs wbe", 1, "did you mean web.service?");
	check_says("status something-else-altogether", 4, "could not be found.");
	sys_unit(s, "fresh.service", SLEEPER);
	check_says("status frehs", 4, "did you mean fresh.service?");
	check_says("start fresh", 5, "its file is there: supctl daemon-reload reads it");
	CHECK(sys_ctl(s, "daemon-reload") == 0 && sys_ctl(s, "start fresh") == 0);
}

/* One operand that is no name: nothing is done to the others. */
static void test_all_or_nothing(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "kill web bad!name") == 2 && sys_said(s, "bad!name: not a unit name"));
	CHECK(property_equals("web.service", "ActiveState", "active"));
}

static int begin(void **state)
{
	setup(state);
	sys_unit(s, "web.service", SLEEPER "[Install]\nWantedBy=default.target\n");
	sys_unit(s, "web.socket", "[Socket]\nListenStream=/run/web.sock\n");
	sys_unit(s, "later.timer", "[Timer]\nOnActiveSec=1d\nUnit=web.service\n");
	sys_unit(s, "templ@.service", SLEEPER);
	sys_unit(s, "broken.service", "[Service]\nExecStart=/bin/false\n");
	sys_unit(s, "odd.service",
		"# \"\\u00e4 \x01\n[Service]\nType=oneshot\nRemainAfterExit=yes\n"
		"ExecStart=/bin/echo 'two \"words\"\\t\\xff'\n");
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	sys_unit(s, "wrong.service", "[Service]\nExecStart=/bin/true\nProtectSystem=maybe\n");
	CHECK(sys_ctl(s, "enable web") == 0);
	CHECK(sys_ctl(s, "start web.socket web.service later.timer odd.service") == 0);
	sys_ctl(s, "start broken");
	sys_wait(s, "broken.service", "ActiveState", "failed");
	wait_log("odd.service", "two ");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checker),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_all_verbs),
		cmocka_unit_test(test_suggestions),
		cmocka_unit_test(test_all_or_nothing),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, begin, teardown);
}
