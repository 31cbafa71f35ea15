// SPDX-License-Identifier: MIT
/*
 * A root file system with links where the machine's file systems go. In a process of its own, with
 * a mount namespace of its own.
 */
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/boot/boot.h"

/* What the child has to say about a step that went wrong is its exit status: the line. */
#define NO_NAMESPACE 255
#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			_exit(__LINE__);                                                           \
		}                                                                                  \
	} while (0)

static struct stat stat_at(int dir, const char *path)
{
	struct stat st = { 0 };

	MUST(fstatat(dir, path, &st, 0) == 0);
	return st;
}

/* What root_enter() takes along and is looked for behind it. */
static const char *const moved[] = { "/dev", "/proc" };

static bool is_mount_point(const char *path)
{
	struct statx st = { 0 };

	MUST(statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &st) == 0);
	return st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

static void enter(const char *dir)
{
	char path[96], outside[96];
	struct stat old, new;
	int there;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", dir, "tmpfs", 0, NULL) < 0) {
		fprintf(stderr, "no mount namespace or mounts of one's own: %s\n", strerror(errno));
		_exit(NO_NAMESPACE);
	}
	for (size_t i = 0; i < ELEMENTSOF(moved); i++) {
		if (!is_mount_point(moved[i])) {
			fprintf(stderr, "%s is no mount point here\n", moved[i]);
			_exit(NO_NAMESPACE);
		}
	}
	snprintf(outside, sizeof(outside), "%s/outside", dir);
	MUST(mkdir(outside, 0755) == 0);
	there = open(outside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(there >= 0);
	snprintf(path, sizeof(path), "%s/new", dir);
	MUST(mkdir(path, 0755) == 0 && mount("tmpfs", path, "tmpfs", 0, NULL) == 0);
	MUST(chdir(path) == 0 && mkdir("dev", 0755) == 0 && mkdir("var", 0755) == 0);
	MUST(mkdir("var/proc", 0755) == 0);
	/* Within, by an absolute path; and to a directory of the old root, by its own path. */
	MUST(symlink("/var/proc", "proc") == 0);
	MUST(symlink(outside, "sys") == 0);
	old = stat_at(AT_FDCWD, "/proc");
	new = stat_at(there, ".");
	MUST(root_enter(path, false) == 0);
	MUST(stat_at(AT_FDCWD, "/var/proc").st_dev == old.st_dev);
	MUST(access("/proc/self", F_OK) == 0);
	MUST(access("/dev/null", F_OK) == 0);
	MUST(stat_at(there, "../outside").st_dev == new.st_dev); /* nothing lies on it */
	_exit(0);
}

static void test_links(void **state)
{
	char dir[] = "/tmp/supd-root-XXXXXX";
	int status = 0;

	(void)state;
	if (geteuid() != 0) {
		print_message("not root: no root file system is entered\n");
		skip();
	}
	assert_non_null(mkdtemp(dir));
	pid_t pid = fork();

	if (pid == 0) {
		enter(dir);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rmdir(dir);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_NAMESPACE) {
		print_message("no root file system is entered\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
