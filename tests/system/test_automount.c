// SPDX-License-Identifier: MIT
/*
 * Automount units through the real programs, in this test's own mount namespace. Who opens a path
 * is a process in a session of its own: the kernel lets supd-init's process group through.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TMPFS(where) "[Mount]\nWhat=tmpfs\nWhere=" where "\nType=tmpfs\nOptions=size=1m\n"
#define TRAP(where)  "[Automount]\nWhere=" where "\n"

/* Begins to make a file there. */
static pid_t begin_open(const char *path)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		setsid();
		alarm(100); /* nothing else ends it when nobody answers */
		_exit(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) < 0 ? errno : 0);
	}
	return pid;
}

struct opening {
	pid_t pid;
	int status;
};

static bool has_ended(struct sys *sys, void *arg)
{
	struct opening *o = arg;

	(void)sys;
	return waitpid(o->pid, &o->status, WNOHANG) == o->pid;
}

/* Its errno, 0: it was opened. */
static int end_open(pid_t pid)
{
	struct opening o = { .pid = pid };

	sys_wait_for(s, "the end of an open()", has_ended, &o);
	CHECK(WIFEXITED(o.status));
	return WEXITSTATUS(o.status);
}

static unsigned mounts_at(const char *where, const char *type)
{
	char line[4096], place[256], kind[64];
	unsigned n = 0;
	FILE *f = fopen("/proc/self/mountinfo", "re");

	assert_non_null(f);
	snprintf(place, sizeof(place), " %s ", where);
	snprintf(kind, sizeof(kind), " - %s ", type);
	while (fgets(line, sizeof(line), f)) {
		n += strstr(line, place) && strstr(line, kind);
	}
	fclose(f);
	return n;
}

static void test_life(void **state)
{
	(void)state;
	load("mnt-a.mount", TMPFS("/mnt/a"));
	load("mnt-a.automount", TRAP("/mnt/a"));
	CHECK(sys_ctl(s, "start mnt-a.automount") == 0);
	CHECK(property_equals("mnt-a.automount", "SubState", "waiting"));
	CHECK(property_equals("mnt-a.mount", "SubState", "dead"));
	CHECK(mounts_at("/mnt/a", "autofs") == 1 && mounts_at("/mnt/a", "tmpfs") == 0);
	CHECK(end_open(begin_open("/mnt/a/file")) == 0);
	CHECK(mounts_at("/mnt/a", "tmpfs") == 1);
	sys_wait(s, "mnt-a.mount", "SubState", "mounted");
	sys_wait(s, "mnt-a.automount", "SubState", "running");
	CHECK(sys_answer(s, "list-automounts --no-legend") == 0);
	CHECK(strcmp(s->output, "tmpfs /mnt/a yes - mnt-a.automount\n") == 0);
	CHECK(property_equals("mnt-a.automount", "Where", "/mnt/a"));
	CHECK(sys_ctl(s, "stop mnt-a.mount") == 0);
	sys_wait(s, "mnt-a.automount", "SubState", "waiting");
	CHECK(end_open(begin_open("/mnt/a/file")) == 0);
	sys_wait(s, "mnt-a.mount", "SubState", "mounted");
	CHECK(sys_ctl(s, "stop mnt-a.mount mnt-a.automount") == 0);
	CHECK(property_equals("mnt-a.automount", "SubState", "dead"));
	CHECK(mounts_at("/mnt/a", "autofs") == 0 && mounts_at("/mnt/a", "tmpfs") == 0);
	CHECK(end_open(begin_open("/mnt/a/file")) == 0); /* a plain directory now */
}

/* Who waits for what cannot be mounted is told so, and the next one makes it try again. */
static void test_failure(void **state)
{
	(void)state;
	load("mnt-f.mount", "[Mount]\nWhat=tmpfs\nWhere=/mnt/f\nType=no-such-fs\n");
	load("mnt-f.automount", TRAP("/mnt/f"));
	CHECK(sys_ctl(s, "start mnt-f.automount") == 0);
	CHECK(end_open(begin_open("/mnt/f/file")) == ENOENT);
	sys_wait(s, "mnt-f.mount", "ActiveState", "failed");
	sys_wait(s, "mnt-f.automount", "SubState", "waiting");
	load("mnt-f.mount", TMPFS("/mnt/f"));
	CHECK(end_open(begin_open("/mnt/f/file")) == 0);
	sys_wait(s, "mnt-f.automount", "SubState", "running");
	CHECK(sys_ctl(s, "stop mnt-f.automount") == 0);
	CHECK(mounts_at("/mnt/f", "autofs") == 0);
	sys_wait(s, "mnt-f.mount", "SubState", "dead");
}

/* supd may die at any time: who waits waits for the next one. */
static void test_crash(void **state)
{
	pid_t first, second;

	(void)state;
	load("mnt-c.mount", TMPFS("/mnt/c"));
	load("mnt-c.automount", TRAP("/mnt/c"));
	CHECK(sys_ctl(s, "start mnt-c.automount") == 0);
	sys_kill_supd(s);
	first = begin_open("/mnt/c/one");
	CHECK(end_open(first) == 0);
	sys_wait(s, "mnt-c.automount", "SubState", "running");
	CHECK(sys_ctl(s, "stop mnt-c.mount") == 0);
	first = begin_open("/mnt/c/one");
	sys_kill_supd(s);
	second = begin_open("/mnt/c/two");
	CHECK(end_open(first) == 0 && end_open(second) == 0);
	CHECK(mounts_at("/mnt/c", "tmpfs") == 1);
	sys_wait(s, "mnt-c.mount", "SubState", "mounted");
	CHECK(sys_ctl(s, "stop mnt-c.mount mnt-c.automount") == 0);
}

static bool is_unmounted(struct sys *sys, void *arg)
{
	(void)sys;
	return mounts_at(arg, "tmpfs") == 0;
}

static void test_idle(void **state)
{
	(void)state;
	load("mnt-i.mount", TMPFS("/mnt/i"));
	load("mnt-i.automount", TRAP("/mnt/i") "TimeoutIdleSec=200ms\n");
	CHECK(sys_ctl(s, "start mnt-i.automount") == 0);
	for (int i = 0; i < 2; i++) {
		CHECK(end_open(begin_open("/mnt/i/file")) == 0);
		sys_wait_for(s, "an idle mount to go", is_unmounted, (char *)"/mnt/i");
	}
	sys_wait(s, "mnt-i.automount", "SubState", "waiting");
	CHECK(sys_ctl(s, "stop mnt-i.automount") == 0);
}

int main(void)
{
	static const char *const scratch[] = { "/mnt", NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_idle),
	};

	sys_require();
	sys_private(scratch);
	if (mkdir("/mnt/probe", 0755) < 0 ||
		(mount("x", "/mnt/probe", "autofs", 0, "minproto=5,maxproto=5,direct,fd=1") < 0 &&
			errno == ENODEV)) {
		printf("the kernel has no autofs: nothing to test\n");
		return 77;
	}
	(void)umount2("/mnt/probe", MNT_DETACH);
	return cmocka_run_group_tests(tests, setup, teardown);
}
