// SPDX-License-Identifier: MIT
/* Mount units through the real programs: what is mounted is the kernel's word. */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define TMPFS(where) "[Mount]\nWhat=tmpfs\nWhere=" where "\nType=tmpfs\nOptions=size=1m\n"

/* How many mounts there are at a place; their options in s->output's stead are not kept. */
static unsigned mounts_at(const char *where, const char *option)
{
	char line[4096], format[256];
	unsigned n = 0;
	FILE *f = fopen("/proc/self/mountinfo", "re");

	assert_non_null(f);
	snprintf(format, sizeof(format), " %s ", where);
	while (fgets(line, sizeof(line), f)) {
		n += strstr(line, format) && (!option || strstr(line, option));
	}
	fclose(f);
	return n;
}

static void test_life(void **state)
{
	(void)state;
	load("mnt-a.mount", TMPFS("/mnt/a"));
	CHECK(sys_ctl(s, "start mnt-a.mount") == 0);
	CHECK(property_equals("mnt-a.mount", "SubState", "mounted"));
	CHECK(mounts_at("/mnt/a", "size=1024k") == 1);
	CHECK(sys_ctl(s, "start mnt-a.mount") == 0);
	CHECK(mounts_at("/mnt/a", NULL) == 1);
	load("mnt-a.mount",
		"[Mount]\nWhat=tmpfs\nWhere=/mnt/a\nType=tmpfs\nOptions=size=2m,noexec\n");
	CHECK(sys_ctl(s, "reload mnt-a.mount") == 0);
	CHECK(mounts_at("/mnt/a", "size=2048k") == 1 && mounts_at("/mnt/a", "noexec") == 1);
	CHECK(sys_ctl(s, "status mnt-a.mount") == 0);
	CHECK(sys_said(s, "active (mounted)"));
	CHECK(sys_ctl(s, "show mnt-a.mount -p Where -p What -p Type -p Options") == 0);
	CHECK(sys_said(s, "Where=/mnt/a") && sys_said(s, "What=tmpfs"));
	CHECK(sys_said(s, "Type=tmpfs") && sys_said(s, "Options=size=2m,noexec"));
	CHECK(sys_ctl(s, "stop mnt-a.mount") == 0);
	CHECK(property_equals("mnt-a.mount", "SubState", "dead"));
	CHECK(mounts_at("/mnt/a", NULL) == 0);
}

static void test_failures(void **state)
{
	(void)state;
	load("mnt-wrong.mount", "[Mount]\nWhat=tmpfs\nWhere=/mnt/wrong\nType=no-such-fs\n");
	CHECK(sys_ctl(s, "start mnt-wrong.mount") != 0);
	sys_wait(s, "mnt-wrong.mount", "ActiveState", "failed");
	wait_log("mnt-wrong.mount", "/mnt/wrong");
	load("mnt-other.mount", TMPFS("/mnt/elsewhere"));
	CHECK(sys_ctl(s, "start mnt-other.mount") != 0);
	CHECK(property_equals("mnt-other.mount", "LoadState", "bad-setting"));
	CHECK(sys_ctl(s, "status mnt-other.mount") != 0 && sys_said(s, "mnt-elsewhere.mount"));
}

/* A busy one stays, and the stop says that it has failed. */
static void test_busy(void **state)
{
	int fd;

	(void)state;
	load("mnt-busy.mount", TMPFS("/mnt/busy"));
	CHECK(sys_ctl(s, "start mnt-busy.mount") == 0);
	fd = open("/mnt/busy/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK(sys_ctl(s, "stop mnt-busy.mount") != 0);
	sys_wait(s, "mnt-busy.mount", "SubState", "mounted");
	CHECK(mounts_at("/mnt/busy", NULL) == 1);
	close(fd);
	CHECK(sys_ctl(s, "stop mnt-busy.mount") == 0);
	CHECK(mounts_at("/mnt/busy", NULL) == 0);
}

/* By hand, and what needs it. */
static void test_by_hand(void **state)
{
	(void)state;
	load("mnt-hand.mount", TMPFS("/mnt/hand"));
	loadf("user.service", "[Unit]\nBindsTo=mnt-hand.mount\nAfter=mnt-hand.mount\n"
			      "[Service]\nExecStart=/bin/sleep infinity\n");
	CHECK(mkdir("/mnt/hand", 0755) == 0);
	CHECK(mount("x", "/mnt/hand", "tmpfs", 0, NULL) == 0);
	sys_wait(s, "mnt-hand.mount", "SubState", "mounted");
	CHECK(sys_ctl(s, "start user.service") == 0);
	CHECK(mounts_at("/mnt/hand", NULL) == 1);
	CHECK(umount("/mnt/hand") == 0);
	sys_wait(s, "mnt-hand.mount", "SubState", "dead");
	sys_wait(s, "user.service", "ActiveState", "inactive");
}

static void test_needed(void **state)
{
	(void)state;
	load("mnt-need.mount", TMPFS("/mnt/need"));
	load("mnt-need-below.mount",
		"[Mount]\nWhat=/mnt/need\nWhere=/mnt/need/below\nOptions=bind\n");
	load("needs.service",
		"[Unit]\nRequiresMountsFor=/mnt/need/below/x\n"
		"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n");
	CHECK(sys_ctl(s, "start needs.service") == 0);
	CHECK(mounts_at("/mnt/need", NULL) == 1 && mounts_at("/mnt/need/below", NULL) == 1);
	CHECK(sys_ctl(s, "stop mnt-need.mount") == 0);
	CHECK(property_equals("needs.service", "ActiveState", "inactive"));
	CHECK(mounts_at("/mnt/need", NULL) == 0);
}

/* supd dies at any time: nothing is mounted twice, and what has gone meanwhile is seen. */
static void test_crash(void **state)
{
	(void)state;
	load("mnt-c.mount", TMPFS("/mnt/c"));
	load("mnt-d.mount", TMPFS("/mnt/d"));
	CHECK(sys_ctl(s, "start mnt-d.mount") == 0);
	CHECK(sys_ctl(s, "start --no-block mnt-c.mount") == 0);
	sys_kill_supd(s);
	CHECK(umount("/mnt/d") == 0);
	/* The job may have died before supd-init had heard of it. */
	CHECK(sys_ctl(s, "start mnt-c.mount") == 0);
	CHECK(property_equals("mnt-c.mount", "SubState", "mounted"));
	sys_wait(s, "mnt-d.mount", "SubState", "dead");
	CHECK(mounts_at("/mnt/c", NULL) == 1);
	sys_kill_supd(s);
	sys_wait(s, "mnt-c.mount", "SubState", "mounted");
	CHECK(sys_ctl(s, "restart mnt-c.mount") == 0);
	CHECK(mounts_at("/mnt/c", NULL) == 1);
	CHECK(sys_ctl(s, "stop mnt-c.mount") == 0);
	CHECK(mounts_at("/mnt/c", NULL) == 0);
}

/* A swap that is none. */
static void test_swap(void **state)
{
	(void)state;
	load("mnt-swapfile.swap", "[Swap]\nWhat=/mnt/swapfile\nPriority=3\n");
	CHECK(sys_ctl(s, "start mnt-swapfile.swap") != 0);
	sys_wait(s, "mnt-swapfile.swap", "ActiveState", "failed");
	wait_log("mnt-swapfile.swap", "/mnt/swapfile");
	CHECK(sys_ctl(s, "show mnt-swapfile.swap -p What") == 0);
	CHECK(sys_said(s, "What=/mnt/swapfile"));
}

static void put(const char *name, const char *text)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", s->dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* An instance that has an fstab, in this program's own mount namespace. */
static int setup_fstab(void **state)
{
	char path[160];

	(void)state;
	s = sys_new();
	put("supd.conf", "[supd]\nFstab=yes\n");
	put("fstab", "tmpfs /mnt/fstab tmpfs size=1m 0 0\n"
		     "/mnt/fstab /mnt/bound none bind 0 0\n"
		     "/dev/nothing /mnt/missing ext4 nofail,x-systemd.device-timeout=1s 0 2\n"
		     "tmpfs /mnt/later tmpfs noauto\n"
		     "a broken\n");
	snprintf(path, sizeof(path), "%s/fstab", s->dir);
	CHECK(mount(path, "/etc/fstab", NULL, MS_BIND, NULL) == 0);
	sys_start(s, NULL);
	return 0;
}

static int teardown_fstab(void **state)
{
	(void)umount("/etc/fstab");
	return teardown(state);
}

static void test_fstab(void **state)
{
	(void)state;
	sys_wait(s, "mnt-bound.mount", "SubState", "mounted");
	CHECK(mounts_at("/mnt/fstab", NULL) == 1 && mounts_at("/mnt/bound", NULL) == 1);
	wait_log("mnt-missing.mount", "Dependency failed");
	CHECK(property_equals("mnt-missing.mount", "ActiveState", "inactive"));
	sys_wait(s, "local-fs.target", "ActiveState", "active");
	CHECK(mounts_at("/mnt/later", NULL) == 0);
	CHECK(sys_ctl(s, "start mnt-later.mount") == 0);
	CHECK(mounts_at("/mnt/later", NULL) == 1);
	CHECK(property_equals("mnt-later.mount", "SourcePath", "/etc/fstab"));
	CHECK(sys_ctl(s, "stop mnt-later.mount mnt-bound.mount mnt-fstab.mount") == 0);
	CHECK(mounts_at("/mnt/fstab", NULL) == 0);
}

int main(void)
{
	static const char *const scratch[] = { "/mnt", NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_needed),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_swap),
	};
	const struct CMUnitTest fstab[] = {
		cmocka_unit_test(test_fstab),
	};

	sys_require();
	sys_private(scratch);
	if (cmocka_run_group_tests(tests, setup, teardown) != 0) {
		return 1;
	}
	if (access("/etc/fstab", F_OK) < 0) {
		printf("no /etc/fstab before which another one could stand: fstab not tested\n");
		return 0;
	}
	return cmocka_run_group_tests(fstab, setup_fstab, teardown_fstab);
}
