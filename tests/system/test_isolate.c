// SPDX-License-Identifier: MIT
/* `supctl isolate` and --job-mode through the real programs. */
#include "check.h"

#define STEADY "[Service]\nExecStart=/bin/sleep infinity\n"

static bool is_listed(struct sys *sys, void *arg)
{
	return sys_ctl(sys, "list-jobs") == 0 && sys_said(sys, arg);
}

static void test_isolate(void **state)
{
	(void)state;
	load("old.service", STEADY);
	load("kept.service", "[Unit]\nIgnoreOnIsolate=yes\n" STEADY);
	load("new.service", STEADY);
	load("only.target", "[Unit]\nAllowIsolate=yes\nWants=new.service\nAfter=new.service\n");
	CHECK(sys_ctl(s, "start old.service kept.service") == 0);
	CHECK(sys_ctl(s, "isolate new.service") != 0);
	CHECK(sys_said(s, "may not be isolated"));
	CHECK(property_equals("old.service", "ActiveState", "active"));
	/* What is isolated is a target: a name without a type is that of one. */
	CHECK(sys_ctl(s, "isolate not.there") != 0 && sys_said(s, "not.there.target"));
	CHECK(sys_ctl(s, "isolate only") == 0);
	CHECK(property_equals("only.target", "ActiveState", "active"));
	CHECK(property_equals("new.service", "ActiveState", "active"));
	CHECK(property_equals("kept.service", "ActiveState", "active"));
	sys_wait(s, "old.service", "ActiveState", "inactive");
}

/* A device that is not there keeps a job waiting for as long as one likes. */
static void test_modes(void **state)
{
	(void)state;
	load("waits.service", "[Unit]\nRequires=dev-none.device\nAfter=dev-none.device\n" STEADY);
	load("other.service", STEADY);
	CHECK(sys_ctl(s, "start --no-block --job-mode replace-irreversibly waits.service") == 0);
	sys_wait_for(s, "the job", is_listed, (char *)"waits.service");
	CHECK(sys_ctl(s, "stop waits.service") != 0);
	CHECK(sys_said(s, "contradicts the queued start job"));
	CHECK(sys_ctl(s, "cancel") == 0 || sys_ctl(s, "stop --job-mode flush other.service") == 0);
	CHECK(sys_ctl(s, "start --job-mode ignore-dependencies waits.service") == 0);
	CHECK(property_equals("waits.service", "ActiveState", "active"));
	CHECK(sys_ctl(s, "stop waits.service") == 0);
	CHECK(sys_ctl(s, "start --no-block waits.service") == 0);
	sys_wait_for(s, "the job", is_listed, (char *)"waits.service");
	CHECK(sys_ctl(s, "start --job-mode flush other.service") == 0);
	CHECK(sys_ctl(s, "list-jobs") == 0 && !sys_said(s, "waits.service"));
	CHECK(sys_ctl(s, "start --job-mode nonsense other.service") != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_isolate),
		cmocka_unit_test(test_modes),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
