// SPDX-License-Identifier: MIT
/* $TRIGGER_… and $MONITOR_…: what a command is told of why it runs, and what it is not told. */
#include "check.h"

#include <unistd.h>

static char env[16384];

static bool has_file(struct sys *sys, void *name)
{
	return *sys_file(sys, name, env, sizeof(env)) != '\0';
}

/* Waits for the environment that a command has left; it is in env then, and the file is gone. */
static void wait_env(const char *name)
{
	char path[256];

	sys_wait_for(s, name, has_file, (void *)(uintptr_t)name);
	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	CHECK(unlink(path) == 0);
}

/* The value of a variable in env, NULL: it is not set. */
static const char *value_of(const char *name)
{
	static char value[512];
	size_t n = strlen(name);

	for (const char *line = env; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, n) == 0 && line[n] == '=') {
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(line + n + 1, "\n"),
				line + n + 1);
			return value;
		}
	}
	return NULL;
}

static void expect(const char *name, const char *value)
{
	const char *found = value_of(name);

	if (!found || strcmp(found, value) != 0) {
		sys_fail(s, "%s is '%s', not '%s'", name, found ? found : "(unset)", value);
	}
}

/* A command that leaves its environment in the file, which appears at once. */
#define LEAVE(name) "/bin/sh -c 'env >%s/." name " && mv %s/." name " %s/" name "'"
#define DIRS        s->dir, s->dir, s->dir
#define TRUSTED     "[Container]\nProfile=trusted\n"

static void make(const char *name)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	f = fopen(path, "we");
	CHECK(f && fputs("x\n", f) >= 0 && fclose(f) == 0);
}

/* Every command of the activation, also under the next supd; not the next activation. */
static void test_path(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/flag", s->dir);
	loadf("p.path", "[Path]\nPathExists=/nowhere/else\nPathExists=%s\n", path);
	loadf("p.service",
		"[Service]\nExecStartPre=/bin/rm -f %s\nExecStart=/bin/sleep infinity\n"
		"ExecStartPost=" LEAVE("p.post") "\nExecStop=" LEAVE("p.stop") "\n" TRUSTED,
		path, DIRS, DIRS);
	CHECK(sys_ctl(s, "start p.path") == 0);
	make("flag");
	wait_env("p.post");
	expect("TRIGGER_UNIT", "p.path");
	expect("TRIGGER_PATH", path);
	CHECK(!value_of("TRIGGER_TIMER_REALTIME_USEC") && !value_of("MONITOR_UNIT"));
	sys_wait(s, "p.service", "SubState", "running");
	sys_kill_supd(s);
	CHECK(sys_ctl(s, "stop p.service") == 0);
	wait_env("p.stop");
	expect("TRIGGER_UNIT", "p.path");
	expect("TRIGGER_PATH", path);
	CHECK(sys_ctl(s, "start p.service") == 0);
	wait_env("p.post");
	CHECK(!value_of("TRIGGER_UNIT") && !value_of("TRIGGER_PATH"));
	CHECK(sys_ctl(s, "stop p.path p.service") == 0);
}

/* Of a pattern the file, not the pattern; the unit has another name than the path. */
static void test_glob(void **state)
{
	char path[256];

	(void)state;
	loadf("g.path", "[Path]\nPathExistsGlob=%s/in-*.job\nUnit=job.service\n", s->dir);
	loadf("job.service",
		"[Service]\nType=oneshot\nExecStart=" LEAVE(
			"job") "\n"
			       "ExecStartPost=/bin/sh -c 'rm %s/in-*.job'\n" TRUSTED,
		DIRS, s->dir);
	CHECK(sys_ctl(s, "start g.path") == 0);
	make("in-seven.job");
	wait_env("job");
	snprintf(path, sizeof(path), "%s/in-seven.job", s->dir);
	expect("TRIGGER_UNIT", "g.path");
	expect("TRIGGER_PATH", path);
	CHECK(sys_ctl(s, "stop g.path") == 0);
}

/* Automatic restarts belong to the activation that the timer began. */
static void test_timer(void **state)
{
	char real[64], mono[64];

	(void)state;
	loadf("t.service",
		"[Service]\nExecStart=" LEAVE(
			"t.main") "\nExecStopPost=/bin/sh -c 'test -e %s/t.on'\n"
				  "Restart=on-failure\nRestartSec=10ms\nStartLimitBurst="
				  "1000\n" TRUSTED,
		DIRS, s->dir);
	load("t.timer", "[Timer]\nOnActiveSec=0\nAccuracySec=1us\n");
	CHECK(sys_ctl(s, "start t.timer") == 0);
	wait_env("t.main");
	expect("TRIGGER_UNIT", "t.timer");
	CHECK(!value_of("TRIGGER_PATH") && value_of("TRIGGER_TIMER_REALTIME_USEC"));
	snprintf(real, sizeof(real), "%s", value_of("TRIGGER_TIMER_REALTIME_USEC"));
	snprintf(mono, sizeof(mono), "%s", value_of("TRIGGER_TIMER_MONOTONIC_USEC"));
	CHECK(strtoull(real, NULL, 10) > 1600000000000000u && strtoull(mono, NULL, 10) > 0);
	wait_env("t.main");
	expect("TRIGGER_UNIT", "t.timer");
	expect("TRIGGER_TIMER_REALTIME_USEC", real);
	expect("TRIGGER_TIMER_MONOTONIC_USEC", mono);
	CHECK(sys_ctl(s, "stop t.timer t.service") == 0);
}

static void test_monitor(void **state)
{
	(void)state;
	loadf("tell@.service",
		"[Service]\nType=oneshot\nExecStart=" LEAVE(
			"%%i") "\n"
			       "ExecStopPost=" LEAVE("%%i-after") "\n" TRUSTED,
		DIRS, DIRS);
	load("bad.service", "[Unit]\nOnFailure=tell@%p.service\n"
			    "[Service]\nExecStart=/bin/sh -c 'exit 7'\n" TRUSTED);
	CHECK(sys_ctl(s, "start bad.service") == 0);
	wait_env("bad");
	expect("MONITOR_UNIT", "bad.service");
	expect("MONITOR_SERVICE_RESULT", "exit-code");
	expect("MONITOR_EXIT_CODE", "exited");
	expect("MONITOR_EXIT_STATUS", "7");
	CHECK(value_of("MONITOR_INVOCATION_ID") && strlen(value_of("MONITOR_INVOCATION_ID")) == 32);
	CHECK(!value_of("TRIGGER_UNIT"));
	wait_env("bad-after");
	CHECK(!value_of("MONITOR_UNIT"));
	load("good.service", "[Unit]\nOnSuccess=tell@%p.service\n"
			     "[Service]\nExecStart=/bin/sh -c 'kill -TERM $$$$'\n" TRUSTED);
	CHECK(sys_ctl(s, "start good.service") == 0);
	wait_env("good");
	expect("MONITOR_SERVICE_RESULT", "success");
	expect("MONITOR_EXIT_CODE", "killed");
	expect("MONITOR_EXIT_STATUS", "TERM");
	wait_env("good-after");
}

/* Who is the failure handler of two cannot know which has failed: nothing is said. */
static void test_monitor_of_two(void **state)
{
	(void)state;
	loadf("both.service", "[Service]\nType=oneshot\nExecStart=" LEAVE("both") "\n" TRUSTED,
		DIRS);
	load("one.service", "[Unit]\nOnFailure=both.service\n[Service]\nExecStart=/bin/false\n");
	load("two.service", "[Unit]\nOnFailure=both.service\n[Service]\nExecStart=/bin/true\n");
	CHECK(sys_ctl(s, "start one.service") == 0);
	wait_env("both");
	CHECK(!value_of("MONITOR_UNIT") && value_of("INVOCATION_ID"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_glob),
		cmocka_unit_test(test_timer),
		cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_monitor_of_two),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
