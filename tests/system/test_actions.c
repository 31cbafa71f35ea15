// SPDX-License-Identifier: MIT
/*
 * FailureAction=, SuccessAction=, StartLimitAction= and JobTimeoutAction= off PID 1: all is
 * stopped, and supd-init ends with the status that the action says.
 */
#include "check.h"

#include <sys/wait.h>

/* [Unit] of what ends supd with that status when it has stopped. */
#define DONE(status)                                                                               \
	"[Unit]\nSuccessAction=exit\nFailureAction=none\nSuccessActionExitStatus=" #status "\n"
#define ONESHOT "[Service]\nType=oneshot\nExecStart="

/* A unit, and how supd-init ends when it was started. */
static const struct action {
	const char *what;
	const char *unit; /* its [Unit], then its [Service] */
	int status;
	const char *name; /* NULL: act.service */
	bool stop;        /* the action is the stop's, not the start's */
} table[] = {
	{ "the service's own status",
		"[Unit]\nFailureAction=exit\n[Service]\nExecStart=/bin/sh -c 'exit 7'\n", 7 },
	{ "the status that is set",
		"[Unit]\nFailureAction=exit-force\nFailureActionExitStatus="
		"9\nSuccessActionExitStatus=8\n"
		"[Service]\nExecStart=/bin/false\n",
		9 },
	{ "a signal",
		"[Unit]\nFailureAction=exit\n[Service]\nExecStart=/bin/sh -c 'kill -KILL $$$$'\n",
		255 },
	{ "no program", "[Unit]\nFailureAction=exit\n[Service]\nExecStart=/nonexistent/program\n",
		203 },
	{ "success", "[Unit]\nSuccessAction=exit-force\n" ONESHOT "/bin/true\n", 0 },
	{ "success with a status of its own",
		"[Unit]\nSuccessAction=exit\nFailureAction=exit\nSuccessActionExitStatus="
		"3\n" ONESHOT "/bin/true\n",
		3 },
	{ "the start limit",
		"[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=1h\nStartLimitAction=exit\n"
		"[Service]\nRestart=on-failure\nRestartSec=1ms\nExecStart=/bin/sh -c 'exit 5'\n",
		1 },
	{ "a job that takes too long",
		"[Unit]\nJobTimeoutSec=50ms\nJobTimeoutAction=exit\n" ONESHOT
		"/bin/sleep infinity\n",
		1 },
	{ "what only a machine can do",
		"[Unit]\nFailureAction=reboot\n[Service]\nExecStart=/bin/sh -c 'exit 6'\n", 6 },
	{ "a socket that cannot be bound",
		"[Unit]\nFailureAction=exit\n[Socket]\nListenStream=/proc/none/socket\n", 1,
		"act.socket", false },
	{ "a socket", DONE(3) "[Socket]\nListenStream=@supd-test-act-%b\n", 3, "act.socket", true },
	{ "a target", DONE(4), 4, "act.target", true },
	{ "a slice", DONE(5), 5, "act.slice", true },
	{ "a timer", DONE(6) "[Timer]\nOnActiveSec=1h\n", 6, "act.timer", true },
	{ "a path", DONE(7) "[Path]\nPathExists=/nonexistent/x\n", 7, "act.path", true },
	{ "a mount that fails",
		"[Unit]\nFailureAction=exit\nFailureActionExitStatus=8\n[Mount]\n"
		"What=/nonexistent/x\nWhere=/nonexistent/y\nType=none\nOptions=bind\n",
		8, "nonexistent-y.mount", false },
	{ "a swap that fails",
		"[Unit]\nFailureAction=exit\nFailureActionExitStatus=9\n[Swap]\n"
		"What=/etc/passwd\n",
		9, "etc-passwd.swap", false },
	{ "a device that does not come", "[Unit]\nJobTimeoutSec=50ms\nJobTimeoutAction=exit\n", 1,
		"nonexistent-d.device", false },
};

static int end_status;

static bool has_ended(struct sys *sys, void *arg)
{
	(void)arg;
	if (waitpid(sys->init, &end_status, WNOHANG) != sys->init) {
		return false;
	}
	sys->init = -1;
	return true;
}

static void check_action(const struct action *a)
{
	const char *name = a->name ? a->name : "act.service";
	char text[64];

	s = sys_new();
	sys_unit(s, name, a->unit);
	sys_unit(s, "act.service", a->name ? "[Service]\nExecStart=/bin/true\n" : a->unit);
	char other[512];

	snprintf(other, sizeof(other),
		"[Service]\nExecStart=/bin/sleep infinity\nExecStop=/bin/sh -c 'echo stopped "
		">%s/other'\n"
		"[Container]\nProfile=trusted\n",
		s->dir);
	sys_unit(s, "other.service", other);
	sys_start(s, NULL);
	CHECK(sys_ctl(s, "start other.service") == 0);
	if (a->stop) {
		CHECK(sys_ctl(s, "start %s", name) == 0);
	}
	/* supd may be gone before it has answered */
	sys_ctl(s, "%s --no-block %s", a->stop ? "stop" : "start", name);
	sys_wait_for(s, a->what, has_ended, NULL);
	if (!WIFEXITED(end_status) || WEXITSTATUS(end_status) != a->status) {
		sys_fail(s, "%s: supd-init ended with %#x, not %d", a->what, (unsigned)end_status,
			a->status);
	}
	CHECK(strcmp(sys_file(s, "other", text, sizeof(text)), "stopped\n") == 0);
	sys_free(s);
	s = NULL;
}

static void test_actions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		check_action(&table[i]);
	}
}

/* OnFailure= and OnSuccess= are every type's, and also the word for a job that was never run. */
static void test_on_failure(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		bool stop;
	} rows[] = {
		{ "f1.socket",
			"[Unit]\nOnFailure=told@%p.target\n[Socket]\n"
			"ListenStream=/proc/none/socket\nService=act.service\n",
			false },
		{ "f2.target",
			"[Unit]\nOnFailure=told@%p.target\nRequires=bad.service\n"
			"After=bad.service\n",
			false },
		{ "f3.service",
			"[Unit]\nOnFailure=told@%p.target\nRequires=bad.service\n"
			"After=bad.service\n" ONESHOT "/bin/true\n",
			false },
		{ "f4.target",
			"[Unit]\nOnFailure=told@%p.target\nJobTimeoutSec=50ms\n"
			"Wants=slow.service\nAfter=slow.service\n",
			false },
		{ "f5.target", "[Unit]\nOnSuccess=told@%p.target\n", true },
		{ "f6.timer",
			"[Unit]\nOnSuccess=told@%p.target\n[Timer]\nOnActiveSec=1h\n"
			"Unit=act.service\n",
			true },
		{ "f7.path",
			"[Unit]\nOnSuccess=told@%p.target\n[Path]\nUnit=act.service\n"
			"PathExists=/nonexistent/x\n",
			true },
	};
	char told[32];

	(void)state;
	s = sys_new();
	sys_unit(s, "told@.target", "[Unit]\nDescription=told\n");
	sys_unit(s, "bad.service", ONESHOT "/bin/false\n");
	sys_unit(s, "slow.service", ONESHOT "/bin/sleep infinity\n");
	sys_unit(s, "act.service", ONESHOT "/bin/true\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sys_unit(s, rows[i].name, rows[i].text);
	}
	sys_start(s, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(told, sizeof(told), "told@f%zu.target", i + 1);
		CHECK((sys_ctl(s, "start %s", rows[i].name) == 0) == rows[i].stop);
		if (rows[i].stop) {
			CHECK(property_equals(told, "ActiveState", "inactive"));
			CHECK(sys_ctl(s, "stop %s", rows[i].name) == 0);
		}
		sys_wait(s, told, "ActiveState", "active");
	}
	sys_free(s);
	s = NULL;
}

/* The targets and services that ship with supd say nothing when they are verified. */
static void test_shipped(void **state)
{
	static const char *const names[] = { "exit.target", "halt.target", "kexec.target",
		"poweroff.target", "reboot.target", "soft-reboot.target", "shutdown.target",
		"multi-user.target", "rescue.target", "ctrl-alt-del.target", "systemd-exit.service",
		"systemd-halt.service", "systemd-kexec.service", "systemd-poweroff.service",
		"systemd-reboot.service", "systemd-soft-reboot.service" };

	(void)state;
	s = sys_new();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CHECK(sys_ctl(s, "verify %s/units/%s", getenv("SUPD_BUILD"), names[i]) == 0);
		CHECK(!sys_said(s, "warning") && !sys_said(s, "error"));
	}
	sys_free(s);
	s = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_on_failure),
		cmocka_unit_test(test_shipped),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
