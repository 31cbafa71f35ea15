// SPDX-License-Identifier: MIT
/*
 * FailureAction=, SuccessAction=, StartLimitAction= and JobTimeoutAction= off PID 1: all is
 * stopped, and supd-init ends with the status that the action says.
 */
#include "check.h"

#include <sys/wait.h>

#define ONESHOT "[Service]\nType=oneshot\nExecStart="

/* A unit, and how supd-init ends when it was started. */
static const struct action {
	const char *what;
	const char *unit; /* its [Unit], then its [Service] */
	int status;
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
	char text[64];

	s = sys_new();
	sys_unit(s, "act.service", a->unit);
	char other[512];

	snprintf(other, sizeof(other),
		"[Service]\nExecStart=/bin/sleep infinity\nExecStop=/bin/sh -c 'echo stopped "
		">%s/other'\n"
		"[Container]\nProfile=trusted\n",
		s->dir);
	sys_unit(s, "other.service", other);
	sys_start(s, NULL);
	CHECK(sys_ctl(s, "start other.service") == 0);
	sys_ctl(s, "start --no-block act.service"); /* supd may be gone before it has answered */
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
		cmocka_unit_test(test_shipped),
	};

	sys_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
