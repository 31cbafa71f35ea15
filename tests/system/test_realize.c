// SPDX-License-Identifier: MIT
/*
 * A reload changes the cgroup of what runs. Here by its device programs, which need no controller;
 * tests/vm/test_limits.py has the rest.
 */
#include "check.h"

#include <signal.h>
#include <unistd.h>

static bool says(struct sys *sys, void *arg)
{
	char buf[64];

	return strcmp(sys_file(sys, "says", buf, sizeof(buf)), arg) == 0;
}

static void load_policy(const char *policy)
{
	loadf("device.service",
		"[Service]\n"
		"ExecStart=/bin/sh -c 'while :; do (exec 3</dev/zero) 2>&- && t=open || t=shut; "
		"echo $$t >%1$s/says.new; mv %1$s/says.new %1$s/says; sleep 0.1; done'\n"
		"DevicePolicy=%2$s\n"
		"[Container]\nProfile=trusted\n",
		s->dir, policy);
}

static bool other_supd(struct sys *sys, void *arg)
{
	pid_t pid = sys_supd_pid(sys);

	return pid > 0 && pid != *(pid_t *)arg;
}

static void test_reload(void **state)
{
	pid_t supd;
	long pid;

	(void)state;
	load_policy("strict");
	if (sys_ctl(s, "start device.service") != 0 && sys_said(s, "needs cgroup BPF")) {
		printf("skipped: %s", s->output);
		return;
	}
	pid = sys_number(s, "device.service", "MainPID");
	sys_wait_for(s, "a shut device", says, "shut\n");
	load_policy("auto");
	sys_wait_for(s, "an open device", says, "open\n");
	/* A frozen one gets it too, and a crash of supd changes nothing. */
	CHECK(sys_ctl(s, "freeze device.service") == 0);
	load_policy("strict");
	supd = sys_supd_pid(s);
	CHECK(supd > 0 && kill(supd, SIGKILL) == 0);
	sys_wait_for(s, "another supd", other_supd, &supd);
	CHECK(property_equals("device.service", "FreezerState", "frozen"));
	CHECK(sys_ctl(s, "thaw device.service") == 0);
	sys_wait_for(s, "a shut device again", says, "shut\n");
	CHECK(sys_number(s, "device.service", "MainPID") == pid);
	CHECK(sys_ctl(s, "stop device.service") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_reload) };

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
