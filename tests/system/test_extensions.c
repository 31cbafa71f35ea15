// SPDX-License-Identifier: MIT
/* ExtensionDirectories=, from inside: what is laid over what, whose system it must be for, and that
 * nothing of the host's /usr changes. */
#include "../unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"

#define TOP      "/srv/ext"
#define RELEASES "/usr/lib/extension-release.d/extension-release."

static void make_parents(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		CHECK(mkdir(path, 0755) == 0 || errno == EEXIST);
		*p = '/';
	}
}

static void put(const char *dir, const char *path, const char *text)
{
	char at[256];

	snprintf(at, sizeof(at), TOP "/%s%s", dir, path);
	make_parents(at);
	write_text(at, text);
}

static void make_extension(const char *name, const char *release)
{
	char path[128];

	snprintf(path, sizeof(path), RELEASES "%s", name);
	put(name, path, release);
}

static int setup(void **state)
{
	int r = ask_setup(state);

	make_extension("one", "ID=_any\n");
	put("one", "/usr/share/who", "one\n");
	put("one", "/usr/share/one", "one\n");
	put("one", "/opt/tool/a", "tool\n");
	make_extension("two", "ID=_any\n");
	put("two", "/usr/share/who", "two\n");
	put("two", "/etc/not-taken", "two\n");
	make_extension("other", "ID=other-system\nVERSION_ID=1\n");
	make_extension("arch", "ID=_any\nARCHITECTURE=pdp11\n");
	put("nameless", "/usr/share/who", "nameless\n");
	put("tree", "/etc/os-release", "ID=tree\nVERSION_ID=7\n");
	put("tree", "/usr/share/own", "own\n");
	put("tree", "/proc/.keep", "");
	put("tree", "/sys/.keep", "");
	put("tree", "/dev/.keep", "");
	put("tree", "/run/.keep", "");
	put("tree", "/var/lib/.keep", "");
	make_extension("fit", "ID=tree\nVERSION_ID=7\n");
	put("fit", "/usr/share/who", "fit\n");
	put("fit", "/opt/new", "new\n");
	return r;
}

#define UNIT(profile, lines, words)                                                                \
	"[Container]\nProfile=" profile "\n[Service]\nType=oneshot\n" lines                        \
	"ExecStart=DIR/probe " words "\n"

static void test_layers(void **state)
{
	static const struct expected rows[] = {
		{ "cat:/usr/share/who", "two" },
		{ "cat:/usr/share/one", "one" },
		{ "cat:/opt/tool/a", "tool" },
		{ "read:/usr/lib/os-release", "ok" },
		{ "write:/usr/share/new", "EROFS" },
		{ "write:/opt/new", "EROFS" },
		{ "read:/etc/not-taken", "ENOENT" },
	};
	static const char *const profiles[] = {
		UNIT("trusted", "ExtensionDirectories=" TOP "/one " TOP "/two\n",
			"cat:/usr/share/who cat:/usr/share/one cat:/opt/tool/a "
			"read:/usr/lib/os-release write:/usr/share/new write:/opt/new "
			"read:/etc/not-taken"),
		UNIT("compat",
			"ExtensionDirectories=" TOP "/one\nExtensionDirectories=" TOP "/two\n",
			"cat:/usr/share/who cat:/usr/share/one cat:/opt/tool/a "
			"read:/usr/lib/os-release write:/usr/share/new write:/opt/new "
			"read:/etc/not-taken"),
		UNIT("standard", "ExtensionDirectories=" TOP "/one " TOP "/two -" TOP "/none\n",
			"cat:/usr/share/who cat:/usr/share/one cat:/opt/tool/a "
			"read:/usr/lib/os-release write:/usr/share/new write:/opt/new "
			"read:/etc/not-taken"),
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(profiles); i++) {
		run("layers.service", profiles[i]);
		expect_all(rows, ELEMENTSOF(rows));
	}
	CHECK(access("/usr/share/who", F_OK) < 0 && access("/opt/tool", F_OK) < 0);
}

/* In a root of its own: its os-release counts, its /opt need not be there. */
static void test_own_root(void **state)
{
	static const struct expected rows[] = {
		{ "cat:/usr/share/who", "fit" },
		{ "cat:/usr/share/own", "own" },
		{ "cat:/opt/new", "new" },
	};

	(void)state;
	CHECK(symlink("/nowhere", TOP "/tree/usr/share/who") == 0);
	run("tree.service",
		"[Container]\nProfile=standard\n[Service]\nType=oneshot\nRootDirectory=" TOP
		"/tree\n"
		"BindReadOnlyPaths=DIR/probe:/usr/probe\nExtensionDirectories=" TOP "/fit\n"
		"ExecStart=/usr/probe cat:/usr/share/who cat:/usr/share/own cat:/opt/new\n");
	expect_all(rows, ELEMENTSOF(rows));
}

static void test_refused(void **state)
{
	static const struct {
		const char *line;
		const char *said;
	} rows[] = {
		{ TOP "/one " TOP "/other", "for another system by its ID=: " TOP "/other" },
		{ TOP "/arch", "for another system by its ARCHITECTURE=: " TOP "/arch" },
		{ TOP "/fit", "for another system by its ID=: " TOP "/fit" },
		{ TOP "/nameless", "extension-release of " TOP "/nameless: No data available" },
		{ TOP "/none", TOP "/none: Not a directory" },
		{ "relative", "\"relative\" is not an absolute path" },
		{ "/srv/../etc", "is not an absolute path without" },
		{ "/", "/ is not an extension" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			"[Container]\nProfile=compat\n[Service]\nType="
			"oneshot\nExtensionDirectories=%s\n"
			"ExecStart=/bin/true\n",
			rows[i].line);
		sys_unit(s, "refused.service", text);
		sys_ctl(s, "daemon-reload");
		if (!sys_said(s, rows[i].said) &&
			(sys_ctl(s, "start refused.service") == 0 || !sys_said(s, rows[i].said))) {
			sys_fail(s, "%s: %s", rows[i].line, rows[i].said);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_own_root),
		cmocka_unit_test(test_refused),
	};
	int r = ask_begin();

	return r ? r : cmocka_run_group_tests(tests, setup, ask_teardown);
}
