// SPDX-License-Identifier: MIT
/* MemoryPressureWatch=: what services are told, and that what they are told of can be used. */
#include "../unit/test.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask.h"

#define DEFAULT_TRIGGER "some 200000 2000000"

/* By every profile, as a user: the file is his, and nothing beside it. */
static void test_profiles(void **state)
{
	static const char *const profiles[] = { "trusted", "compat", "standard", "strict" };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(profiles); i++) {
		char name[64], text[256], path[300];
		struct stat st;

		snprintf(name, sizeof(name), "watch-%s.service", profiles[i]);
		snprintf(text, sizeof(text),
			"[Container]\nProfile=%s\n[Service]\nUser=alice\nType=oneshot\n"
			"RemainAfterExit=yes\nMemoryPressureWatch=on\nExecStart=DIR/probe "
			"pressure\n",
			profiles[i]);
		run(name, text);
		EXPECT({ "watch", "/sys/fs/cgroup/*.service/memory.pressure" },
			{ "trigger", DEFAULT_TRIGGER }, { "ends", "well" }, { "opened", "ok" },
			{ "written", "ok" }, { "polled", "ok" }, { "beside", "!ok" });
		CHECK(strstr(answer("watch"), name) != NULL);
		snprintf(path, sizeof(path), "%s/system.slice/%s/memory.pressure", s->cgroup, name);
		/* The cgroup of a oneshot that has ended may be gone. */
		CHECK(stat(path, &st) < 0 || st.st_uid == (uid_t)atoi(ALICE));
	}
}

/* A cgroup file system of the unit's own, read-only but for this file. */
static void test_own_cgroups(void **state)
{
	(void)state;
	run("own.service", "[Service]\nType=oneshot\nDynamicUser=yes\n"
			   "ProtectControlGroups=strict\nMemoryPressureWatch="
			   "on\nMemoryPressureThresholdSec=50ms\n"
			   "ExecStart=DIR/probe pressure\n");
	EXPECT({ "watch", "/sys/fs/cgroup/memory.pressure" }, { "trigger", "some 50000 2000000" },
		{ "opened", "ok" }, { "written", "ok" }, { "polled", "ok" }, { "beside", "!ok" });
	run("own2.service", "[Container]\nProfile=compat\n[Service]\nType=oneshot\n"
			    "ProtectControlGroups=yes\nMemoryPressureWatch=on\n"
			    "ExecStart=DIR/probe pressure\n");
	EXPECT({ "watch", "*/own2.service/memory.pressure" }, { "opened", "ok" },
		{ "written", "ok" }, { "beside", "EROFS" });
}

/* Root of the unit's own ids; commands that run as root leave the file to the user. */
static void test_roots(void **state)
{
	(void)state;
	run("root.service", "[Service]\nType=oneshot\nMemoryPressureWatch=on\n"
			    "ExecStart=DIR/probe pressure\n");
	EXPECT({ "opened", "ok" }, { "written", "ok" }, { "polled", "ok" });
	run("pre.service", "[Container]\nProfile=compat\n[Service]\nType=oneshot\nUser=alice\n"
			   "ExecStartPre=!DIR/probe env:MEMORY_PRESSURE_WATCH\n"
			   "ExecStart=DIR/probe pressure\n");
	wait_answer("pre.service", "beside");
	EXPECT({ "env:MEMORY_PRESSURE_WATCH", "(unset)" }, { "opened", "ok" }, { "written", "ok" });
}

/* Without being asked no wall is opened. */
static void test_auto(void **state)
{
	(void)state;
	run("auto.service", "[Container]\nProfile=compat\n[Service]\nType=oneshot\nUser=alice\n"
			    "ExecStart=DIR/probe pressure\n");
	EXPECT({ "trigger", DEFAULT_TRIGGER }, { "opened", "ok" }, { "written", "ok" });
	run("auto2.service", "[Container]\nProfile=compat\n[Service]\nType=oneshot\n"
			     "ProtectControlGroups=yes\nExecStart=DIR/probe pressure\n");
	EXPECT({ "watch", "(unset)" }, { "trigger", "(unset)" });
	run("auto3.service", "[Service]\nType=oneshot\nMemoryPressureWatch=auto\n"
			     "ExecStart=DIR/probe pressure\n");
	EXPECT({ "watch", "(unset)" }, { "trigger", "(unset)" });
}

/* What the unit does not see, or does not want, it is not told of. */
static void test_none(void **state)
{
	(void)state;
	run("off.service", "[Service]\nType=oneshot\nMemoryPressureWatch=off\n"
			   "ExecStart=DIR/probe pressure\n");
	EXPECT({ "watch", "/dev/null" }, { "trigger", "(unset)" });
	run("skip.service", "[Service]\nType=oneshot\nMemoryPressureWatch=skip\n"
			    "ExecStart=DIR/probe pressure\n");
	EXPECT({ "watch", "(unset)" }, { "trigger", "(unset)" });
	run("hidden.service", "[Service]\nType=oneshot\nMemoryPressureWatch=on\n"
			      "InaccessiblePaths=/sys/fs/cgroup\nExecStart=DIR/probe pressure\n");
	EXPECT({ "watch", "(unset)" }, { "trigger", "(unset)" });
}

static void test_bad_values(void **state)
{
	(void)state;
	unit("long.service", "[Service]\nType=oneshot\nMemoryPressureThresholdSec=5s\n"
			     "ExecStart=DIR/probe pressure\n");
	CHECK(sys_said(s, "long.service:3") && sys_said(s, "windows of 2 s"));
	run("long.service",
		"[Service]\nType=oneshot\nMemoryPressureWatch=on\nMemoryPressureThresholdSec=5s\n"
		"ExecStart=DIR/probe pressure\n");
	EXPECT({ "trigger", "some 2000000 2000000" }, { "written", "ok" });
	unit("maybe.service", "[Service]\nMemoryPressureWatch=maybe\nExecStart=/bin/true\n");
	CHECK(sys_ctl(s, "start maybe.service") != 0);
	CHECK(sys_said(s, "maybe.service:2:") && sys_said(s, "auto, on, off, skip"));
}

/* supd.conf's count where the unit says nothing. */
static void test_defaults(void **state)
{
	char path[128];
	int status;

	(void)state;
	CHECK(strcmp(sys_text(s, "long.service", "MemoryPressureThresholdUSec"), "2s") == 0);
	CHECK(kill(s->init, SIGTERM) == 0 && waitpid(s->init, &status, 0) == s->init);
	s->init = -1;
	snprintf(path, sizeof(path), "%s/supd.conf", s->dir);
	write_text(path, "[supd]\nDefaultMemoryPressureWatch=off\n"
			 "DefaultMemoryPressureThresholdSec=70ms\n");
	sys_unit(s, "none.service", "[Service]\nExecStart=/bin/true\n");
	sys_start(s, NULL);
	CHECK(strcmp(sys_text(s, "none.service", "MemoryPressureWatch"), "off") == 0);
	CHECK(strcmp(sys_text(s, "none.service", "MemoryPressureThresholdUSec"), "70ms") == 0);
	run("none.service", "[Service]\nType=oneshot\nExecStart=DIR/probe pressure\n");
	EXPECT({ "watch", "/dev/null" });
	run("on.service", "[Container]\nProfile=trusted\n[Service]\nType=oneshot\n"
			  "MemoryPressureWatch=on\nExecStart=DIR/probe pressure\n");
	CHECK(strcmp(sys_text(s, "on.service", "MemoryPressureWatch"), "on") == 0);
	EXPECT({ "trigger", "some 70000 2000000" }, { "written", "ok" });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_own_cgroups),
		cmocka_unit_test(test_roots),
		cmocka_unit_test(test_auto),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_defaults),
	};
	int r = ask_begin();

	if (r == 0 && access("/proc/pressure/memory", F_OK) < 0) {
		printf("skipped: this kernel does not measure memory pressure\n");
		return 77;
	}
	return r ? r : cmocka_run_group_tests(tests, ask_setup, ask_teardown);
}
