// SPDX-License-Identifier: MIT
/* What a service's file says of its life: conditions of its own, several commands, when it counts
 * as over, when it is over at the latest; a cancelled requirement; a template of timers. */
#include "check.h"

#include <unistd.h>

static bool is_running(const char *name)
{
	return property_equals(name, "SubState", "running");
}

static void test_commands(void **state)
{
	(void)state;
	load("many.service",
		"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecCondition=/bin/true\n"
		"ExecStart=/bin/echo line-one\nExecStart=-/bin/false\n"
		"ExecStart=/bin/echo line-three\n");
	CHECK(sys_ctl(s, "start many.service") == 0);
	CHECK(property_equals("many.service", "SubState", "exited"));
	wait_log("many.service", "line-one");
	wait_log("many.service", "line-three");
	load("skipped.service", "[Service]\nType=oneshot\nExecCondition=/bin/false\n"
				"ExecStart=/bin/touch /run/never-made\n");
	CHECK(sys_ctl(s, "start skipped.service") == 0);
	CHECK(property_equals("skipped.service", "ActiveState", "inactive"));
	CHECK(property_equals("skipped.service", "Result", "exec-condition"));
	CHECK(access("/run/never-made", F_OK) < 0);
}

static void test_over(void **state)
{
	(void)state;
	load("group.service", "[Service]\nExitType=cgroup\n"
			      "ExecStart=/bin/sh -c '/bin/sleep 1000 & echo parent-over'\n");
	CHECK(sys_ctl(s, "start group.service") == 0);
	wait_log("group.service", "parent-over");
	sys_wait(s, "group.service", "ExecMainStatus", "0");
	CHECK(is_running("group.service"));
	CHECK(sys_ctl(s, "kill group.service") == 0);
	sys_wait(s, "group.service", "ActiveState", "inactive");
	load("short.service", "[Service]\nExecStart=/bin/sleep 1000\nRuntimeMaxSec=100ms\n"
			      "ExecStopPost=/bin/sh -c 'echo after-$SERVICE_RESULT-$EXIT_CODE'\n");
	CHECK(sys_ctl(s, "start --no-block short.service") == 0);
	sys_wait(s, "short.service", "ActiveState", "failed");
	CHECK(property_equals("short.service", "Result", "timeout"));
	wait_log("short.service", "after-timeout-killed");
}

/* The delay grows from RestartSec= to RestartMaxDelaySec= and no further; direct: never down. */
static void test_restarts(void **state)
{
	(void)state;
	load("steps.service", "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/false\n"
			      "Restart=always\nRestartMode=direct\nRestartSec=1ms\nRestartSteps=2\n"
			      "RestartMaxDelaySec=20ms\nExecStopPost=/bin/echo once-more\n");
	CHECK(sys_ctl(s, "start --no-block steps.service") == 0);
	wait_log("steps.service", "restart counter is at 5.");
	CHECK(sys_ctl(s, "show -p RestartSteps -p RestartMaxDelayUSec steps.service") == 0);
	CHECK(sys_said(s, "RestartSteps=2") && sys_said(s, "RestartMaxDelayUSec=20ms"));
	CHECK(sys_ctl(s, "stop steps.service") == 0);
	CHECK(!is_running("steps.service"));
}

static void test_cancel(void **state)
{
	unsigned job = 0;
	const char *line;

	(void)state;
	load("first.service", "[Service]\nType=oneshot\nExecStart=/bin/sleep 1000\n");
	load("second.service", "[Unit]\nRequires=first.service\nAfter=first.service\n"
			       "[Service]\nExecStart=/bin/sleep 1000\n");
	CHECK(sys_ctl(s, "start --no-block second.service") == 0);
	sys_wait(s, "first.service", "SubState", "start");
	CHECK(sys_ctl(s, "list-jobs --no-legend") == 0);
	line = strstr(s->output, "first.service");
	while (line && line > s->output && line[-1] != '\n') {
		line--;
	}
	CHECK(line && sscanf(line, "%u first.service", &job) == 1);
	CHECK(sys_ctl(s, "cancel %u", job) == 0);
	CHECK(sys_ctl(s, "list-jobs") == 0 && sys_said(s, "0 jobs listed"));
	CHECK(property_equals("second.service", "ActiveState", "inactive"));
	CHECK(sys_ctl(s, "stop first.service second.service") == 0);
}

static void test_template_timer(void **state)
{
	(void)state;
	load("by@.service", "[Service]\nType=oneshot\nExecStart=/bin/echo for-%i\n");
	load("every@.timer", "[Timer]\nOnCalendar=%i\nOnBootSec=1000d\nUnit=by@%i.service\n");
	CHECK(sys_ctl(s, "daemon-reload") == 0 && !sys_said(s, "error"));
	CHECK(sys_ctl(s, "start every@monthly.timer") == 0);
	CHECK(property_equals("every@monthly.timer", "Unit", "by@monthly.service"));
	CHECK(sys_ctl(s, "list-timers") == 0 && sys_said(s, "every@monthly.timer"));
	CHECK(sys_ctl(s, "stop every@monthly.timer") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_over),
		cmocka_unit_test(test_restarts),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_template_timer),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
