// SPDX-License-Identifier: MIT
/* Whose a unit's processes and files are: user namespaces, dynamic users, directories that had
 * another owner or that an attacker prepared, and what a PID namespace's init weighs. */
#include "../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../runtime/base/fd.h"
#include "ask.h"

static struct stat stat_of(const char *path)
{
	struct stat st = { 0 };

	CHECK(lstat(path, &st) == 0);
	return st;
}

static void make_dir(const char *path)
{
	CHECK(mkdir(path, 0755) == 0 || errno == EEXIST);
}

/* Two that both are root inside: to each other they are strangers. */
static void test_two_roots(void **state)
{
	char text[512];
	long pid;

	(void)state;
	unit("one.service", "[Service]\nStateDirectory=one\nProtectProc=default\n"
			    "ExecStart=DIR/probe ids write:/var/lib/one/key sleep\n");
	CHECK(sys_ctl(s, "start one.service") == 0);
	wait_answer("one.service", "write:/var/lib/one/key");
	EXPECT({ "uid", "0" }, { "write:/var/lib/one/key", "ok" });
	pid = sys_number(s, "one.service", "MainPID");
	CHECK(pid > 0);
	snprintf(text, sizeof(text),
		"[Service]\nType=oneshot\nProtectProc=default\nSystemCallFilter=@system-service "
		"ptrace\n"
		"ExecStart=DIR/probe ids reach:%ld read:/var/lib/one/key stat:/proc/%ld\n",
		pid, pid);
	run("two.service", text);
	EXPECT({ "uid", "0" }, { "kill", "EPERM" }, { "trace", "EPERM" }, { "environ", "EACCES" },
		{ "read:/var/lib/one/key", "EACCES" });
	snprintf(text, sizeof(text),
		"[Service]\nType=oneshot\nExecStart=DIR/probe stat:/proc/%ld reach:%ld\n", pid,
		pid);
	run("two2.service", text);
	CHECK(answer("environ") && strcmp(answer("environ"), "ENOENT") == 0);
	snprintf(text, sizeof(text),
		"[Container]\nProfile=trusted\n[Service]\nType=oneshot\n"
		"ExecStart=DIR/probe reach:%ld read:/var/lib/one/key\n",
		pid);
	run("two3.service", text);
	EXPECT({ "kill", "ok" }, { "trace", "ok" }, { "environ", "ok" },
		{ "read:/var/lib/one/key", "ok" });
	CHECK(sys_ctl(s, "stop one.service") == 0);
}

static void test_private_users(void **state)
{
	(void)state;
	run("pu0.service", "[Service]\nType=oneshot\nUser=alice\nPrivateUsers=pick\n"
			   "ExecStart=DIR/probe ids stat:/etc/shadow\n");
	EXPECT({ "uid", ALICE }, { "uid_map", "0 * " ALICE " " ALICE " 1 *" },
		{ "stat:/etc/shadow", "65534 *" });
	run("pu1.service", "[Service]\nType=oneshot\nUser=alice\nPrivateUsers=self\n"
			   "ExecStart=DIR/probe ids\n");
	EXPECT({ "uid", ALICE }, { "uid_map", "0 * 1 " ALICE " " ALICE " 1" });
	run("pu2.service", "[Service]\nType=oneshot\nUser=alice\nPrivateUsers=identity\n"
			   "ExecStart=DIR/probe ids stat:/etc/shadow read:/etc/shadow status\n");
	EXPECT({ "uid", ALICE }, { "uid_map", "0 0 65536" }, { "stat:/etc/shadow", "0 *" },
		{ "read:/etc/shadow", "EACCES" }, { "CapEff", "0000000000000000" });
	run("pu3.service", "[Service]\nType=oneshot\nUser=alice\nPrivateUsers=full\n"
			   "ExecStart=DIR/probe ids\n");
	EXPECT({ "uid", ALICE }, { "uid_map", "0 0 2147483647" });
	run("pu4.service", "[Container]\nProfile=compat\n[Service]\nType=oneshot\nUser=alice\n"
			   "PrivateUsers=no\nExecStart=DIR/probe ids\n");
	EXPECT({ "uid", ALICE }, { "uid_map", "0 0 4294967295" });
	unit("pu5.service",
		"[Service]\nType=oneshot\nPrivateUsers=mine\nExecStart=DIR/probe ids\n");
	CHECK(sys_ctl(s, "start pu5.service") != 0);
	CHECK(sys_said(s, "none of no, yes, pick") && sys_said(s, "pu5.service:3"));
	unit("pu6.service", "[Service]\nType=oneshot\nPrivateUsers=identity\nDynamicUser=yes\n"
			    "ExecStart=DIR/probe ids\n");
	CHECK(sys_ctl(s, "start pu6.service") != 0 && sys_said(s, "use pick or full"));
	sys_remove_unit(s, "pu5.service");
	sys_remove_unit(s, "pu6.service");
}

/* The same one at each start, the same one in all units that name it, and nobody else's. */
static void test_dynamic(void **state)
{
	char uid[32];

	(void)state;
	run("dy1.service", "[Service]\nType=oneshot\nDynamicUser=yes\nUser=ghost\n"
			   "ExecStart=DIR/probe ids\n");
	snprintf(uid, sizeof(uid), "%s", answer("uid"));
	CHECK(strcmp(uid, "0") != 0);
	run("dy2.service", "[Service]\nType=oneshot\nDynamicUser=yes\nUser=ghost\n"
			   "ExecStart=DIR/probe ids\n");
	CHECK(strcmp(uid, answer("uid")) == 0);
	run("dy3.service", "[Service]\nType=oneshot\nDynamicUser=yes\nUser=spectre\n"
			   "ExecStart=DIR/probe ids\n");
	CHECK(strcmp(uid, answer("uid")) != 0);
}

/* /var/lib/private: there for a dynamic user, and back when the user is another. */
static void test_migration(void **state)
{
	static const char *const lines[] = { "", "DynamicUser=yes\n", "User=alice\n" };
	char text[512];

	(void)state;
	make_dir("/var/lib/private");
	make_dir("/var/lib/private/neighbour");
	for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
		char name[32];

		snprintf(name, sizeof(name), "mi%zu.service", i);
		snprintf(text, sizeof(text),
			"[Service]\nType=oneshot\n%sStateDirectory=moved\nStateDirectoryMode=0700\n"
			"ExecStart=DIR/probe ids write:/var/lib/moved/f%zu read:/var/lib/moved/f0 "
			"ls:/var/lib/private\n",
			lines[i], i);
		run(name, text);
		EXPECT({ "read:/var/lib/moved/f0", "ok" });
		CHECK(S_ISLNK(stat_of("/var/lib/moved").st_mode) == (i == 1));
		if (i == 1) {
			EXPECT({ "ls:/var/lib/private", "= moved" });
			CHECK((stat_of("/var/lib/private").st_mode & 0777) == 0700);
			CHECK(stat_of("/var/lib/private/moved").st_uid == 65534);
		}
	}
	CHECK(stat_of("/var/lib/moved/f1").st_uid == (uid_t)atoi(ALICE));
	CHECK(access("/var/lib/private/moved", F_OK) < 0);
	/* Both are there: neither is lost. */
	make_dir("/var/lib/private/moved");
	unit("mi3.service", "[Service]\nType=oneshot\nDynamicUser=yes\nStateDirectory=moved\n"
			    "ExecStart=DIR/probe ids\n");
	CHECK(sys_ctl(s, "start mi3.service") != 0);
	CHECK(sys_said(s, "make /var/lib/moved: File exists (mi3.service:4)"));
}

/*
 * On the disk nobody's: whoever has the directory next needs no chown, and the times say that there
 * was none. ramfs cannot be mapped: there it is the number's own.
 */
static void test_mapped(void **state)
{
	static const char *const profiles[] = { "standard", "compat" };
	struct stat before, after;
	char text[512];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(profiles); i++) {
		char name[32];

		snprintf(name, sizeof(name), "map%zu.service", i);
		snprintf(text, sizeof(text),
			"[Container]\nProfile=%s\n"
			"[Service]\nType=oneshot\nDynamicUser=yes\nStateDirectory=mapped\n"
			"ExecStartPre=+/bin/touch /var/lib/private/mapped/roots%zu\n"
			"ExecStart=DIR/probe ids write:/var/lib/mapped/f%zu "
			"stat:/var/lib/private/mapped "
			"write:/var/lib/mapped/f0 write:/var/lib/mapped/roots%zu\n",
			profiles[i], i, i, i);
		run(name, text);
		snprintf(text, sizeof(text), "%s %s 755", answer("uid"), answer("uid"));
		CHECK(strcmp(answer("uid"), "65534") != 0);
		CHECK(strcmp(answer("stat:/var/lib/private/mapped"), text) == 0);
		EXPECT({ "write:/var/lib/mapped/f0", "ok" });
		snprintf(text, sizeof(text), "write:/var/lib/mapped/roots%zu", i);
		CHECK(strcmp(answer(text), "EACCES") == 0);
		CHECK(stat_of("/var/lib/private/mapped").st_uid == 65534);
		CHECK(stat_of("/var/lib/private/mapped/f0").st_uid == 65534);
		CHECK(stat_of("/var/lib/private/mapped/roots0").st_uid == 0);
	}
	before = stat_of("/var/lib/private/mapped/f1");
	run("map2.service", "[Service]\nType=oneshot\nDynamicUser=yes\nStateDirectory=mapped\n"
			    "ExecStart=DIR/probe read:/var/lib/mapped/f1\n");
	EXPECT({ "read:/var/lib/mapped/f1", "ok" });
	after = stat_of("/var/lib/private/mapped/f1");
	CHECK(before.st_ctim.tv_sec == after.st_ctim.tv_sec &&
		before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
}

static void test_unmappable(void **state)
{
	(void)state;
	make_dir("/var/lib/private");
	make_dir("/var/lib/private/flat");
	CHECK(mount("flat", "/var/lib/private/flat", "ramfs", 0, NULL) == 0);
	run("flat.service", "[Service]\nType=oneshot\nDynamicUser=yes\nStateDirectory=flat\n"
			    "ExecStart=DIR/probe ids write:/var/lib/flat/f read:/var/lib/flat/f\n");
	EXPECT({ "write:/var/lib/flat/f", "ok" }, { "read:/var/lib/flat/f", "ok" });
	CHECK(stat_of("/var/lib/private/flat/f").st_uid > 65536);
	CHECK(umount2("/var/lib/private/flat", MNT_DETACH) == 0);
}

/* A command that runs as root does not take them from the unit, which may be running. */
static void test_whose(void **state)
{
	static const char *const reloads[] = { "+", "!" };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(reloads); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			"[Service]\nUser=alice\nStateDirectory=whose\nExecStart=DIR/probe sleep\n"
			"ExecReload=%s/bin/true\n[Container]\nProfile=compat\n",
			reloads[i]);
		unit("whose.service", text);
		CHECK(sys_ctl(s, "start whose.service") == 0);
		CHECK(stat_of("/var/lib/whose").st_uid == (uid_t)atoi(ALICE));
		CHECK(sys_ctl(s, "reload whose.service") == 0);
		CHECK(stat_of("/var/lib/whose").st_uid == (uid_t)atoi(ALICE));
		CHECK(sys_ctl(s, "stop whose.service") == 0);
	}
}

static void test_names(void **state)
{
	char target[64] = "";

	(void)state;
	run("na.service",
		"[Service]\nType=oneshot\nUser=alice\nStateDirectory=na:alias/two na2::ro\n"
		"ExecStart=DIR/probe write:/var/lib/na/x read:/var/lib/alias/two/x "
		"write:/var/lib/na2/x env:STATE_DIRECTORY\n");
	EXPECT({ "write:/var/lib/na/x", "ok" }, { "read:/var/lib/alias/two/x", "ok" },
		{ "write:/var/lib/na2/x", "EROFS" },
		{ "env:STATE_DIRECTORY", "/var/lib/na:/var/lib/na2" });
	CHECK(readlink("/var/lib/alias/two", target, sizeof(target) - 1) > 0);
	CHECK(strcmp(target, "/var/lib/na") == 0);
	unit("na2.service", "[Service]\nType=oneshot\nStateDirectory=na:../x\n"
			    "ExecStart=DIR/probe ids\n");
	CHECK(sys_ctl(s, "start na2.service") != 0 && sys_said(s, "na2.service:3"));
	sys_remove_unit(s, "na2.service");
}

/* What a former owner of the directory may have left for root to fall into. */
static void test_traps(void **state)
{
	struct stat st;

	(void)state;
	make_dir("/var/lib/trap");
	make_dir("/var/lib/trap/inner");
	make_dir("/srv/outside");
	write_text("/srv/outside/root-file", "root's\n");
	write_text("/var/lib/target", "root's\n");
	CHECK(link("/var/lib/target", "/var/lib/trap/hard") == 0);
	CHECK(symlink("/srv/outside/root-file", "/var/lib/trap/soft") == 0);
	/* A mount point of the same file system: no device number tells it from a directory. */
	make_dir("/var/lib/elsewhere");
	write_text("/var/lib/elsewhere/file", "root's\n");
	CHECK(mount("/var/lib/elsewhere", "/var/lib/trap/inner", NULL, MS_BIND, NULL) == 0);
	CHECK(chown("/var/lib/trap", 61009, 61009) == 0);
	run("trap.service", "[Service]\nType=oneshot\nUser=alice\nStateDirectory=trap\n"
			    "ExecStart=DIR/probe write:/var/lib/trap/new\n");
	EXPECT({ "write:/var/lib/trap/new", "ok" });
	umount2("/var/lib/trap/inner", MNT_DETACH);
	CHECK(stat_of("/var/lib/target").st_uid == 0);
	CHECK(stat_of("/srv/outside/root-file").st_uid == 0);
	CHECK(stat_of("/var/lib/elsewhere").st_uid == 0);
	CHECK(stat_of("/var/lib/elsewhere/file").st_uid == 0);
	CHECK(lstat("/var/lib/trap/soft", &st) == 0 && st.st_uid == (uid_t)atoi(ALICE));
	/* A parent that is somebody else's link is not followed. */
	make_dir("/var/lib/hers");
	CHECK(chown("/var/lib/hers", (uid_t)atoi(ALICE), 0) == 0);
	CHECK(symlink("/srv/outside", "/var/lib/hers/way") == 0);
	CHECK(lchown("/var/lib/hers/way", (uid_t)atoi(ALICE), 0) == 0);
	unit("trap2.service", "[Service]\nType=oneshot\nUser=alice\nStateDirectory=hers/way/deep\n"
			      "ExecStart=DIR/probe ids\n");
	CHECK(sys_ctl(s, "start trap2.service") != 0);
	CHECK(sys_said(s, "make /var/lib/hers/way/deep: Too many levels of symbolic links "
			  "(trap2.service:4)"));
	CHECK(access("/srv/outside/deep", F_OK) < 0);
}

/* Private memory in kB of a process; -1: it is gone. */
static long private_kb(long pid)
{
	char path[64], line[256];
	long kb, sum = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", pid);
	f = fopen(path, "re");
	if (!f) {
		return -1;
	}
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Private_Clean: %ld kB", &kb) == 1 ||
			sscanf(line, "Private_Dirty: %ld kB", &kb) == 1) {
			sum += kb;
		}
	}
	fclose(f);
	return sum;
}

static long parent_of(long pid)
{
	char path[64], line[256];
	long parent = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	f = fopen(path, "re");
	CHECK(f);
	while (fgets(line, sizeof(line), f) && sscanf(line, "PPid: %ld", &parent) != 1) {
	}
	fclose(f);
	return parent;
}

/* Whoever is PID 1 there keeps no map of the catalogue, in which other units' plans stand. */
static bool maps_catalogue(long pid)
{
	char path[64], line[512];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/maps", pid);
	f = fopen(path, "re");
	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		found |= strstr(line, "memfd") != NULL;
	}
	fclose(f);
	return found;
}

/* The number in a line of /proc/PID/status. */
static bool status_is(long pid, const char *line, int value)
{
	char path[64], text[4096];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	CHECK(fd_read_text(path, text, sizeof(text)) > 0 && (at = strstr(text, line)));
	return atoi(at + strlen(line)) == value;
}

/* supd-nsinit forwards signals to a payload of another user: by CAP_KILL, and no other. */
static void check_caps(long pid)
{
	char path[64], text[4096];

	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	CHECK(fd_read_text(path, text, sizeof(text)) > 0);
	CHECK(strstr(text, "\nCapPrm:\t0000000000000020\n"));
	CHECK(strstr(text, "\nCapEff:\t0000000000000020\n"));
}

/* Older kernels take an exec with different ids for one of a set-id file. */
static void check_even(long pid)
{
	char path[64], text[4096];
	unsigned ids[3] = { 0, 1, 2 };
	const char *at;

	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	CHECK(fd_read_text(path, text, sizeof(text)) > 0 && (at = strstr(text, "\nUid:")));
	CHECK(sscanf(at, "\nUid: %u %u %u", &ids[0], &ids[1], &ids[2]) == 3);
	CHECK(ids[0] == ids[1] && ids[1] == ids[2]);
}

static bool is_filtered(struct sys *sys, void *pid)
{
	(void)sys;
	return status_is(*(long *)pid, "Seccomp:", 2);
}

/* `compat` is born in its namespaces and executes no supd-nsinit, `standard` does. */
static void check_nsinit(const char *profile)
{
	char name[64], text[256];
	long pid, init, kb;

	snprintf(name, sizeof(name), "pid-%s.service", profile);
	snprintf(text, sizeof(text),
		"[Service]\nPrivatePIDs=yes\nExecStart=DIR/probe ns ls:/proc sleep\n"
		"[Container]\nProfile=%s\n",
		profile);
	unit(name, text);
	CHECK(sys_ctl(s, "start %s", name) == 0);
	wait_answer(name, "ls:/proc");
	EXPECT({ "ls:/proc", "= *2 *" });
	pid = sys_number(s, name, "MainPID");
	init = parent_of(pid);
	CHECK(init > 1);
	/*
	 * What a service that may trace it would gain. It was forked first, so it may speak before.
	 * The sanitizers' run-time needs more calls.
	 */
	if (!getenv("SUPD_SANITIZED")) {
		sys_wait_for(s, "the filter of supd-nsinit", is_filtered, &init);
	}
	kb = private_kb(init);
	CHECK(kb > 0);
	CHECK(!maps_catalogue(init));
	CHECK(status_is(init, "NoNewPrivs:", 1));
	check_caps(init);
	check_even(init);
	/* The sanitizers' own memory is not supd-nsinit's. */
	if (!getenv("SUPD_SANITIZED")) {
		CHECK(kb <= 40);
	}
	CHECK(sys_ctl(s, "stop %s", name) == 0);
}

static void test_nsinit(void **state)
{
	(void)state;
	check_nsinit("standard");
	check_nsinit("compat");
}

/* The end of the service is seen although its children never let PID 1 rest. */
static void test_nsinit_flooded(void **state)
{
	(void)state;
	unit("flood.service",
		"[Service]\nPrivatePIDs=yes\nExecStart=/bin/sh -c 'trap \"\" HUP; "
		"(while :; do kill -HUP 1; done) & (while :; do kill -HUP 1; done) & exit 7'\n");
	(void)sys_ctl(s, "start flood.service");
	sys_wait(s, "flood.service", "ActiveState", "failed");
	CHECK(sys_number(s, "flood.service", "ExecMainStatus") == 7);
	CHECK(sys_ctl(s, "reset-failed flood.service") == 0);
}

static size_t read_table(char *buf, size_t size)
{
	char path[128];
	AUTO_CLOSE int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/state/idtable", s->dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : fd_read_full(fd, buf, size);
	CHECK(n > 0);
	return (size_t)n;
}

/* A range is a unit's when it is loaded: starts that fail, after ids were mapped too, use none up.
 */
static void test_failed_starts(void **state)
{
	static const char *const lines[] = { "BindPaths=/srv/not-there:/mnt\nExecStart=/bin/true\n",
		"WorkingDirectory=/srv/not-there\nExecStart=/bin/true\n",
		"ExecStart=/srv/not-there\n", "ExecStart=DIR/probe ids\n" };
	static char before[65536], after[65536];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
		bool fails = i + 1 < ELEMENTSOF(lines);
		char text[256];

		snprintf(text, sizeof(text), "[Service]\nType=oneshot\n%s", lines[i]);
		unit("ranged.service", text);
		n = i ? n : read_table(before, sizeof(before));
		for (int k = 0; k < 3; k++) {
			CHECK((sys_ctl(s, "start ranged.service") != 0) == fails);
		}
		CHECK(read_table(after, sizeof(after)) == n && memcmp(before, after, n) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_roots),
		cmocka_unit_test(test_private_users),
		cmocka_unit_test(test_dynamic),
		cmocka_unit_test(test_migration),
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_unmappable),
		cmocka_unit_test(test_whose),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_traps),
		cmocka_unit_test(test_nsinit),
		cmocka_unit_test(test_nsinit_flooded),
		cmocka_unit_test(test_failed_starts),
	};
	int r = ask_begin();

	return r ? r : cmocka_run_group_tests(tests, ask_setup, ask_teardown);
}
