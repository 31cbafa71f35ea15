// SPDX-License-Identifier: MIT
/* Who is signalled when a unit stops, with what, and what is left of it. */
#include "check.h"

#include <signal.h>
#include <unistd.h>

/* Main process with a child; both ignore the signals that the test names by number. */
static const char *payload;

static void start_unit(const char *name, const char *settings, const char *actions)
{
	loadf(name, "[Service]\nExecStart=%s %s\n%s\n", payload, actions, settings);
	CHECK(sys_ctl(s, "start %s", name) == 0);
}

static bool path_exists(const char *unit, const char *what)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/system.slice/%s%s", s->cgroup, unit, what);
	return access(path, F_OK) == 0;
}

static int count_in_cgroup(const char *unit)
{
	char path[512], line[64];
	FILE *f;
	int n = 0;

	snprintf(path, sizeof(path), "%s/system.slice/%s/cgroup.procs", s->cgroup, unit);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		n++;
	}
	if (f) {
		fclose(f);
	}
	return n;
}

static bool cgroup_gone(struct sys *sys, void *arg)
{
	(void)sys;
	return !path_exists(arg, "");
}

static bool has_two(struct sys *sys, void *arg)
{
	(void)sys;
	return count_in_cgroup(arg) == 2;
}

static void wait_two(const char *unit)
{
	sys_wait_for(s, "two processes", has_two, (void *)unit);
}

static void wait_cgroup_gone(const char *unit)
{
	sys_wait_for(s, "cgroup is removed", cgroup_gone, (void *)unit);
}

static void test_control_group(void **state)
{
	(void)state;
	start_unit("all.service", "KillMode=control-group", "fork pause");
	wait_two("all.service");
	CHECK(sys_ctl(s, "stop all.service") == 0);
	CHECK(property_equals("all.service", "Result", "success"));
	wait_cgroup_gone("all.service");
}

static void test_mixed(void **state)
{
	(void)state;
	/* The child ignores SIGTERM, but gets SIGKILL as soon as the main process is gone. */
	start_unit("mixed.service", "KillMode=mixed\nTimeoutStopSec=infinity",
		"fork ignore=15 print=child-up pause");
	wait_log("mixed.service", "child-up");
	CHECK(sys_ctl(s, "stop mixed.service") == 0);
	CHECK(property_equals("mixed.service", "Result", "success"));
	wait_cgroup_gone("mixed.service");
}

static void test_process(void **state)
{
	(void)state;
	start_unit("proc.service", "KillMode=process", "fork pause");
	wait_two("proc.service");
	CHECK(sys_ctl(s, "stop proc.service") == 0);
	CHECK(property_equals("proc.service", "ActiveState", "inactive"));
	CHECK(count_in_cgroup("proc.service") == 1);
	CHECK(sys_ctl(s, "status proc.service") == 3);
	/* A start is possible beside what was left over; the left one stays. */
	CHECK(sys_ctl(s, "start proc.service") == 0);
	CHECK(sys_ctl(s, "kill --kill-whom=all -s KILL proc.service") == 0);
	sys_wait(s, "proc.service", "ActiveState", "failed");
	wait_cgroup_gone("proc.service");
}

static void test_none(void **state)
{
	long pid;

	(void)state;
	start_unit("none.service", "KillMode=none", "pause");
	pid = sys_number(s, "none.service", "MainPID");
	CHECK(sys_ctl(s, "stop none.service") == 0);
	CHECK(property_equals("none.service", "ActiveState", "inactive"));
	CHECK(kill((pid_t)pid, 0) == 0);
	CHECK(count_in_cgroup("none.service") == 1);
	CHECK(kill((pid_t)pid, SIGKILL) == 0);
	wait_cgroup_gone("none.service");
}

static void test_no_sigkill(void **state)
{
	long pid;

	(void)state;
	start_unit("nokill.service", "SendSIGKILL=no\nTimeoutStopSec=100ms",
		"ignore=15 print=deaf pause");
	wait_log("nokill.service", "deaf");
	pid = sys_number(s, "nokill.service", "MainPID");
	CHECK(sys_ctl(s, "stop nokill.service") == 0);
	CHECK(property_equals("nokill.service", "Result", "timeout"));
	CHECK(property_equals("nokill.service", "ActiveState", "failed"));
	CHECK(kill((pid_t)pid, 0) == 0);
	CHECK(kill((pid_t)pid, SIGKILL) == 0);
	wait_cgroup_gone("nokill.service");
}

static void test_kill_signal(void **state)
{
	(void)state;
	start_unit("usr.service", "KillSignal=SIGUSR1", "ignore=15 pause");
	CHECK(sys_ctl(s, "stop usr.service") == 0);
	CHECK(sys_number(s, "usr.service", "ExecMainStatus") == SIGUSR1);
	wait_cgroup_gone("usr.service");
}

static void test_final_signal(void **state)
{
	(void)state;
	start_unit("final.service", "FinalKillSignal=SIGQUIT\nTimeoutStopSec=1",
		"ignore=15 print=deaf pause");
	wait_log("final.service", "deaf");
	CHECK(sys_ctl(s, "stop final.service") == 0);
	CHECK(property_equals("final.service", "Result", "timeout"));
	CHECK(sys_number(s, "final.service", "ExecMainStatus") == SIGQUIT);
	wait_cgroup_gone("final.service");
}

static void test_left_over(void **state)
{
	(void)state;
	/* The main process ends by itself: the rest of the group goes with it. */
	start_unit("left.service", "", "orphan=0 pause");
	sys_wait(s, "left.service", "ActiveState", "inactive");
	wait_cgroup_gone("left.service");
}

static void test_kill_whom(void **state)
{
	long pid;

	(void)state;
	start_unit("whom.service", "", "fork ignore=10 print=child-up pause");
	wait_log("whom.service", "child-up");
	pid = sys_number(s, "whom.service", "MainPID");
	CHECK(pid > 1);
	CHECK(sys_ctl(s, "kill -s SIGUSR1 --kill-whom=main whom.service") == 0);
	sys_wait(s, "whom.service", "ActiveState", "failed");
	CHECK(sys_number(s, "whom.service", "ExecMainStatus") == SIGUSR1);
	CHECK(sys_ctl(s, "kill -s NOSUCH whom.service") != 0);
	CHECK(sys_said(s, "NOSUCH"));
}

static void test_stop_post_sees_result(void **state)
{
	(void)state;
	start_unit("post.service",
		"ExecStopPost=/bin/sh -c 'echo after $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS'",
		"pause");
	CHECK(sys_ctl(s, "kill -s KILL post.service") == 0);
	sys_wait(s, "post.service", "ActiveState", "failed");
	wait_log("post.service", "after signal killed KILL");
	wait_cgroup_gone("post.service");
}

static int setup_payload(void **state)
{
	setup(state);
	payload = sys_payload(s);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control_group),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_no_sigkill),
		cmocka_unit_test(test_kill_signal),
		cmocka_unit_test(test_final_signal),
		cmocka_unit_test(test_left_over),
		cmocka_unit_test(test_kill_whom),
		cmocka_unit_test(test_stop_post_sees_result),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup_payload, teardown);
}
