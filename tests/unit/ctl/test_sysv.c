// SPDX-License-Identifier: MIT
/* supctl by its older names, and what it looks at before it ends a machine. */
#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../supervisor/ctl/sysv.h"
#include "../../../supervisor/ctl/wall.h"

#define WORDS_MAX 16

/* Splits at blanks. */
static int split(char *text, char **argv)
{
	char *save = NULL;
	int argc = 0;

	for (char *p = strtok_r(text, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
		argv[argc++] = p;
		assert_true(argc < WORDS_MAX);
	}
	argv[argc] = NULL;
	return argc;
}

static void test_names(void **state)
{
	static const struct {
		const char *typed;
		const char *meant; /* NULL: refused; "": the wall alone */
	} rows[] = {
		{ "halt", "halt" },
		{ "halt -p", "poweroff" },
		{ "poweroff --reboot", "reboot" },
		{ "reboot -f", "reboot --force" },
		{ "reboot -ff", "reboot --force --force" },
		{ "poweroff -nd --no-wall", "poweroff --no-wall" },
		{ "reboot bootloader", NULL },
		{ "reboot -x", NULL },
		{ "reboot --forc", NULL },
		{ "halt -w", NULL }, /* there is no wtmp record to write */
		{ "shutdown", "poweroff --when=+1" },
		{ "shutdown now", "poweroff" },
		{ "shutdown -h now", "poweroff" },
		{ "shutdown -r +5 back soon", "reboot --when=+5 --message=back soon" },
		{ "shutdown -H 23:15", "halt --when=23:15" },
		{ "shutdown -P 5", "poweroff --when=+5" },
		{ "shutdown now -r", "reboot" },
		{ "shutdown +5 back -H soon --no-wall",
			"halt --no-wall --when=+5 --message=back soon" },
		{ "shutdown +5 -c", "poweroff --when=cancel --message=+5" },
		{ "shutdown -r now it -is", NULL },
		{ "shutdown -r now it -- -is -- -H", "reboot --message=it -is -- -H" },
		{ "shutdown -- now", "poweroff" },
		{ "shutdown -", NULL },
		{ "shutdown 0", "poweroff" },
		{ "shutdown +0", "poweroff" },
		{ "shutdown -Hh now", "halt" },
		{ "shutdown -hH now", "halt" },
		{ "shutdown -Hr -h now", "poweroff" },
		{ "shutdown -c", "poweroff --when=cancel" },
		{ "shutdown -c all is well", "poweroff --when=cancel --message=all is well" },
		{ "shutdown --show", "poweroff --when=show" },
		{ "shutdown --no-wall -rh now", "poweroff --no-wall" },
		{ "shutdown -k now hello", "" },
		{ "shutdown never", NULL },
		{ "shutdown -x", NULL },
		{ "telinit 0", "poweroff" },
		{ "telinit 6", "reboot" },
		{ "telinit S", "isolate rescue.target" },
		{ "telinit 3", "isolate multi-user.target" },
		{ "telinit 2", "isolate multi-user.target" },
		{ "telinit 4", "isolate multi-user.target" },
		{ "telinit 5", "isolate graphical.target" },
		{ "telinit q", "daemon-reload" },
		{ "telinit u", "daemon-reexec" },
		{ "telinit", NULL },
		{ "telinit 7", NULL },
		{ "telinit 60", NULL },
		{ "telinit 0 1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char typed[128], meant[256] = "", wrong[OPTIONS_WRONG] = "";
		char *argv[WORDS_MAX];
		struct sysv_call call;

		strcpy(typed, rows[i].typed);
		int argc = split(typed, argv);

		assert_true(sysv_is(argv[0]));
		int r = sysv_translate(argv[0], argc, argv, &call, wrong);

		if (!rows[i].meant) {
			assert_int_equal(r, -EINVAL);
			assert_non_null(strstr(wrong, "; usage: "));
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(call.only_wall, !*rows[i].meant);
		if (call.only_wall) {
			continue;
		}
		assert_string_equal(call.argv[0], "supctl");
		assert_null(call.argv[call.argc]);
		for (int k = 1; k < call.argc; k++) {
			strcat(meant, k > 1 ? " " : "");
			strcat(meant, call.argv[k]);
		}
		assert_string_equal(meant, rows[i].meant);
	}
	assert_false(sysv_is("supctl"));
	assert_false(sysv_is("init"));
}

/* By each of its names it says its own usage. */
static void test_usage(void **state)
{
	static const struct {
		const char *name, *usage;
	} rows[] = {
		{ "halt", "--poweroff" },
		{ "shutdown", "+MINUTES" },
		{ "telinit", "0|1|2" },
	};
	char help[] = "--help";

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[16], wrong[OPTIONS_WRONG] = "";
		char *argv[] = { name, help, NULL };
		struct sysv_call call;

		strcpy(name, rows[i].name);
		assert_int_equal(sysv_translate(name, 2, argv, &call, wrong), 0);
		assert_non_null(call.usage);
		assert_non_null(strstr(call.usage, rows[i].usage));
		assert_int_equal(sysv_translate(name, 1, argv, &call, wrong),
			strcmp(name, "telinit") == 0 ? -EINVAL : 0);
		assert_null(call.usage);
	}
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void test_inhibitors(void **state)
{
	static const char *const names[] = { "1", "2", "3", "4", "2.ref" };
	char dir[] = "/tmp/inhibit.XXXXXX", path[128];
	char *said = NULL;
	size_t size;
	FILE *err = open_memstream(&said, &size);

	(void)state;
	assert_non_null(err);
	assert_non_null(mkdtemp(dir));
	put(dir, "1", "WHAT=idle:sleep\nMODE=block\nWHO=player\nWHY=plays\n");
	put(dir, "2", "# private\nWHAT=sleep:shutdown\nMODE=block\nWHO=\"apt \\t\"\nWHY=upgrade\n");
	put(dir, "3", "WHAT=shutdown\nMODE=delay\nWHO=nm\nWHY=disconnects\n");
	put(dir, "4", "WHAT=shutdowns\nMODE=block\n");
	put(dir, "2.ref", "WHAT=shutdown\nMODE=block\n");
	assert_int_equal(wall_inhibitors(dir, err), 1);
	assert_int_equal(wall_inhibitors("/nowhere", err), 0);
	assert_int_equal(fclose(err), 0);
	assert_non_null(strstr(said, "apt "));
	assert_non_null(strstr(said, "does not want the machine to go down now: upgrade\n"));
	free(said);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_inhibitors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
