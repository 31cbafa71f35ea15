// SPDX-License-Identifier: MIT
/*
 * Mistakes of every day: what supctl prints names the cause and, where there is one, the way out.
 * Each row is a unit, a command and the words that must occur in its answer.
 */
#include "check.h"

#include <sys/stat.h>

#include "../../runtime/base/cleanup.h"

#define TRUSTED "[Container]\nProfile=trusted\n"
#define SLEEP   "ExecStart=/bin/sleep infinity\n"

/* name: unit files that are loaded before anything is tried; "%s" in a text is the test's dir. */
static const struct {
	const char *name, *text;
} units[] = {
	{ "typo.service", "[Service]\nRestrat=always\n" SLEEP },
	{ "section.service", "[Serivce]\n" SLEEP },
	{ "misplaced.service", "[Service]\nProfile=strict\nWants=a.service\n" SLEEP },
	{ "relative.service", "[Service]\nExecStart=bin/sleep 5\n" },
	{ "value.service", "[Service]\nRestart=sometimes\nNice=high\n" SLEEP },
	{ "quote.service", "[Service]\nExecStart=/bin/sleep '5\n" },
	{ "noexec.service", "[Unit]\nDescription=Nothing to run\n[Service]\nType=simple\n" },
	{ "dropin.service", "[Service]\n" SLEEP },
	{ "dropin.service.d/x.conf", "Nice=3\n" },
	{ "busname.service", "[Service]\nType=dbus\n" SLEEP },
	{ "program.service", "[Service]\nExecStart=/usr/bin/no-such-program --x\n" },
	{ "mode.service", "[Service]\nExecStart=%s/mode\n" TRUSTED },
	{ "shebang.service", "[Service]\nExecStart=%s/shebang\n" TRUSTED },
	{ "user.service", "[Service]\nUser=no-such-user\n" SLEEP },
	{ "environment.service", "[Service]\nEnvironmentFile=/etc/no-such-file\n" SLEEP },
	{ "directory.service", "[Service]\nWorkingDirectory=/srv/no-such-dir\n" SLEEP },
	{ "output.service", "[Service]\nStandardOutput=file:/no/such/dir/file\n" SLEEP },
	{ "input.service", "[Service]\nStandardInput=file:/no/such/dir/file\n" SLEEP },
	{ "error.service", "[Service]\n" SLEEP "StandardError=append:/no/such/dir/file\n" },
	{ "fdname.service", "[Service]\n" SLEEP "StandardOutput=fd:nosuch\n" },
	{ "tty.service", "[Service]\nStandardInput=tty\nTTYPath=/dev/no-such-tty\n" SLEEP },
	{ "status.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'exit 7'\n" },
	{ "base.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n" },
	{ "needs.service", "[Unit]\nRequires=base.service\nAfter=base.service\n[Service]\n" SLEEP },
	{ "absent.service", "[Unit]\nRequires=no-such-dep.service\n[Service]\n" SLEEP },
	{ "ring-a.service",
		"[Unit]\nRequires=ring-b.service\nAfter=ring-b.service\n[Service]\n" SLEEP },
	{ "ring-b.service",
		"[Unit]\nRequires=ring-a.service\nAfter=ring-a.service\n[Service]\n" SLEEP },
	{ "ready.service", "[Service]\nType=notify\nTimeoutStartSec=300ms\n" SLEEP },
	{ "pidfile.service",
		"[Service]\nType=forking\nPIDFile=/run/no-such.pid\nTimeoutStartSec=300ms\n"
		"ExecStart=/bin/sh -c 'sleep 1000 &'\n" },
	{ "slow.service", "[Service]\nType=oneshot\nTimeoutStartSec=300ms\n" SLEEP },
	{ "tmpl@.service", "[Service]\nExecStart=/bin/sleep %%i\n" },
	{ "lonely.timer", "[Timer]\nOnCalendar=hourly\n" },
	{ "up.service", "[Service]\n" SLEEP },
	{ "up.socket", "[Socket]\nListenStream=%s/up.sock\n" },
	{ "first.socket", "[Socket]\nListenStream=127.0.0.1:4711\n" },
	{ "first.service", "[Service]\n" SLEEP },
	{ "second.socket", "[Socket]\nListenStream=127.0.0.1:4711\n" },
	{ "second.service", "[Service]\n" SLEEP },
	{ "srv-nothing.mount", "[Mount]\nWhat=/dev/no-such-disk\nWhere=/srv/nothing\nType=ext4\n" },
	{ "dev-no\\x2dsuch\\x2ddisk.device", "[Unit]\nJobTimeoutSec=300ms\n" },
	{ "often.service", "[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=1h\n"
			   "[Service]\nExecStart=/bin/false\nRestart=always\nRestartSec=0\n" },
};

/* Words with a bar between them must all occur in what the command prints. */
static const struct {
	const char *command;
	int code;
	const char *words;
} rows[] = {
	{ "start typo", 0, "" },
	{ "start section", 1, "section.service: error: no ExecStart=|in [Service]|supctl verify" },
	{ "start relative", 1, "relative.service:2:11|ExecStart=|absolute path|supctl verify" },
	{ "start value", 1, "value.service:2:9|\"sometimes\"|there are no, on-success" },
	{ "start quote", 1, "quote.service:2:|quote is not closed" },
	{ "start noexec", 1, "noexec.service|no ExecStart=" },
	{ "start dropin", 1, "dropin.service.d/x.conf:1:1|outside of a section" },
	{ "start busname", 1, "busname.service|Type=dbus needs BusName=" },
	{ "status value", 3, "Loaded: bad-setting|value.service:2:9" },
	{ "start program", 1,
		"program.service: exec /usr/bin/no-such-program: No such "
		"file|(program.service:2)" },
	{ "status program", 3, "Failure: exec /usr/bin/no-such-program: No such file" },
	{ "start mode", 1, "exec |/mode: Permission denied|(mode.service:2)" },
	{ "start shebang", 1, "/shebang: No such file|the interpreter it names" },
	{ "start user", 1, "User=no-such-user: no such user|(user.service:2)" },
	{ "start environment", 1, "read /etc/no-such-file: No such file|(environment.service:2)" },
	{ "start directory", 1, "chdir /srv/no-such-dir: No such file|(directory.service:2)" },
	{ "start output", 1, "open /no/such/dir/file: No such file|(output.service:2)" },
	{ "start input", 1, "open /no/such/dir/file: No such file|(input.service:2)" },
	{ "start error", 1, "open /no/such/dir/file: No such file|(error.service:3)" },
	{ "start fdname", 1, "nosuch|fdname.service:3" },
	{ "start tty", 1, "open /dev/no-such-tty: No such file|(tty.service:3)" },
	{ "start status", 1, "main process|status=7|supctl status|supctl logs" },
	{ "start needs", 1,
		"needs.service: start failed with result 'dependency': base.service failed" },
	{ "logs needs", 0, "Dependency failed: base.service" },
	{ "start absent", 5, "absent.service|no-such-dep.service not found" },
	{ "start ring-a", 1,
		"Ordering cycle: ring-a.service -> ring-b.service -> ring-a.service|After=" },
	{ "start ready", 1, "did not send READY=1 within 300ms (TimeoutStartSec=)" },
	{ "start pidfile", 1, "no process was named by /run/no-such.pid within 300ms" },
	{ "start slow", 1, "was not done within 300ms (TimeoutStartSec=)" },
	{ "start tmpl@", 1, "tmpl@.service is missing the instance name" },
	{ "start masked", 1, "masked.service is masked|supctl unmask" },
	{ "start lonely.timer", 1, "triggers lonely.service|no such unit file" },
	{ "start up", 0, "" },
	{ "start up.socket", 1, "up.service is active already|stop it first" },
	{ "start first.socket", 0, "" },
	{ "start second.socket", 1, "127.0.0.1:4711|Address already in use" },
	{ "start srv-nothing.mount", 1, "srv-nothing.mount|no\\x2dsuch\\x2ddisk.device" },
	{ "reload up", 3, "up.service|no ExecReload=" },
	{ "isolate up.service", 4, "up.service|may not be isolated|AllowIsolate=yes" },
	{ "start shebnag", 5, "shebnag.service not found; did you mean shebang.service?" },
	{ "status nosuch", 4, "nosuch.service could not be found" },
	{ "denials nosuch", 4, "nosuch.service could not be found" },
	{ "list-dependencies nosuch", 4, "nosuch.service could not be found" },
	{ "kill -s FOO up", 1, "--signal: FOO: no signal" },
	{ "kill --kill-whom=foo up", 1, "--kill-whom: foo: main, control or all" },
	{ "start up --folow", 1, "did you mean --follow?" },
	{ "strat up", 1, "unknown verb strat; did you mean start?" },
	{ "start", 1, "too few operands; usage: supctl start UNIT" },
	{ "start ./up.service", 2, "./up.service: not a unit name|supctl link" },
	{ "status zz*", 0, "zz*|no loaded unit" },
	{ "set-property up Foo=1", 1, "Foo: no such setting" },
	{ "--user list", 1, "--runtime-dir" },
};

/* What a confined service may run into by itself: its own words, and the hint below them. */
static const struct {
	const char *name, *command, *words;
} walls[] = {
	{ "etc.service", "echo x >/etc/no-such-x", "Read-only file system|Hint: |ReadWritePaths=" },
	{ "home.service", "/bin/ls /root", "Permission denied|Hint: |ProtectHome=" },
	{ "chown.service", "/bin/chown 1:1 /dev/full",
		"Operation not permitted|Hint: |denials chown" },
	{ "port.service", "echo bind: Address already in use; exit 1", "Hint: |ss -lntup" },
};

static void check_words(const char *command, const char *words)
{
	char word[128];

	while (*words) {
		size_t n = strcspn(words, "|");

		snprintf(word, sizeof(word), "%.*s", (int)n, words);
		if (!sys_said(s, word)) {
			sys_fail(s, "supctl %s does not say '%s'", command, word);
		}
		words += n + (words[n] == '|');
	}
}

static void put_program(const char *name, const char *text, mode_t mode)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	f = fopen(path, "we");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, mode) == 0);
}

static void write_units(void)
{
	char text[1024], path[256];

	snprintf(path, sizeof(path), "%s/dropin.service.d", s->units);
	CHECK(mkdir(path, 0755) == 0);
	for (size_t i = 0; i < ELEMENTSOF(units); i++) {
		const char *place = strstr(units[i].text, "%s");

		snprintf(text, sizeof(text), "%.*s%s%s",
			place ? (int)(place - units[i].text) : (int)strlen(units[i].text),
			units[i].text, place ? s->dir : "", place ? place + 2 : "");
		sys_unit(s, units[i].name, text);
	}
	for (size_t i = 0; i < ELEMENTSOF(walls); i++) {
		snprintf(text, sizeof(text), "[Service]\nType=oneshot\nExecStart=/bin/sh -c '%s'\n",
			walls[i].command);
		sys_unit(s, walls[i].name, text);
	}
	snprintf(path, sizeof(path), "%s/masked.service", s->units);
	CHECK(symlink("/dev/null", path) == 0);
	put_program("mode", "#!/bin/sh\n", 0644);
	put_program("shebang", "#!/no/such/interpreter\n", 0755);
}

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		int code = sys_ctl(s, "%s", rows[i].command);

		if (code != rows[i].code) {
			sys_fail(s, "supctl %s ended with %d, not %d", rows[i].command, code,
				rows[i].code);
		}
		check_words(rows[i].command, rows[i].words);
	}
}

/* All at once is in the answer of the reload. */
static void test_reload(void **state)
{
	(void)state;
	sys_unit(s, "late.service", "[Service]\n" SLEEP);
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	check_words("daemon-reload",
		"typo.service:2:1: warning: unknown setting Restrat= in [Service]; did you mean "
		"Restart=?|unknown section [Serivce]; did you mean [Service]?|Profile= in "
		"[Service]; it belongs in [Container]|Wants= in [Service]; it belongs in "
		"[Unit]|value.service:3:6: error: Nice=: \"high\"|late.service: new");
}

static bool has_hint(struct sys *sys, void *arg)
{
	sys_ctl(sys, "status %s", (const char *)arg);
	return sys_said(sys, "Hint: ");
}

static void test_walls(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(walls); i++) {
		CHECK(sys_ctl(s, "start %s", walls[i].name) == 1);
		sys_wait_for(s, walls[i].name, has_hint, (void *)(uintptr_t)walls[i].name);
		check_words(walls[i].name, walls[i].words);
	}
}

static bool has_given_up(struct sys *sys, void *arg)
{
	(void)arg;
	sys_ctl(sys, "status often");
	return sys_said(sys, "Given up: after 2 restarts within 1h") &&
	       sys_said(sys, "supctl start tries again");
}

static void test_start_limit(void **state)
{
	(void)state;
	sys_ctl(s, "start --no-block often");
	sys_wait_for(s, "the start limit", has_given_up, NULL);
}

static int prepare(void **state)
{
	(void)state;
	sys_require();
	sys_private(NULL);
	s = sys_new();
	sys_start(s, NULL);
	write_units();
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_walls),
		cmocka_unit_test(test_start_limit),
	};

	return cmocka_run_group_tests(tests, prepare, teardown);
}
