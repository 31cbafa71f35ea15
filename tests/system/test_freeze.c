// SPDX-License-Identifier: MIT
/*
 * Freezing: the kernel's freezer by way of supctl; what is stopped or reloaded is thawed; a crash
 * of supd changes nothing. cgroup.freeze needs no controller, so this runs anywhere.
 */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static char root[256]; /* the cgroup of supd-init's units */

/* The kernel's own word. */
static bool kernel_frozen(const char *unit)
{
	char path[512], text[256] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%.200s/%s/cgroup.events", root, unit);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0) {
		close(fd);
	}
	return n > 0 && strstr(text, "frozen 1");
}

static bool is_frozen(struct sys *sys, void *unit)
{
	(void)sys;
	return kernel_frozen(unit);
}

static void test_freeze_and_thaw(void **state)
{
	(void)state;
	load("one.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	CHECK(sys_ctl(s, "freeze one.service") != 0 && sys_said(s, "not active"));
	CHECK(sys_ctl(s, "start one.service") == 0);
	snprintf(root, sizeof(root), "%s", s->cgroup);
	CHECK(property_equals("one.service", "FreezerState", "running"));
	CHECK(property_equals("one.service", "CanFreeze", "yes"));
	CHECK(sys_ctl(s, "freeze one.service") == 0);
	CHECK(kernel_frozen("system.slice/one.service"));
	CHECK(property_equals("one.service", "FreezerState", "frozen"));
	CHECK(property_equals("one.service", "ActiveState", "active"));
	CHECK(sys_ctl(s, "freeze one.service") == 0);
	CHECK(sys_ctl(s, "status one.service") == 0 && sys_said(s, "frozen"));
	/* One that does nothing: others may wake it for an instant, those that end it do. */
	CHECK(sys_ctl(s, "kill -s WINCH one.service") == 0);
	sys_wait(s, "one.service", "FreezerState", "frozen");
	sys_wait_for(s, "the kernel's word", is_frozen, (char *)"system.slice/one.service");
	CHECK(sys_ctl(s, "thaw one.service") == 0);
	CHECK(property_equals("one.service", "FreezerState", "running"));
	CHECK(!kernel_frozen("system.slice/one.service"));
	CHECK(property_equals("one.service", "ActiveState", "active"));
	CHECK(sys_ctl(s, "thaw one.service") == 0);
	CHECK(sys_ctl(s, "freeze nowhere.service") != 0 && sys_said(s, "nowhere.service"));
	CHECK(sys_ctl(s, "freeze basic.target") != 0 && sys_said(s, "nothing to freeze"));
}

static void test_stop_thaws(void **state)
{
	(void)state;
	load("two.service", "[Service]\nTimeoutStopSec=infinity\n"
			    "ExecStart=/bin/sleep infinity\n"
			    "ExecStop=/bin/true\n");
	CHECK(sys_ctl(s, "start two.service") == 0 && sys_ctl(s, "freeze two.service") == 0);
	CHECK(sys_ctl(s, "stop two.service") == 0);
	CHECK(property_equals("two.service", "Result", "success"));
	CHECK(sys_ctl(s, "start two.service") == 0);
	CHECK(property_equals("two.service", "FreezerState", "running"));
	CHECK(sys_ctl(s, "freeze two.service") == 0 && sys_ctl(s, "restart two.service") == 0);
	CHECK(property_equals("two.service", "FreezerState", "running"));
	CHECK(sys_ctl(s, "stop two.service") == 0);
}

static bool other_supd(struct sys *sys, void *arg)
{
	pid_t pid = sys_supd_pid(sys);

	return pid > 0 && pid != *(pid_t *)arg;
}

static void test_crash(void **state)
{
	pid_t old;
	long pid;

	(void)state;
	load("three.service", "[Service]\nTimeoutStopSec=infinity\nWatchdogSec=infinity\n"
			      "ExecStart=/bin/sleep infinity\n");
	CHECK(sys_ctl(s, "start three.service") == 0 && sys_ctl(s, "freeze three.service") == 0);
	pid = sys_number(s, "three.service", "MainPID");
	old = sys_supd_pid(s);
	CHECK(old > 0 && kill(old, SIGKILL) == 0);
	sys_wait_for(s, "another supd", other_supd, &old);
	CHECK(property_equals("three.service", "FreezerState", "frozen"));
	CHECK(kernel_frozen("system.slice/three.service"));
	CHECK(sys_number(s, "three.service", "MainPID") == pid);
	CHECK(sys_ctl(s, "stop three.service") == 0);
	CHECK(kill((pid_t)pid, 0) < 0);
}

static void test_slice(void **state)
{
	(void)state;
	sys_unit(s, "in.slice", "[Slice]\n");
	sys_unit(s, "in-deep.slice", "[Slice]\n");
	sys_unit(s, "four.service", "[Service]\nSlice=in.slice\nExecStart=/bin/sleep infinity\n");
	sys_unit(s, "five.service",
		"[Service]\nSlice=in-deep.slice\nExecStart=/bin/sleep infinity\n");
	load("six.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	CHECK(sys_ctl(s, "freeze in.slice") != 0 && sys_said(s, "no process"));
	CHECK(sys_ctl(s, "start four.service five.service six.service") == 0);
	CHECK(sys_ctl(s, "freeze in.slice") == 0);
	CHECK(property_equals("in.slice", "FreezerState", "frozen"));
	CHECK(property_equals("in-deep.slice", "FreezerState", "frozen"));
	CHECK(kernel_frozen("in.slice/four.service"));
	CHECK(kernel_frozen("in.slice/in-deep.slice/five.service"));
	CHECK(!kernel_frozen("system.slice/six.service"));
	CHECK(sys_ctl(s, "thaw in-deep.slice") == 0);
	CHECK(property_equals("in.slice", "FreezerState", "running"));
	CHECK(sys_ctl(s, "thaw in.slice") == 0);
	CHECK(!kernel_frozen("in.slice/four.service"));
	CHECK(sys_ctl(s, "stop four.service five.service six.service") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_freeze_and_thaw),
		cmocka_unit_test(test_stop_thaws),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_slice),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
