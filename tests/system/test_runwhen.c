// SPDX-License-Identifier: MIT
/* supctl run with a timer, a path or a socket that starts the service; the options that are
 * settings. */
#include "check.h"

#include <unistd.h>

static void make(const char *name)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	f = fopen(path, "we");
	CHECK(f && fputs("x\n", f) >= 0 && fclose(f) == 0);
}

static void test_timer(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "run --unit soon --on-active 1us --timer-property AccuracySec=1us "
			 "/bin/echo ran-soon") == 0);
	CHECK(sys_said(s, "Running timer as unit: soon.timer"));
	wait_log("soon.service", "ran-soon");
	/* Several lines of one timer, none of them due. */
	CHECK(sys_ctl(s, "run --unit later --on-boot 1000d --on-startup 1000d --on-unit-active 1d "
			 "--on-unit-inactive 1d --on-calendar 2099-01-01 --on-clock-change "
			 "--on-timezone-change /bin/echo ran-later") == 0);
	CHECK(property_equals("later.timer", "ActiveState", "active"));
	CHECK(property_equals("later.service", "ActiveState", "inactive"));
	CHECK(sys_ctl(s, "cat later.timer") == 0);
	CHECK(sys_said(s, "OnBootSec=1000d") && sys_said(s, "OnUnitInactiveSec=1d"));
	CHECK(sys_said(s, "OnClockChange=yes") && sys_said(s, "OnCalendar=2099-01-01"));
	CHECK(sys_ctl(s, "stop later.timer") == 0);
}

static void test_path(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "run --unit seen --path-property PathChanged=%s/flag /bin/echo ran-seen",
		      s->dir) == 0);
	CHECK(sys_said(s, "Running path as unit: seen.path"));
	sys_wait(s, "seen.path", "SubState", "waiting");
	make("flag");
	wait_log("seen.service", "ran-seen");
	CHECK(sys_ctl(s, "stop seen.path") == 0);
}

static void test_socket(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "run --unit ear --socket-property ListenStream=127.0.0.1:45701 "
			 "/bin/sleep 1000") == 0);
	CHECK(property_equals("ear.socket", "SubState", "listening"));
	CHECK(sys_ctl(s, "stop ear.socket") == 0);
}

static void test_settings(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "run --unit set --wait --uid nobody --nice 3 --service-type oneshot "
			 "--working-directory /usr -E MARK=here /usr/bin/env") == 0);
	wait_log("set.service", "MARK=here");
	CHECK(sys_said(s, "USER=nobody"));
}

static void test_refusals(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "run --scope /bin/true") == 2 && sys_said(s, "--scope"));
	CHECK(sys_ctl(s, "run --on-active 1 --path-property PathExists=/x /bin/true") == 2);
	CHECK(sys_said(s, "started by a timer already, not by a path"));
	CHECK(sys_ctl(s, "run --timer-property Nonsense=1 /bin/true") == 2);
	CHECK(sys_said(s, "no such setting of a timer"));
	CHECK(sys_ctl(s, "run --timer-property Nonsense /bin/true") == 2);
	CHECK(sys_said(s, "not SETTING=VALUE"));
	CHECK(sys_ctl(s, "run --pty --on-active 1 /bin/true") == 2);
	CHECK(sys_ctl(s, "run --unit never --on-calendar never-ever /bin/true") != 0);
	CHECK(sys_said(s, "never-ever"));
	/* and it has left nothing behind */
	CHECK(sys_ctl(s, "run --unit never --on-active 1d /bin/true") == 0);
	CHECK(sys_ctl(s, "run -E NO_SUCH_VARIABLE_HERE /bin/true") == 2);
}

/* The end of a machine by a timer; here it is not let come to it. */
static void test_scheduled_end(void **state)
{
	(void)state;
	CHECK(sys_ctl(s, "poweroff --when=show") == 0 && sys_said(s, "0 timers"));
	CHECK(sys_ctl(s, "poweroff --when=never") != 0 && sys_said(s, "no calendar expression"));
	CHECK(sys_ctl(s, "poweroff --when=+600") == 0);
	CHECK(sys_ctl(s, "reboot --when=show") == 0 && sys_said(s, "supd-shutdown.timer"));
	CHECK(sys_said(s, "h left")); /* minutes: ten hours from now */
	CHECK(sys_ctl(s, "reboot --when=23:59") == 1 && sys_said(s, "scheduled already"));
	CHECK(sys_ctl(s, "halt --when=cancel") == 0);
	CHECK(sys_ctl(s, "halt --when=cancel") == 0 && sys_said(s, "Nothing is scheduled"));
	CHECK(sys_ctl(s, "reboot --when=23:59") == 0);
	CHECK(sys_ctl(s, "cat supd-shutdown.service") == 0 && sys_said(s, " reboot\n"));
	CHECK(sys_ctl(s, "cat supd-shutdown.timer") == 0 && sys_said(s, "OnCalendar=20"));
	CHECK(sys_said(s, " UTC\n") && !sys_said(s, "OnCalendar=23:59")); /* once, not daily */
	CHECK(sys_ctl(s, "poweroff --when=cancel") == 0);
	CHECK(sys_ctl(s, "poweroff --when=2001-01-01") == 1 && sys_said(s, "is over"));
	CHECK(sys_ctl(s, "reboot --when=23:59") == 0);
	CHECK(sys_ctl(s, "poweroff --when=cancel") == 0);
	/* no loaded kernel is needed to call it off; the timer's command says what was said */
	CHECK(sys_ctl(s, "kexec --when=cancel") == 0 && sys_said(s, "Nothing is scheduled"));
	CHECK(sys_ctl(s, "reboot --when=+600 --no-wall --message=100%%-${HOME}") == 0);
	CHECK(sys_ctl(s, "cat supd-shutdown.service") == 0 &&
		sys_said(s, "\"reboot\" \"--no-wall\""));
	CHECK(sys_said(s, "\"--message=100%%-$${HOME}\""));
	CHECK(sys_ctl(s, "poweroff --when=cancel") == 0);
	/* a short one is carried out: by a supd that is no machine's, which refuses */
	CHECK(sys_ctl(s, "poweroff --when=+1us") == 0);
	wait_log("supd-shutdown.service", "supd-init is not PID 1 here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timer),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_socket),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_scheduled_end),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
