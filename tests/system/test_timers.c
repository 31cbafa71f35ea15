// SPDX-License-Identifier: MIT
/* Timers through the real programs: what they start, what they survive, what is told of them. */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "../../runtime/base/timeutil.h"
#include "../../supervisor/stamps.h"

#define ONESHOT "[Service]\nType=oneshot\nExecStart=/bin/echo elapsed-%s\n"

static bool logged_thrice(struct sys *sys, void *text)
{
	unsigned n = 0;

	sys_ctl(sys, "logs -n 1000 -o cat mono.service");
	for (const char *at = strstr(sys->output, text); at; at = strstr(at + 1, text)) {
		n++;
	}
	return n >= 3;
}

static void test_monotonic(void **state)
{
	(void)state;
	loadf("mono.service", ONESHOT, "mono");
	load("mono.timer", "[Timer]\nOnActiveSec=50ms\nOnUnitInactiveSec=100ms\nAccuracySec=1us\n");
	CHECK(sys_ctl(s, "start mono.timer") == 0);
	sys_wait_for(s, "three times", logged_thrice, (void *)"elapsed-mono");
	CHECK(sys_ctl(s, "status mono.timer") == 0);
	CHECK(sys_said(s, "Trigger:") && sys_said(s, "Triggers: mono.service"));
	CHECK(sys_ctl(s, "show mono.timer -p TimersMonotonic") == 0);
	CHECK(sys_said(s, "{ OnActiveUSec=50ms ; next_elapse="));
	CHECK(sys_said(s, "{ OnUnitInactiveUSec=100ms ; next_elapse="));
	CHECK(sys_ctl(s, "stop mono.timer") == 0);
	CHECK(property_equals("mono.timer", "SubState", "dead"));
}

static void test_once(void **state)
{
	(void)state;
	loadf("once.service", ONESHOT, "once");
	load("once.timer", "[Timer]\nOnActiveSec=0\nAccuracySec=1us\n");
	load("gone.timer", "[Timer]\nOnActiveSec=0\nAccuracySec=1us\nRemainAfterElapse=no\nUnit="
			   "once.service\n");
	CHECK(sys_ctl(s, "start once.timer gone.timer") == 0);
	sys_wait(s, "once.timer", "SubState", "elapsed");
	sys_wait(s, "gone.timer", "SubState", "dead");
	wait_log("once.service", "elapsed-once");
}

/* Each second; a supd that is killed again and again costs none of the later ones. */
static void test_crashes(void **state)
{
	usec_t last = 0;

	(void)state;
	loadf("cal.service", ONESHOT, "cal");
	load("cal.timer", "[Timer]\nOnCalendar=*:*:*\nAccuracySec=1us\n");
	CHECK(sys_ctl(s, "start cal.timer") == 0);
	for (int i = 0; i < 2; i++) {
		wait_log("cal.service", "elapsed-cal");
		sys_kill_supd(s);
		sys_wait(s, "cal.timer", "ActiveState", "active");
		CHECK(sys_ctl(s, "list-timers --json cal.timer") == 0);
		CHECK(strstr(s->output, "\"last\":"));
		CHECK(strtoull(strstr(s->output, "\"last\":") + 7, NULL, 10) >= last);
		last = strtoull(strstr(s->output, "\"last\":") + 7, NULL, 10);
		CHECK(last > 0);
	}
	CHECK(sys_ctl(s, "stop cal.timer") == 0);
}

static bool is_stamped(struct sys *sys, void *arg)
{
	char path[160];
	struct stamps stamps;
	bool found;

	snprintf(path, sizeof(path), "%s/state/timers", sys->dir);
	if (stamps_init(&stamps, open(path, O_RDONLY | O_CLOEXEC)) < 0) {
		return false;
	}
	found = stamps_get(&stamps, arg) > 0;
	stamps_fini(&stamps);
	return found;
}

/* The machine was off for a year: what was due meanwhile is made up for, once, at the start. */
static void test_persistent(void **state)
{
	char path[160];
	struct stamps stamps;

	(void)state;
	loadf("late.service", ONESHOT, "late");
	loadf("plain.service", ONESHOT, "plain");
	/* Once a year, so that no midnight comes between. */
	load("late.timer", "[Timer]\nOnCalendar=yearly\nAccuracySec=1us\nPersistent=yes\n");
	load("plain.timer", "[Timer]\nOnCalendar=yearly\nAccuracySec=1us\n");
	CHECK(sys_ctl(s, "start late.timer plain.timer") == 0);
	/* Without a stamp nothing was missed. */
	CHECK(property_equals("late.timer", "SubState", "waiting"));
	sys_wait_for(s, "the stamp", is_stamped, (void *)"late.timer");
	CHECK(property_equals("late.service", "ActiveEnterTimestamp", "n/a") ||
		property_equals("late.service", "ActiveEnterTimestamp", ""));
	CHECK(sys_ctl(s, "stop late.timer plain.timer") == 0);
	snprintf(path, sizeof(path), "%s/state/timers", s->dir);
	CHECK(stamps_init(&stamps, open(path, O_RDWR | O_CLOEXEC)) == 0 && stamps.fd >= 0);
	CHECK(stamps_set(&stamps, "late.timer",
		      clock_us(CLOCK_REALTIME) - 400 * 86400 * USEC_PER_SEC) == 0);
	stamps_fini(&stamps);
	sys_kill_supd(s); /* the next one reads the file */
	sys_wait(s, "late.timer", "ActiveState", "inactive");
	CHECK(sys_ctl(s, "start late.timer plain.timer") == 0);
	wait_log("late.service", "elapsed-late");
	CHECK(property_equals("plain.timer", "SubState", "waiting"));
	sys_wait(s, "late.timer", "SubState", "waiting");
	CHECK(sys_ctl(s, "list-timers") == 0);
	CHECK(sys_said(s, "late.timer") && sys_said(s, "plain.timer") && sys_said(s, "ACTIVATES"));
	CHECK(sys_ctl(s, "list-timers late") == 0 && sys_said(s, "late.timer"));
}

static void test_refused(void **state)
{
	(void)state;
	load("lost.timer", "[Timer]\nOnBootSec=1h\nUnit=nowhere.service\n");
	CHECK(sys_ctl(s, "start lost.timer") == 1);
	wait_log("lost.timer", "nowhere.service");
	load("bad.timer", "[Timer]\nOnCalendar=dayly\n");
	CHECK(sys_ctl(s, "start bad.timer") != 0);
	CHECK(sys_said(s, "bad.timer:2") && sys_said(s, "dayly"));
	load("empty.timer", "[Timer]\nAccuracySec=5\n");
	CHECK(sys_ctl(s, "start empty.timer") != 0);
	CHECK(sys_said(s, "OnCalendar="));
}

/* A new definition counts at once. */
static void test_reload(void **state)
{
	(void)state;
	loadf("re.service", ONESHOT, "re");
	load("re.timer", "[Timer]\nOnActiveSec=1h\n");
	CHECK(sys_ctl(s, "start re.timer") == 0);
	CHECK(property_equals("re.timer", "SubState", "waiting"));
	load("re.timer", "[Timer]\nOnActiveSec=10ms\nAccuracySec=1us\n");
	CHECK(sys_said(s, "OnActiveSec") && sys_said(s, "10ms"));
	wait_log("re.service", "elapsed-re");
	sys_wait(s, "re.timer", "SubState", "elapsed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_monotonic),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_crashes),
		cmocka_unit_test(test_persistent),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_reload),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
