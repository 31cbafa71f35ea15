// SPDX-License-Identifier: MIT
/* The life of services through the real programs: start, stop, fail, restart, notify, depend. */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static void test_simple(void **state)
{
	(void)state;
	load("simple.service", "[Unit]\nDescription=A simple one\n"
			       "[Service]\nExecStart=/bin/sleep infinity\n");
	CHECK(sys_ctl(s, "is-active simple.service") == 3);
	CHECK(sys_said(s, "inactive"));
	CHECK(sys_ctl(s, "start simple.service") == 0);
	CHECK(sys_ctl(s, "is-active simple.service") == 0);
	CHECK(sys_number(s, "simple.service", "MainPID") > 1);
	CHECK(sys_ctl(s, "status simple.service") == 0);
	CHECK(sys_said(s, "Active: active (running)") && sys_said(s, "A simple one") &&
		sys_said(s, "Main PID:") && sys_said(s, "/bin/sleep infinity"));
	CHECK(strlen(sys_text(s, "simple.service", "InvocationID")) == 32);
	CHECK(sys_ctl(s, "stop simple.service") == 0);
	CHECK(sys_ctl(s, "status simple.service") == 3);
	CHECK(sys_said(s, "inactive (dead)"));
	CHECK(strcmp(sys_text(s, "simple.service", "Result"), "success") == 0);
	CHECK(sys_ctl(s, "is-active nowhere.service") == 4 || sys_said(s, "inactive"));
	CHECK(sys_ctl(s, "status nowhere.service") == 4);
	CHECK(sys_ctl(s, "start nowhere.service") == 5);
}

static bool log_is(struct sys *sys, void *arg)
{
	const char **words = arg;

	if (sys_ctl(sys, "logs -n 100 -o cat %s", words[0]) != 0) {
		return false;
	}
	return strcmp(sys->output, words[1]) == 0;
}

/* supd's own lines only, so that their order is given: the words are those of systemd's journal. */
static void test_words_of_the_log(void **state)
{
	const char *rows[][2] = {
		{ "ended.service", "Starting ended.service...\nStarted ended.service.\n"
				   "ended.service: Deactivated successfully.\n" },
		{ "work.service",
			"Starting work.service - Work...\nwork.service: Deactivated successfully.\n"
			"Finished work.service - Work.\n" },
		{ "asked.service",
			"Starting asked.service...\nStarted asked.service.\n"
			"Stopping asked.service...\nasked.service: Deactivated successfully.\n"
			"Stopped asked.service.\n" },
		{ "wrong.service",
			"Starting wrong.service...\n"
			"wrong.service: Main process exited, code=exited, status=3/NOTIMPLEMENTED\n"
			"wrong.service: Failed with result 'exit-code'.\n"
			"Failed to start wrong.service.\n" },
		{ "brief.service", "Starting brief.service...\nStarted brief.service.\n"
				   "brief.service: Main process exited, code=exited, status=9\n"
				   "brief.service: Failed with result 'exit-code'.\n" },
		{ "once.service",
			"Starting once.service...\n"
			"once.service: Main process exited, code=exited, status=3/NOTIMPLEMENTED\n"
			"once.service: Failed with result 'exit-code'.\n"
			"Failed to start once.service.\n"
			"once.service: Scheduled restart job, restart counter is at 1.\n"
			"Starting once.service...\n"
			"once.service: Main process exited, code=exited, status=3/NOTIMPLEMENTED\n"
			"once.service: Failed with result 'exit-code'.\n"
			"Failed to start once.service.\n"
			"once.service: Scheduled restart job, restart counter is at 2.\n"
			"once.service: Start request repeated too quickly.\n"
			"once.service: Failed with result 'exit-code'.\n" },
		{ "words.target", "Reached target words.target - Words.\n"
				  "Stopped target words.target - Words.\n" },
		{ "words.socket", "Starting words.socket...\nListening on words.socket.\n"
				  "Stopping words.socket...\nClosed words.socket.\n" },
	};

	(void)state;
	load("ended.service", "[Service]\nExecStart=/bin/true\n");
	load("work.service", "[Unit]\nDescription=Work\n"
			     "[Service]\nType=oneshot\nExecStart=/bin/true\n");
	load("asked.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	load("wrong.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'exit 3'\n");
	load("once.service", "[Unit]\nStartLimitBurst=1\nStartLimitIntervalSec=1h\n"
			     "[Service]\nType=oneshot\nRestart=on-failure\nRestartSec=0\n"
			     "ExecStart=/bin/sh -c 'exit 3'\n");
	CHECK(sys_ctl(s, "start ended.service work.service asked.service") == 0);
	load("brief.service", "[Service]\nExecStart=/bin/sh -c 'exit 9'\n");
	CHECK(sys_ctl(s, "start brief.service") == 0);
	CHECK(sys_ctl(s, "start wrong.service") == 1);
	CHECK(sys_ctl(s, "start once.service") == 1);
	CHECK(sys_ctl(s, "stop asked.service") == 0);
	load("words.target", "[Unit]\nDescription=Words\n");
	load("words.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	load("words.socket", "[Socket]\nListenStream=@supd-test-words\n");
	CHECK(sys_ctl(s, "start words.target words.socket") == 0);
	CHECK(sys_ctl(s, "stop words.target words.socket") == 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sys_wait_for(s, rows[i][0], log_is, rows[i]);
	}
}

/* Verbs that users of systemctl type. */
static void test_other_verbs(void **state)
{
	static const char *const again[] = { "condrestart", "force-reload",
		"try-reload-or-restart" };

	(void)state;
	load("typed.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	load("rescue.target", "[Unit]\nAllowIsolate=yes\n");
	for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
		long pid;

		CHECK(sys_ctl(s, "start typed.service") == 0);
		pid = sys_number(s, "typed.service", "MainPID");
		CHECK(sys_ctl(s, "%s typed.service", again[i]) == 0);
		CHECK(sys_number(s, "typed.service", "MainPID") != pid);
		CHECK(sys_ctl(s, "stop typed.service") == 0);
		CHECK(sys_ctl(s, "%s typed.service", again[i]) == 0);
		CHECK(property_equals("typed.service", "ActiveState", "inactive"));
	}
	CHECK(sys_ctl(s, "list") == 0 && sys_said(s, "--all shows loaded but inactive"));
	CHECK(sys_ctl(s, "list --all") == 0 && !sys_said(s, "--all"));
	CHECK(sys_ctl(s, "audit nowhere.service") == 4 && sys_said(s, "could not be found"));
	CHECK(sys_ctl(s, "profile nowhere.service") == 4 && sys_said(s, "could not be found"));
	CHECK(sys_ctl(s, "start typed.service") == 0);
	CHECK(sys_ctl(s, "rescue") == 0);
	CHECK(property_equals("rescue.target", "ActiveState", "active"));
	sys_wait(s, "typed.service", "ActiveState", "inactive");
}

/* A name that nobody has is told with its setting; it never means root. */
static void test_unknown_user(void **state)
{
	(void)state;
	load("whose.service", "[Service]\nExecStart=/bin/true\nUser=nobody-of-this-name\n");
	CHECK(sys_ctl(s, "start whose.service") == 1);
	CHECK(sys_said(s, "users: User=nobody-of-this-name: no such user or group "
			  "(whose.service:3)"));
}

/* Between two lives nothing can be reloaded, and nobody waits until it can. */
static void test_reload_between_lives(void **state)
{
	(void)state;
	load("later.service", "[Service]\nExecStart=/bin/false\nExecReload=/bin/true\n"
			      "Restart=on-failure\nRestartSec=1h\n");
	CHECK(sys_ctl(s, "start later.service") == 0);
	sys_wait(s, "later.service", "SubState", "auto-restart");
	CHECK(sys_ctl(s, "reload later.service") != 0);
	CHECK(property_equals("later.service", "SubState", "auto-restart"));
	CHECK(sys_ctl(s, "list-jobs") == 0 && !sys_said(s, "later.service"));
	CHECK(sys_ctl(s, "stop later.service") == 0);
}

static void test_restart_after_kill(void **state)
{
	long pid;

	(void)state;
	load("again.service", "[Service]\nExecStart=/bin/sleep infinity\n"
			      "Restart=on-failure\nRestartSec=0\n");
	CHECK(sys_ctl(s, "start again.service") == 0);
	pid = sys_number(s, "again.service", "MainPID");
	CHECK(pid > 1 && kill((pid_t)pid, SIGKILL) == 0);
	sys_wait(s, "again.service", "NRestarts", "1");
	sys_wait(s, "again.service", "SubState", "running");
	CHECK(sys_number(s, "again.service", "MainPID") != pid);
	CHECK(sys_ctl(s, "stop again.service") == 0);
	sys_wait(s, "again.service", "ActiveState", "inactive");
}

static void test_missing_binary(void **state)
{
	(void)state;
	load("missing.service", "[Service]\nType=exec\nExecStart=/does/not/exist --now\n");
	CHECK(sys_ctl(s, "start missing.service") == 1);
	CHECK(sys_said(s, "exec") && sys_said(s, "/does/not/exist") &&
		sys_said(s, "No such file or directory") && sys_said(s, "missing.service:3"));
	CHECK(sys_ctl(s, "is-failed missing.service") == 0);
	CHECK(sys_ctl(s, "reset-failed missing.service") == 0);
	CHECK(sys_ctl(s, "is-failed missing.service") == 1);
}

static void test_missing_bind_source(void **state)
{
	(void)state;
	load("bind.service", "[Service]\nExecStart=/bin/true\nType=oneshot\n"
			     "BindPaths=/does/not/exist:/mnt\n");
	CHECK(sys_ctl(s, "start bind.service") == 1);
	CHECK(sys_said(s, "mounts") && sys_said(s, "/does/not/exist") &&
		sys_said(s, "No such file or directory") && sys_said(s, "bind.service:4"));
}

static void test_oneshot_sequence(void **state)
{
	const char *first, *second, *third;

	(void)state;
	load("seq.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\n"
			    "ExecStartPre=/bin/echo first-line\n"
			    "ExecStart=/bin/echo second-line\n"
			    "ExecStart=-/bin/false\n"
			    "ExecStart=/bin/echo third-line\n");
	CHECK(sys_ctl(s, "start seq.service") == 0);
	CHECK(strcmp(sys_text(s, "seq.service", "SubState"), "exited") == 0);
	wait_log("seq.service", "third-line");
	first = strstr(s->output, "first-line");
	second = strstr(s->output, "second-line");
	third = strstr(s->output, "third-line");
	CHECK(first && second && third && first < second && second < third);
	CHECK(sys_ctl(s, "stop seq.service") == 0);
	CHECK(strcmp(sys_text(s, "seq.service", "SubState"), "dead") == 0);
}

static void test_exit_code(void **state)
{
	(void)state;
	load("code.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'exit 7'\n");
	CHECK(sys_ctl(s, "start code.service") == 1);
	CHECK(strcmp(sys_text(s, "code.service", "Result"), "exit-code") == 0);
	CHECK(sys_number(s, "code.service", "ExecMainStatus") == 7);
	CHECK(sys_number(s, "code.service", "ExecMainCode") == 1);
}

static void test_notify(void **state)
{
	(void)state;
	load("note.service",
		"[Service]\nType=notify\nNotifyAccess=all\nExecStart=/bin/sh -c "
		"'systemd-notify --ready --status=well-and-good; exec sleep infinity'\n");
	CHECK(sys_ctl(s, "start note.service") == 0);
	sys_wait(s, "note.service", "StatusText", "well-and-good");
	CHECK(strcmp(sys_text(s, "note.service", "SubState"), "running") == 0);
	CHECK(sys_ctl(s, "stop note.service") == 0);
}

static void test_notify_protocol(void **state)
{
	(void)state;
	load("quiet.service", "[Service]\nType=notify\nExecStart=/bin/true\n");
	CHECK(sys_ctl(s, "start quiet.service") == 1);
	CHECK(strcmp(sys_text(s, "quiet.service", "Result"), "protocol") == 0);
}

static void test_watchdog(void **state)
{
	(void)state;
	load("dog.service", "[Service]\nWatchdogSec=200ms\nExecStart=/bin/sleep infinity\n");
	CHECK(sys_ctl(s, "start dog.service") == 0);
	sys_wait(s, "dog.service", "Result", "watchdog");
	sys_wait(s, "dog.service", "ActiveState", "failed");
}

static void test_forking(void **state)
{
	long pid;

	(void)state;
	load("fork.service",
		"[Service]\nType=forking\nPIDFile=/run/supd-test-fork/pid\n"
		"RuntimeDirectory=supd-test-fork\nRestart=no\n"
		"ExecStart=/bin/sh -c 'sleep infinity & echo $! > /run/supd-test-fork/pid'\n"
		"[Container]\nProfile=compat\n");
	CHECK(sys_ctl(s, "start fork.service") == 0);
	pid = sys_number(s, "fork.service", "MainPID");
	CHECK(pid > 1);
	CHECK(kill((pid_t)pid, SIGTERM) == 0);
	sys_wait(s, "fork.service", "ActiveState", "inactive");
	CHECK(strcmp(sys_text(s, "fork.service", "Result"), "success") == 0);
}

static void test_dependency_failure(void **state)
{
	(void)state;
	sys_unit(s, "base.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n");
	load("upper.service", "[Unit]\nRequires=base.service\nAfter=base.service\n"
			      "[Service]\nExecStart=/bin/sleep infinity\n");
	CHECK(sys_ctl(s, "start upper.service") == 1);
	CHECK(sys_said(s, "upper.service: start failed with result 'dependency': "
			  "base.service failed"));
	CHECK(sys_ctl(s, "is-active upper.service") == 3);
	CHECK(sys_ctl(s, "is-failed base.service") == 0);
}

static void test_start_limit(void **state)
{
	(void)state;
	load("loop.service", "[Unit]\nStartLimitBurst=3\nStartLimitIntervalSec=60\n"
			     "[Service]\nExecStart=/bin/false\nRestart=on-failure\n"
			     "RestartSec=0\n");
	sys_ctl(s, "start loop.service");
	/* ActiveState is "failed" for a moment before each restart too. */
	sys_wait(s, "loop.service", "SubState", "failed");
	CHECK(sys_number(s, "loop.service", "NRestarts") == 3);
}

static void test_reload(void **state)
{
	(void)state;
	load("re.service", "[Service]\nExecStart=/bin/sh -c 'trap \"echo got-hup\" HUP; echo up; "
			   "while :; do sleep 0.1; done'\n"
			   "ExecReload=/bin/kill -HUP $MAINPID\n");
	CHECK(sys_ctl(s, "start re.service") == 0);
	wait_log("re.service", "up");
	CHECK(sys_ctl(s, "reload re.service") == 0);
	CHECK(strcmp(sys_text(s, "re.service", "SubState"), "running") == 0);
	CHECK(sys_ctl(s, "stop re.service") == 0);
}

static void test_stubborn(void **state)
{
	(void)state;
	load("stub.service", "[Service]\nTimeoutStopSec=200ms\nExecStart=/bin/sh -c "
			     "'trap \"\" TERM; echo deaf; while :; do sleep 1; done'\n");
	CHECK(sys_ctl(s, "start stub.service") == 0);
	wait_log("stub.service", "deaf");
	CHECK(sys_ctl(s, "stop stub.service") == 0);
	CHECK(strcmp(sys_text(s, "stub.service", "Result"), "timeout") == 0);
	CHECK(strcmp(sys_text(s, "stub.service", "ActiveState"), "failed") == 0);
}

static void test_broken_unit_alone(void **state)
{
	(void)state;
	sys_unit(s, "good.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	sys_unit(s, "evil.service", "[Service]\nExecStart=/bin/true\nUser=-1x;root\n");
	sys_ctl(s, "daemon-reload");
	CHECK(sys_said(s, "evil.service") && sys_said(s, "User"));
	CHECK(sys_ctl(s, "start good.service") == 0);
	CHECK(sys_ctl(s, "start evil.service") != 0);
	CHECK(strcmp(sys_text(s, "evil.service", "LoadState"), "bad-setting") == 0);
	CHECK(sys_ctl(s, "stop good.service") == 0);
	sys_remove_unit(s, "evil.service");
}

static void test_instances(void **state)
{
	(void)state;
	load("inst@.service", "[Service]\nExecStart=/bin/sleep %i\n");
	CHECK(sys_ctl(s, "start inst@7777.service") == 0);
	CHECK(sys_ctl(s, "status inst@7777.service") == 0);
	CHECK(sys_said(s, "/bin/sleep 7777"));
	CHECK(sys_ctl(s, "stop inst@7777.service") == 0);
}

static void test_json(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "list --all --json") == 0);
	CHECK(s->output[0] == '[' && sys_said(s, "\"simple.service\""));
	CHECK(sys_ctl(s, "show --json simple.service") == 0);
	CHECK(sys_said(s, "\"ActiveState\""));
}

/* A number is a process: the unit that it is of. */
static void test_status_pid(void **state)
{
	long pid;

	(void)state;
	load("owner.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	CHECK(sys_ctl(s, "start owner.service") == 0);
	pid = sys_number(s, "owner.service", "MainPID");
	CHECK(sys_ctl(s, "status %ld", pid) == 0 && sys_said(s, "owner.service"));
	CHECK(sys_ctl(s, "status %ld", (long)getpid()) == 1);
	CHECK(sys_said(s, "does not belong to any loaded unit"));
	CHECK(sys_ctl(s, "status 99999999999") == 1 && sys_said(s, "no number of a process"));
	CHECK(sys_ctl(s, "stop owner.service") == 0);
}

/* A refusal names the unit that is at fault, and what nobody can start is not started. */
static void test_refusals(void **state)
{
	(void)state;
	sys_unit(s, "needy.service",
		"[Unit]\nRequires=absent.service\n[Service]\nExecStart=/bin/sleep infinity\n");
	load("form@.service", "[Service]\nExecStart=/bin/sleep %i\n");
	CHECK(sys_ctl(s, "start needy.service") == 5);
	CHECK(sys_said(s, "Unit absent.service not found") && !sys_said(s, "daemon-reload"));
	CHECK(sys_ctl(s, "stop absent.service") == 5);
	CHECK(sys_ctl(s, "try-restart absent.service") == 5);
	CHECK(sys_ctl(s, "start form@.service") == 1);
	CHECK(sys_said(s, "missing the instance name"));
	CHECK(sys_ctl(s, "list --all form*") == 0);
	CHECK(!sys_said(s, "form@.service"));
	CHECK(sys_ctl(s, "start form@77.service") == 0);
	CHECK(sys_ctl(s, "list-unit-files form*") == 0);
	CHECK(sys_said(s, "form@.service") && sys_said(s, "form@77.service"));
	CHECK(sys_said(s, "2 unit files listed"));
	CHECK(sys_ctl(s, "stop form@77.service") == 0);
}

static void test_unmet_is_shown(void **state)
{
	(void)state;
	load("held.service", "[Unit]\nConditionPathExists=/etc\nConditionPathExists=!/bin/sh\n"
			     "[Service]\nExecStart=/bin/sleep infinity\n");
	CHECK(sys_ctl(s, "start held.service") == 0);
	CHECK(sys_ctl(s, "status held.service") == 3);
	CHECK(sys_said(s, "Condition: ConditionPathExists=!/bin/sh was not met"));
	CHECK(!sys_said(s, "Tasks:") && !sys_said(s, "CGroup:"));
}

static void test_timeout_says_what_was_missing(void **state)
{
	(void)state;
	load("mute.service", "[Service]\nType=notify\nTimeoutStartSec=300ms\n"
			     "ExecStart=/bin/sleep infinity\n");
	CHECK(sys_ctl(s, "start mute.service") == 1);
	CHECK(sys_said(s, "did not send READY=1 within 300ms"));
}

/* What runs is not stopped by a restart that could not start it again. */
static void test_definition_gone(void **state)
{
	long pid;

	(void)state;
	load("stay.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	CHECK(sys_ctl(s, "start stay.service") == 0);
	pid = sys_number(s, "stay.service", "MainPID");
	sys_unit(s, "stay.service", "[Service]\nType=simpel\nExecStart=/bin/sleep infinity\n");
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(sys_said(s, "stay.service:2:6: error:"));
	CHECK(sys_said(s, "previous definition stays in use"));
	CHECK(sys_ctl(s, "status stay.service") == 0);
	CHECK(sys_said(s, "Warning: the previous definition is in use"));
	sys_remove_unit(s, "stay.service");
	CHECK(sys_ctl(s, "daemon-reload") == 0);
	CHECK(sys_ctl(s, "status stay.service") == 0 &&
		sys_said(s, "Warning: its unit file is gone"));
	CHECK(sys_ctl(s, "restart stay.service") == 5);
	CHECK(sys_said(s, "stay.service not found"));
	CHECK(sys_number(s, "stay.service", "MainPID") == pid && pid > 0);
	CHECK(sys_ctl(s, "stop stay.service") == 0);
}

static void test_verify_says_what_it_is(void **state)
{
	(void)state;
	sys_unit(s, "later.scope", "[Unit]\nRequires=form@1.service\n[Scope]\nRuntimeMaxSec=1\n");
	sys_unit(s, "form@.service", "[Service]\nExecStart=/bin/sleep %i\n");
	sys_unit(s, "empty.service", "");
	sys_unit(s, "mistyped.service", "[Service]\nType=simpel\nExecStart=/bin/true\n");
	CHECK(sys_ctl(s, "verify %s/later.scope", s->units) == 0);
	CHECK(sys_said(s, "units of type scope are not supported"));
	CHECK(!sys_said(s, "no such unit"));
	CHECK(sys_ctl(s, "verify %s/empty.service", s->units) == 0 && sys_said(s, "masked"));
	CHECK(sys_ctl(s, "verify %s", s->units) == 1 && sys_said(s, "a directory"));
	CHECK(sys_ctl(s, "verify %s/mistyped.service", s->units) == 1);
	CHECK(sys_said(s, "mistyped.service:2:6: error:") && sys_said(s, "there are simple, exec"));
	sys_remove_unit(s, "mistyped.service");
	sys_remove_unit(s, "empty.service");
	sys_remove_unit(s, "later.scope");
}

/* A command in a unit's world: its identity and its walls, its own exit status. */
static void test_exec_enters_the_unit(void **state)
{
	(void)state;
	load("host.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	CHECK(sys_ctl(s, "exec host.service -- /bin/true") != 0);
	CHECK(sys_ctl(s, "start host.service") == 0);
	CHECK(sys_ctl(s, "exec host.service cat /proc/self/status") == 0);
	CHECK(sys_said(s, "CapEff:\t0000000000000000") && sys_said(s, "NoNewPrivs:\t1") &&
		sys_said(s, "Seccomp:\t2"));
	CHECK(sys_ctl(s, "exec host.service -- /bin/false") == 1);
	CHECK(sys_ctl(s, "exec host.service -- /does/not/exist") != 0);
	CHECK(sys_said(s, "/does/not/exist") && sys_said(s, "No such file or directory"));
	CHECK(sys_ctl(s, "stop host.service") == 0);
}

/* systemd.service(5): a Type=idle waits for what is queued, but no longer than this. */
#define IDLE_MAX_US 5000000

/* It has waited for slow.service, or as long as it may. */
static bool idle_has_waited(void)
{
	long begun = sys_number(s, "idle.service", "ExecMainStartTimestampMonotonic");
	long up = sys_number(s, "idle.service", "InactiveExitTimestampMonotonic");

	return begun >= sys_number(s, "slow.service", "ActiveEnterTimestampMonotonic") ||
	       begun - up >= IDLE_MAX_US;
}

/* Type=idle is up at once; its command waits for what is queued. */
static void test_idle_comes_last(void **state)
{
	char go[128];

	(void)state;
	snprintf(go, sizeof(go), "%s/go", s->dir);
	sys_unit(s, "idle.service", "[Service]\nType=idle\nExecStart=/bin/sleep infinity\n");
	loadf("slow.service",
		"[Service]\nType=oneshot\nRemainAfterExit=yes\n"
		"ExecStart=/bin/sh -c 'until [ -e %s ]; do sleep 0.02; done'\n",
		go);
	CHECK(sys_ctl(s, "start --no-block slow.service") == 0);
	CHECK(sys_ctl(s, "start idle.service") == 0);
	CHECK(property_equals("idle.service", "ActiveState", "active"));
	CHECK(property_equals("idle.service", "SubState", "start") || idle_has_waited());
	close(open(go, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	sys_wait(s, "idle.service", "SubState", "running");
	sys_wait(s, "slow.service", "ActiveState", "active");
	CHECK(idle_has_waited());
	CHECK(sys_ctl(s, "stop idle.service slow.service") == 0);
}

/* PermissionsStartOnly=: all but ExecStart= run as with '+', with every right. */
static void test_permissions_start_only(void **state)
{
	char text[64];

	(void)state;
	loadf("perm.service",
		"[Service]\nType=oneshot\nRemainAfterExit=yes\nUser=nobody\nPermissionsStartOnly="
		"yes\n"
		"CapabilityBoundingSet=\nProtectSystem=strict\n"
		"ExecStartPre=/bin/sh -c 'echo before >%s/perm && chown 65534 %s/perm'\n"
		"ExecStart=/bin/sh -c '! echo main >%s/perm'\n",
		s->dir, s->dir, s->dir);
	CHECK(sys_ctl(s, "start perm.service") == 0);
	CHECK(strcmp(sys_file(s, "perm", text, sizeof(text)), "before\n") == 0);
	CHECK(sys_ctl(s, "stop perm.service") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_simple),
		cmocka_unit_test(test_words_of_the_log),
		cmocka_unit_test(test_other_verbs),
		cmocka_unit_test(test_unknown_user),
		cmocka_unit_test(test_restart_after_kill),
		cmocka_unit_test(test_reload_between_lives),
		cmocka_unit_test(test_missing_binary),
		cmocka_unit_test(test_missing_bind_source),
		cmocka_unit_test(test_oneshot_sequence),
		cmocka_unit_test(test_exit_code),
		cmocka_unit_test(test_notify),
		cmocka_unit_test(test_notify_protocol),
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_forking),
		cmocka_unit_test(test_dependency_failure),
		cmocka_unit_test(test_start_limit),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_stubborn),
		cmocka_unit_test(test_broken_unit_alone),
		cmocka_unit_test(test_instances),
		cmocka_unit_test(test_exec_enters_the_unit),
		cmocka_unit_test(test_idle_comes_last),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_status_pid),
		cmocka_unit_test(test_unmet_is_shown),
		cmocka_unit_test(test_timeout_says_what_was_missing),
		cmocka_unit_test(test_verify_says_what_it_is),
		cmocka_unit_test(test_definition_gone),
		cmocka_unit_test(test_permissions_start_only),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
