// SPDX-License-Identifier: MIT
/*
 * A unit with Delegate= that makes of its cgroups what it likes: too many levels, names that are no
 * text, processes far below. It can be seen, asked to end, and cleared away.
 */
#include "check.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "../../runtime/base/limits.h"

#define LEVELS 300 /* more than there may be */

static const char script[] =
	"#!/bin/sh\n"
	"cd \"$1\" || exit 1\n"
	"odd=$(printf 'odd\\033[31m\\377')\n"
	"mkdir \"$odd\" || exit 1\n"
	"sh -c 'trap \"echo heard; exit 0\" TERM; echo 0 >\"$1/cgroup.procs\"\n"
	"        echo ready; while :; do sleep 0.1; done' sh \"$odd\" &\n"
	"n=0\n"
	"while [ $n -lt 300 ] && mkdir d 2>/dev/null && cd d; do\n"
	"        n=$((n + 1))\n"
	"done\n"
	"echo levels $n\n"
	"wait\n";

static void write_script(const char *path)
{
	FILE *f = fopen(path, "we");

	CHECK(f && fputs(script, f) >= 0 && fchmod(fileno(f), 0755) == 0);
	fclose(f);
}

static bool shows_odd(struct sys *sys, void *arg)
{
	(void)arg;
	return sys_ctl(sys, "status wild.service") == 0 && sys_said(sys, "odd\\x1b[31m\\xff");
}

static void test_wild(void **state)
{
	char path[128], cgroup[256], text[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/wild.sh", s->dir);
	write_script(path);
	snprintf(cgroup, sizeof(cgroup), "%s/system.slice/wild.service", s->cgroup);
	loadf("wild.service",
		"[Service]\nExecStart=/bin/sh %s %s\nDelegate=yes\nTimeoutStopSec=1h\n"
		"[Container]\nProfile=trusted\n",
		path, cgroup);
	CHECK(sys_ctl(s, "start wild.service") == 0);
	wait_log("wild.service", "ready");
	wait_log("wild.service", "levels ");
	snprintf(text, sizeof(text), "levels %d\n", LEVELS);
	CHECK(!sys_said(s, text));
	sys_wait_for(s, "the process far below to be shown", shows_odd, NULL);
	CHECK(strchr(s->output, '\x1b') == NULL);
	/* an hour is not waited for: who is below hears it too */
	CHECK(sys_ctl(s, "stop wild.service") == 0);
	wait_log("wild.service", "heard");
	CHECK(property_equals("wild.service", "Result", "success"));
	wait_gone(cgroup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wild),
	};

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}
