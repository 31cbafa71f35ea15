// SPDX-License-Identifier: MIT
/* supctl top: what cgroups use. */
#include "check.h"

static void test_top(void **state)
{
	const char *first, *second;

	(void)state;
	sys_unit(s, "one.service", "[Service]\nExecStart=/bin/sleep infinity\n");
	load("two.service",
		"[Service]\nExecStart=/bin/sh -c 'sleep infinity & exec sleep infinity'\n");
	CHECK(sys_ctl(s, "start one.service two.service") == 0);
	CHECK(sys_ctl(s, "top") == 0 && sys_said(s, "CGROUP") && sys_said(s, "one.service"));
	CHECK(sys_ctl(s, "top --batch -n 2 -d 20ms --order=path --no-legend") == 0);
	first = strstr(s->output, "one.service");
	second = strstr(s->output, "two.service");
	CHECK(first && second && first < second && strstr(first + 1, "one.service"));
	CHECK(!sys_said(s, "CGROUP"));
	CHECK(sys_ctl(s, "top --json --iterations=1 --order=memory") == 0);
	CHECK(sys_said(s, "\"cgroup\":\"system.slice/one.service\",\"tasks\":1"));
	CHECK(sys_ctl(s, "top --order=size") != 0 && sys_said(s, "size"));
	CHECK(sys_ctl(s, "top --delay=soon") != 0 && sys_said(s, "soon"));
	CHECK(sys_ctl(s, "top --iterations=-1") != 0 && sys_said(s, "-1"));
	CHECK(sys_ctl(s, "stop one.service two.service") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_top) };

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
