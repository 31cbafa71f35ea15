// SPDX-License-Identifier: MIT
/* Who a unit's processes are, what they inherit, what is refused, and starts after kills.
 * Measured from inside by the program probe; each wall is tried with and without its setting. */
#include "../unit/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../runtime/base/fd.h"
#include "ask.h"

#define ROUNDS 3

/* ---- identity ---- */

#define IDS "ExecStart=DIR/probe ids status read:/etc/shadow write:/var/lib/conf/file\n"

/* The unit's user is himself inside, root is nobody of the host's. */
static void test_ids_standard(void **state)
{
	struct stat st;

	(void)state;
	run("ids.service", "[Service]\nType=oneshot\nUser=alice\nSupplementaryGroups=extra\n"
			   "StateDirectory=conf\n" IDS);
	EXPECT({ "uid", ALICE }, { "gid", ALICE_GID }, { "groups", EXTRA_GID },
		{ "uid_map", "0 ?????* " ALICE " " ALICE " " ALICE " 1 61002 *" },
		{ "gid_map", "0 ?????* 61002 61002 61002 1 61003 61003 1 61004 *" },
		{ "CapInh", "0000000000000000" }, { "CapPrm", "0000000000000000" },
		{ "CapEff", "0000000000000000" }, { "CapBnd", "0000000000000000" },
		{ "CapAmb", "0000000000000000" }, { "NoNewPrivs", "1" }, { "Seccomp", "2" },
		{ "read:/etc/shadow", "EACCES" }, { "write:/var/lib/conf/file", "ok" });
	CHECK(stat("/var/lib/conf/file", &st) == 0 && st.st_uid == 61001 && st.st_gid == 61002);
}

/* Without User= it is root inside: an id of the unit's own range, that owns nothing outside. */
static void test_root_is_nobody(void **state)
{
	struct stat st;

	(void)state;
	run("root.service", "[Service]\nType=oneshot\nStateDirectory=confroot\n"
			    "ExecStart=DIR/probe ids status read:/etc/shadow stat:/etc/shadow "
			    "write:/var/lib/confroot/file write:/usr/x write:/etc/x\n");
	EXPECT({ "uid", "0" }, { "uid_map", "0 ?????* 65536" }, { "CapEff", "0000000000000000" },
		{ "CapBnd", "0000000000000000" }, { "read:/etc/shadow", "EACCES" },
		{ "stat:/etc/shadow", "65534 65534 *" }, { "write:/usr/x", "EROFS" },
		{ "write:/etc/x", "EROFS" }, { "write:/var/lib/confroot/file", "ok" });
	CHECK(stat("/var/lib/confroot/file", &st) == 0 && st.st_uid >= 65536);
}

/* The same without the wall: root of a compat unit is the host's. */
static void test_ids_compat(void **state)
{
	struct stat st;

	(void)state;
	run("cids.service", "[Service]\nType=oneshot\nStateDirectory=confc\n"
			    "[Container]\nProfile=compat\n[Service]\n"
			    "ExecStart=DIR/probe ids status ns read:/etc/shadow "
			    "write:/var/lib/confc/file\n");
	EXPECT({ "uid", "0" }, { "uid_map", "0 0 4294967295" }, { "CapEff", "!0000000000000000" },
		{ "CapInh", "0000000000000000" }, { "CapAmb", "0000000000000000" },
		{ "Seccomp", "2" }, { "read:/etc/shadow", "ok" });
	CHECK(stat("/var/lib/confc/file", &st) == 0 && st.st_uid == 0);
	run("cuser.service",
		"[Service]\nType=oneshot\nUser=alice\nGroup=extra\n[Container]\nProfile=compat\n"
		"[Service]\nExecStart=DIR/probe ids status read:/etc/shadow\n");
	EXPECT({ "uid", ALICE }, { "gid", EXTRA_GID }, { "CapEff", "0000000000000000" },
		{ "CapPrm", "0000000000000000" }, { "CapInh", "0000000000000000" },
		{ "NoNewPrivs", "1" }, { "read:/etc/shadow", "EACCES" });
}

static void test_ids_trusted(void **state)
{
	(void)state;
	run("tids.service", "[Container]\nProfile=trusted\n[Service]\nType=oneshot\n"
			    "ExecStart=DIR/probe ids status ns read:/etc/shadow\n");
	EXPECT({ "uid", "0" }, { "CapEff", "!0000000000000000" }, { "NoNewPrivs", "0" },
		{ "Seccomp", "0" }, { "read:/etc/shadow", "ok" });
}

static void test_dynamic_user(void **state)
{
	struct stat st;

	(void)state;
	run("dyn.service", "[Service]\nType=oneshot\nDynamicUser=yes\nStateDirectory=confdyn\n"
			   "ExecStart=DIR/probe ids status write:/var/lib/confdyn/file\n");
	EXPECT({ "uid", "!0" }, { "CapEff", "0000000000000000" }, { "NoNewPrivs", "1" },
		{ "write:/var/lib/confdyn/file", "ok" });
	CHECK(stat("/var/lib/confdyn/file", &st) == 0 && st.st_uid == 65534);
}

/* What is no user is an error, never root; one that appears later works then. */
static void test_unknown_user(void **state)
{
	static const char *const invalid[] = { "0x0", "1000x", "2147483648", "4294967296", "-1",
		"../root", "a b" };
	AUTO_CLOSE int fd = -1;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(invalid); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			"[Service]\nType=oneshot\nUser=%s\nExecStart=DIR/probe ids\n", invalid[i]);
		unit("bad.service", text);
		CHECK(sys_ctl(s, "start bad.service") != 0);
		CHECK(strcmp(sys_text(s, "bad.service", "ExecMainStartTimestampMonotonic"), "0") ==
			0);
	}
	unit("late.service",
		"[Service]\nType=oneshot\nUser=late\nExecStart=DIR/probe ids status\n");
	CHECK(sys_ctl(s, "start late.service") != 0);
	CHECK(sys_said(s, "no such user"));
	fd = open("/etc/passwd", O_WRONLY | O_APPEND | O_CLOEXEC);
	CHECK(fd >= 0 && fd_write_full(fd, "late:x:61009:61002::/:/bin/false\n", 33) == 0);
	CHECK(sys_ctl(s, "start late.service") == 0);
	wait_answer("late.service", "done");
	EXPECT({ "uid", "61009" }, { "gid", ALICE_GID });
}

/* What is not built is refused, by name and line, never ignored. */
static void test_unsupported(void **state)
{
	static const char *const lines[] = { "NFTSet=cgroup:inet:a:b", "NetClass=1",
		"IPIngressFilterPath=/sys/fs/bpf/x" };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			"[Service]\nType=oneshot\n%s\nExecStart=DIR/probe ids\n", lines[i]);
		unit("refused.service", text);
		CHECK(sys_ctl(s, "start refused.service") != 0);
		CHECK(strcmp(sys_text(s, "refused.service", "LoadState"), "bad-setting") == 0);
	}
	run("accepted.service", "[Service]\nType=oneshot\nDevicePolicy=closed\n"
				"AppArmorProfile=-conf\nExecStart=DIR/probe ids\n");
	unit("missing.service", "[Service]\nType=oneshot\nBindPaths=/nowhere/x:/srv/x\n"
				"ExecStart=DIR/probe ids\n");
	CHECK(sys_ctl(s, "start missing.service") != 0);
	CHECK(sys_said(s, "mounts: bind /nowhere/x: No such file or directory "
			  "(BindPaths=, missing.service:3)"));
	unit("nopoint.service", "[Service]\nType=oneshot\nBindPaths=/srv:/nowhere/x\n"
				"ExecStart=DIR/probe ids\n");
	CHECK(sys_ctl(s, "start nopoint.service") != 0);
	CHECK(sys_said(s, "mounts: bind "));
	CHECK(sys_said(s, "/nowhere/x: "));
	CHECK(sys_said(s, "(BindPaths=, nopoint.service:3)"));
	sys_remove_unit(s, "nopoint.service");
	sys_remove_unit(s, "missing.service");
	sys_remove_unit(s, "refused.service");
}

/* ---- environment and limits ---- */

static void test_environment(void **state)
{
	(void)state;
	run("env.service",
		"[Service]\nType=oneshot\nUser=alice\nEnvironment=A=1 \"B=two words\"\n"
		"EnvironmentFile=DIR/env\nEnvironmentFile=-DIR/none\nUnsetEnvironment=U\n"
		"LimitNOFILE=100:200\nLimitCORE=0\n"
		"ExecStart=DIR/probe env:A env:B env:C env:U env:HOME env:USER env:LD_PRELOAD "
		"limit:7 limit:4 cat:/proc/self/limits\n");
	EXPECT({ "env:A", "file" }, { "env:B", "two words" }, { "env:C", "from file" },
		{ "env:U", "(unset)" }, { "env:HOME", "/nonexistent" }, { "env:USER", "alice" },
		{ "env:LD_PRELOAD", "(unset)" }, { "limit:7", "100 200" }, { "limit:4", "0 0" });
	unit("env2.service", "[Service]\nType=oneshot\nEnvironmentFile=DIR/none\n"
			     "ExecStart=DIR/probe env:A\n");
	CHECK(sys_ctl(s, "start env2.service") != 0);
	CHECK(sys_said(s, "none: No such file or directory"));
}

/* ---- kill ---- */

/* A cgroup that saw cgroup.kill, its own or its slice's, takes a new start. */
static void test_kill_and_start(void **state)
{
	char path[512];

	(void)state;
	unit("killed.service", "[Service]\nSlice=conf.slice\nExecStart=DIR/probe ids sleep\n"
			       "ExecStopPost=DIR/probe cwd\n");
	snprintf(path, sizeof(path), "%s/conf.slice/cgroup.kill", s->cgroup);
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(sys_ctl(s, "start killed.service") == 0);
		CHECK(sys_number(s, "killed.service", "MainPID") > 0);
		CHECK(sys_ctl(s, "kill --signal=KILL killed.service") == 0);
		sys_wait(s, "killed.service", "ActiveState", "failed");
		CHECK(sys_ctl(s, "start killed.service") == 0);
		sys_wait(s, "killed.service", "ActiveState", "active");
		write_text(path, "1");
		sys_wait(s, "killed.service", "ActiveState", "failed");
	}
	CHECK(sys_ctl(s, "start killed.service") == 0);
	CHECK(sys_ctl(s, "stop killed.service") == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_standard),
		cmocka_unit_test(test_root_is_nobody),
		cmocka_unit_test(test_ids_compat),
		cmocka_unit_test(test_ids_trusted),
		cmocka_unit_test(test_dynamic_user),
		cmocka_unit_test(test_unknown_user),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_kill_and_start),
	};
	int r = ask_begin();

	return r ? r : cmocka_run_group_tests(tests, ask_setup, ask_teardown);
}
