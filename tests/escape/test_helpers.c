// SPDX-License-Identifier: MIT
/*
 * Who owns supd, or supd-log, and has even got rid of its system call filter: a process with their
 * user and no capability tries to reach what is not theirs: root's processes, each other, a
 * service; root's files and sockets; the cgroups of units.
 */
#include "../unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/sysx.h"
#include "../system/harness.h"

static struct sys *s;

#define VICTIMS_MAX 16

static struct {
	pid_t pids[VICTIMS_MAX];
	size_t n;
} victims;

/* Every process of the instance that runs as another user than uid. */
static void add_victims(const char *cgroup, uid_t uid)
{
	char path[256], line[32];
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/cgroup.procs", s->cgroup, cgroup);
	f = fopen(path, "re");
	CHECK(f != NULL);
	while (fgets(line, sizeof(line), f) && victims.n < VICTIMS_MAX) {
		snprintf(path, sizeof(path), "/proc/%d", atoi(line));
		if (stat(path, &st) == 0 && (st.st_uid != uid || uid == 0)) {
			victims.pids[victims.n++] = atoi(line);
		}
	}
	fclose(f);
}

static int got(const char *what, const char *where)
{
	printf("%s %s: got through\n", what, where);
	fflush(stdout);
	return 1;
}

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0) {
		close(fd);
		return got("open", path);
	}
	return 0;
}

static int try_process(pid_t pid)
{
	static const char *const files[] = { "mem", "environ", "maps", "fd", "cwd/.", "root/." };
	char path[64], link[256], byte;
	struct iovec here = { &byte, 1 }, there = { (void *)(uintptr_t)0x400000, 1 };
	int pidfd = sysx_pidfd_open(pid, 0), r = 0;

	snprintf(path, sizeof(path), "pid %d", pid);
	r |= kill(pid, SIGCONT) == 0 ? got("kill", path) : 0;
	r |= kill(pid, 0) == 0 ? got("kill 0", path) : 0;
	r |= ptrace(PTRACE_SEIZE, pid, 0, 0) == 0 ? got("ptrace", path) : 0;
	r |= pidfd >= 0 && sysx_pidfd_send_signal(pidfd, 0) == 0 ? got("pidfd signal", path) : 0;
	r |= pidfd >= 0 && syscall(438, pidfd, 0, 0) >= 0 ? got("pidfd_getfd", path) : 0;
	r |= syscall(SYS_process_vm_readv, pid, &here, 1, &there, 1, 0) >= 0
		     ? got("process_vm_readv", path)
	     : errno == EFAULT ? got("process_vm_readv (EFAULT)", path)
			       : 0;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	r |= readlink(path, link, sizeof(link)) >= 0 ? got("readlink", path) : 0;
	for (size_t i = 0; i < ELEMENTSOF(files); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		r |= try_open(path, O_RDONLY);
	}
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	return r | try_open(path, O_WRONLY);
}

struct file {
	const char *path; /* below the instance's directory; %s: its cgroup's */
	int flags;
};

static const struct file files[] = {
	{ "%s/run/init/table", O_RDONLY },
	{ "%s/run/init/settings", O_RDONLY },
	{ "%s/run/init", O_RDONLY | O_DIRECTORY },
	{ "%s/run/notify", O_RDONLY | O_DIRECTORY },
	{ "%s/state/idtable", O_RDONLY },
	{ "%s/state/timers", O_RDWR },
	{ "%s/secret", O_RDONLY },
};

static const struct file cgroup_files[] = {
	{ "%s/cgroup.procs", O_WRONLY },
	{ "%s/cgroup.subtree_control", O_WRONLY },
	{ "%s/supd/cgroup.procs", O_WRONLY },
	{ "%s/system.slice/victim.service/cgroup.procs", O_WRONLY },
	{ "%s/system.slice/victim.service/cgroup.kill", O_WRONLY },
	{ "%s/system.slice/victim.service/cgroup.freeze", O_WRONLY },
};

static const char *const places[] = { "", "units", "transient", "log", "notify", "init" };

static int try_make(const char *dir)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/run/%s/made", s->dir, dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0) {
		close(fd);
		return got("create", path);
	}
	return symlink("/etc/passwd", path) == 0 ? got("symlink", path) : 0;
}

static int attack(void)
{
	char path[256];
	int r = 0;

	for (size_t i = 0; i < victims.n; i++) {
		r |= try_process(victims.pids[i]);
	}
	for (size_t i = 0; i < ELEMENTSOF(files); i++) {
		snprintf(path, sizeof(path), "%s%s", s->dir, files[i].path + 2);
		r |= try_open(path, files[i].flags);
	}
	for (size_t i = 0; i < ELEMENTSOF(cgroup_files); i++) {
		snprintf(path, sizeof(path), "%s%s", s->cgroup, cgroup_files[i].path + 2);
		r |= try_open(path, cgroup_files[i].flags);
	}
	for (size_t i = 0; i < ELEMENTSOF(places); i++) {
		r |= try_make(places[i]);
	}
	snprintf(path, sizeof(path), "%s/run/control", s->dir);
	r |= unlink(path) == 0 ? got("unlink", path) : 0;
	r |= chmod(path, 0600) == 0 ? got("chmod", path) : 0;
	return r;
}

/* As that user and nothing more; 0: nothing got through. */
static int attack_as(uid_t uid, gid_t gid)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		/* a session of its own, as spawn.c gives them: SIGCONT is for the same one */
		if (setsid() < 0 || setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
			setresuid(uid, uid, uid) < 0) {
			_exit(99);
		}
		_exit(attack());
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The process of that name beside supd-init, and whose it is. */
static pid_t helper(const char *name, struct stat *ret)
{
	char path[256], line[32], comm[32];
	pid_t found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/supd/cgroup.procs", s->cgroup);
	f = fopen(path, "re");
	CHECK(f != NULL);
	while (!found && fgets(line, sizeof(line), f)) {
		snprintf(path, sizeof(path), "/proc/%d/comm", atoi(line));
		FILE *c = fopen(path, "re");

		if (c && fgets(comm, sizeof(comm), c) && strcspn(comm, "\n") == strlen(name) &&
			strncmp(comm, name, strlen(name)) == 0) {
			found = atoi(line);
		}
		if (c) {
			fclose(c);
		}
	}
	fclose(f);
	snprintf(path, sizeof(path), "/proc/%d", found);
	CHECK(found > 0 && stat(path, ret) == 0);
	return found;
}

static void try_helper(const char *name)
{
	struct stat st;

	helper(name, &st);
	CHECK(st.st_uid != 0 && st.st_gid != 0);
	victims.n = 0;
	add_victims("supd", st.st_uid);
	add_victims("system.slice/victim.service", st.st_uid);
	/* supd-init, the stem, the other helper, the service */
	CHECK(victims.n >= 4);
	if (attack_as(st.st_uid, st.st_gid) != 0) {
		sys_fail(s, "who owns %s reaches more than its own", name);
	}
}

static void test_supd(void **state)
{
	(void)state;
	try_helper("supd");
}

static void test_log(void **state)
{
	(void)state;
	try_helper("supd-log");
}

/* The same attempts as root: one that fails for everybody proves nothing. */
static void test_control(void **state)
{
	char path[256];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(files); i++) {
		snprintf(path, sizeof(path), "%s%s", s->dir, files[i].path + 2);
		CHECK(try_open(path, files[i].flags) == 1);
	}
	for (size_t i = 0; i < ELEMENTSOF(cgroup_files); i++) {
		snprintf(path, sizeof(path), "%s%s", s->cgroup, cgroup_files[i].path + 2);
		CHECK(try_open(path, cgroup_files[i].flags) == 1);
	}
}

static int setup(void **state)
{
	char path[128];

	(void)state;
	sys_private(NULL);
	s = sys_new();
	snprintf(path, sizeof(path), "%s/secret", s->dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	close(fd);
	sys_unit(s, "victim.service",
		"[Service]\nExecStart=/bin/sleep 1000000\n[Container]\nProfile=trusted\n");
	sys_start(s, (const char *const[]) { "victim.service", NULL });
	sys_wait(s, "victim.service", "SubState", "running");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sys_free(s);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_supd),
		cmocka_unit_test(test_log),
	};

	sys_require();
	return cmocka_run_group_tests(tests, setup, teardown);
}
