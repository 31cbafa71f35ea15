// SPDX-License-Identifier: MIT
/*
 * Exit codes, verb by verb: the same line is given to Debian's unmodified systemctl, connected to
 * supd's control socket, and to supctl, with the units in the same state each time. Rows where
 * supctl means something else say so (DEVIATIONS.md, Exit codes).
 */
#include "check.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"

#define SAME  (-1)
#define WORDS 24

enum kind {
	READS,
	ACTS,  /* the states are made anew before it */
	KILLS, /* so too, and up.service ends some time after the answer */
};

struct row {
	const char *line;
	enum kind kind;
	int own; /* supctl's code where it differs on purpose; SAME */
};

#define READ(text)                                                                                 \
	{                                                                                          \
		text, READS, SAME                                                                  \
	}
#define ACT(text)                                                                                  \
	{                                                                                          \
		text, ACTS, SAME                                                                   \
	}
#define KILL(text)                                                                                 \
	{                                                                                          \
		text, KILLS, SAME                                                                  \
	}
#define OWN(text, code)                                                                            \
	{                                                                                          \
		text, READS, code                                                                  \
	}
#define OWN_ACT(text, code)                                                                        \
	{                                                                                          \
		text, ACTS, code                                                                   \
	}

static const struct row rows[] = {
	READ("is-active up"),
	READ("is-active down"),
	READ("is-active failed"),
	READ("is-active masked"),
	READ("is-active broken"),
	OWN("is-active gone", 4),
	READ("is-active down up"),
	READ("is-active gone up"),
	READ("is-active down gone"),
	READ("is-active gone down"),
	READ("is-active u*"),
	READ("is-active --all d*"),
	READ("is-active zz*"),
	READ("is-active"),
	READ("-q is-active up"),
	READ("--quiet is-active down"),
	READ("is-failed up"),
	READ("is-failed failed"),
	READ("is-failed gone"),
	READ("is-failed masked"),
	READ("is-failed broken"),
	READ("is-failed up failed"),
	READ("is-failed"),
	READ("is-enabled up"),
	READ("is-enabled masked"),
	READ("is-enabled gone"),
	READ("is-enabled broken"),
	READ("is-enabled wanted"),
	READ("is-enabled tmpl@.service"),
	READ("is-enabled up gone"),
	READ("is-enabled gone up"),
	READ("is-enabled wanted up"),
	READ("is-enabled"),
	READ("status"),
	READ("status up"),
	READ("status down"),
	READ("status failed"),
	READ("status masked"),
	READ("status broken"),
	READ("status gone"),
	READ("status up down"),
	READ("status down up"),
	READ("status down gone"),
	READ("status gone down"),
	READ("status gone up"),
	READ("status up gone"),
	READ("status failed gone up"),
	READ("status u*"),
	READ("status zz*"),
	READ("status tmpl@.service"),
	READ("status tmpl@x.service"),
	READ("status 999999999"),
	READ("status -n 0 up"),
	READ("status -n x up"),
	READ("show"),
	READ("show up"),
	READ("show gone"),
	READ("show masked"),
	READ("show broken"),
	READ("show -p MainPID up gone"),
	READ("show -p NoSuchProperty up"),
	READ("show -p MainPID --value up"),
	READ("show zz*"),
	READ("cat up"),
	READ("cat gone"),
	READ("cat masked"),
	READ("cat broken"),
	READ("cat up gone"),
	READ("cat gone up"),
	READ("cat"),
	READ("cat zz*"),
	READ("list-units"),
	READ("list-units up"),
	READ("list-units gone"),
	READ("list-units zz*"),
	READ("list-units --state=active --type=service"),
	READ("list-units --state=help"),
	READ("list-units --state=nonsense"),
	READ("list-units --type=help"),
	READ("list-units --type=nonsense"),
	READ("list-units --failed"),
	READ("--failed"),
	READ("list-unit-files"),
	READ("list-unit-files up.service"),
	READ("list-unit-files zz*"),
	READ("list-unit-files --state=static"),
	READ("list-jobs"),
	READ("list-jobs up"),
	READ("list-jobs zz*"),
	READ("list-timers"),
	READ("list-timers zz*"),
	READ("list-sockets"),
	READ("list-sockets zz*"),
	READ("list-sockets --all"),
	OWN("list-paths", 0),
	OWN("list-paths zz*", 0),
	READ("list-automounts"),
	READ("list-automounts zz*"),
	READ("list-dependencies up"),
	OWN("list-dependencies gone", 4),
	READ("list-dependencies --reverse up"),
	READ("list-dependencies --after up"),
	READ("list-dependencies --before --all up"),
	READ("get-default"),
	READ("is-system-running"),
	OWN("help", 0),
	READ("nonsense"),
	READ("--nonsense"),
	READ("start"),
	READ("stop"),
	READ("kill"),
	READ("isolate"),
	READ("isolate up down"),
	READ("get-default up"),
	READ("list-timers --nonsense"),
	ACT("start up"),
	ACT("start down"),
	ACT("start failed"),
	ACT("start masked"),
	ACT("start broken"),
	ACT("start gone"),
	ACT("start up gone"),
	ACT("start gone up"),
	ACT("start failed gone"),
	ACT("start gone failed"),
	ACT("start masked gone"),
	ACT("start gone masked"),
	ACT("start broken gone"),
	ACT("start zz*"),
	ACT("start u*"),
	ACT("start --all down*"),
	ACT("start --all wanted* up*"),
	ACT("start tmpl@.service"),
	OWN_ACT("start tmpl@x.service", 0),
	ACT("start unmet"),
	ACT("start asserted"),
	ACT("start needy"),
	ACT("start manual"),
	ACT("start --no-block failed"),
	ACT("start --no-block gone"),
	ACT("start --job-mode=nonsense down"),
	ACT("start --job-mode=fail down"),
	OWN_ACT("start bad!name.service", 2),
	ACT("start x.nonsense"),
	ACT("stop up"),
	ACT("stop down"),
	ACT("stop failed"),
	ACT("stop masked"),
	ACT("stop broken"),
	ACT("stop gone"),
	ACT("stop up gone"),
	ACT("stop gone up"),
	ACT("stop zz*"),
	ACT("stop manual"),
	ACT("restart up"),
	ACT("restart down"),
	ACT("restart failed"),
	ACT("restart masked"),
	ACT("restart broken"),
	ACT("restart gone"),
	ACT("restart zz*"),
	ACT("try-restart up"),
	ACT("try-restart down"),
	ACT("try-restart failed"),
	ACT("try-restart masked"),
	ACT("try-restart broken"),
	ACT("try-restart gone"),
	ACT("condrestart up"),
	ACT("condrestart gone"),
	ACT("reload up"),
	ACT("reload down"),
	ACT("reload failed"),
	ACT("reload loading"),
	ACT("reload unloading"),
	ACT("reload masked"),
	ACT("reload broken"),
	ACT("reload gone"),
	ACT("reload loading up"),
	ACT("reload-or-restart up"),
	ACT("reload-or-restart down"),
	ACT("reload-or-restart failed"),
	ACT("reload-or-restart loading"),
	ACT("reload-or-restart unloading"),
	ACT("reload-or-restart gone"),
	ACT("reload-or-restart masked"),
	ACT("try-reload-or-restart up"),
	ACT("try-reload-or-restart down"),
	ACT("try-reload-or-restart loading"),
	ACT("try-reload-or-restart gone"),
	ACT("try-reload-or-restart masked"),
	ACT("force-reload up"),
	ACT("force-reload gone"),
	ACT("isolate gone"),
	ACT("isolate up"),
	ACT("isolate masked"),
	KILL("kill up"),
	ACT("kill down"),
	ACT("kill failed"),
	ACT("kill gone"),
	ACT("kill masked"),
	KILL("kill up gone"),
	KILL("kill gone up"),
	KILL("kill -s KILL up"),
	ACT("kill -s nonsense up"),
	ACT("kill -s 99 up"),
	KILL("kill --kill-whom=main up"),
	ACT("kill --kill-whom=control up"),
	ACT("kill --kill-whom=main down"),
	ACT("kill --kill-whom=nonsense up"),
	KILL("kill --kill-who=main up"),
	ACT("kill zz*"),
	ACT("reset-failed"),
	ACT("reset-failed failed"),
	ACT("reset-failed up"),
	ACT("reset-failed gone"),
	ACT("reset-failed masked"),
	ACT("reset-failed broken"),
	ACT("reset-failed failed gone"),
	ACT("reset-failed zz*"),
	ACT("cancel 4000000000"),
	ACT("cancel x"),
	ACT("cancel"),
	ACT("daemon-reload"),
	ACT("daemon-reload up"),
};

static char supctl[512];

static int run_line(const char *const *first, const char *line)
{
	const char *argv[WORDS] = { NULL };
	char copy[256], *save;
	size_t n = 0;

	while (first[n]) {
		argv[n] = first[n];
		n++;
	}
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &save); word && n + 1 < WORDS;
		word = strtok_r(NULL, " ", &save)) {
		argv[n++] = word;
	}
	return sys_run(s, argv, true);
}

static const char states[] = "show -p SubState --value up.service loading.service "
			     "unloading.service failed.service down.service";

static void prepare(void)
{
	static const char as_wanted[] = "running\n\nrunning\n\nrunning\n\nfailed\n\ndead\n";

	if (sys_answer(s, "%s", states) == 0 && strcmp(s->output, as_wanted) == 0) {
		return;
	}
	sys_ctl(s, "stop down.service");
	sys_ctl(s, "start up.service loading.service unloading.service failed.service");
	CHECK(sys_answer(s, "%s", states) == 0);
	CHECK(strcmp(s->output, as_wanted) == 0);
}

static void first_line(char *buf, size_t size)
{
	snprintf(buf, size, "%.*s", (int)strcspn(s->output, "\n"), s->output);
}

static bool up_has_ended(struct sys *sys, void *arg)
{
	(void)arg;
	return strcmp(sys_text(sys, "up.service", "ActiveState"), "active") != 0;
}

static int run_row(const char *const *first, const struct row *row, char *ret_word, size_t size)
{
	int code;

	if (row->kind != READS) {
		prepare();
	}
	code = run_line(first, row->line);
	first_line(ret_word, size);
	if (row->kind == KILLS) {
		sys_wait_for(s, row->line, up_has_ended, NULL);
	}
	return code;
}

static void test_table(void **state)
{
	static const char *const theirs[] = { "systemctl", "--user", "--no-pager", NULL };
	char runtime[96], words[2][160];
	const char *const ours[] = { supctl, "--runtime-dir", runtime, NULL };
	unsigned wrong = 0;

	(void)state;
	snprintf(runtime, sizeof(runtime), "%s/run", s->dir);
	prepare();
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		const struct row *row = &rows[i];
		int their = run_row(theirs, row, words[0], sizeof(words[0]));
		int own = run_row(ours, row, words[1], sizeof(words[1]));

		if (row->own == SAME ? own != their : (own != row->own || own == their)) {
			printf("%s: systemctl %d (%s), supctl %d (%s)\n", row->line, their,
				words[0], own, words[1]);
			wrong++;
		}
	}
	CHECK(wrong == 0);
}

static int setup_units(void **state)
{
	char path[128], target[128];
	const char *payload;

	setup(state);
	payload = sys_payload(s);
	snprintf(path, sizeof(path), "%s/systemd", s->dir);
	CHECK(mkdir(path, 0755) == 0);
	snprintf(path, sizeof(path), "%s/systemd/private", s->dir);
	snprintf(target, sizeof(target), "%s/run/control", s->dir);
	CHECK(symlink(target, path) == 0);
	CHECK(setenv("XDG_RUNTIME_DIR", s->dir, 1) == 0);
	sys_unit(s, "down.service",
		"[Service]\nType=oneshot\nExecStart=/bin/true\nCacheDirectory=exitcodes\n");
	sys_unit(s, "failed.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n");
	sys_unit(s, "broken.service", "[Service]\nExecStart=relative/path\n");
	sys_unit(s, "unmet.service",
		"[Unit]\nConditionPathExists=/nonexistent\n[Service]\nExecStart=/bin/true\n");
	sys_unit(s, "asserted.service",
		"[Unit]\nAssertPathExists=/nonexistent\n[Service]\nExecStart=/bin/true\n");
	sys_unit(s, "needy.service",
		"[Unit]\nRequires=failed.service\nAfter=failed.service\n"
		"[Service]\nExecStart=/bin/true\n");
	sys_unit(s, "manual.service",
		"[Unit]\nRefuseManualStart=yes\nRefuseManualStop=yes\n"
		"[Service]\nExecStart=/bin/true\n");
	sys_unit(s, "tmpl@.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
	sys_unit(s, "wanted.service",
		"[Service]\nType=oneshot\nExecStart=/bin/true\n"
		"[Install]\nWantedBy=multi-user.target\n");
	snprintf(path, sizeof(path), "%s/masked.service", s->units);
	CHECK(symlink("/dev/null", path) == 0);
	loadf("loading.service", "[Service]\nExecStart=%s pause\nExecReload=/bin/true\n", payload);
	loadf("unloading.service", "[Service]\nExecStart=%s pause\nExecReload=/bin/false\n",
		payload);
	loadf("up.service", "[Service]\nExecStart=%s pause\n", payload);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
	};

	sys_require();
	if (access("/usr/bin/systemctl", X_OK) < 0 && access("/bin/systemctl", X_OK) < 0) {
		printf("skipped: needs systemctl\n");
		return 77;
	}
	/* systemctl looks into files itself where this directory is missing. */
	sys_private(NULL);
	if (mkdir("/run/systemd", 0755) < 0 || mkdir("/run/systemd/system", 0755) < 0) {
		perror("/run/systemd/system");
		return 1;
	}
	snprintf(supctl, sizeof(supctl), "%s/supctl", getenv("SUPD_BUILD"));
	return cmocka_run_group_tests(tests, setup_units, teardown);
}
