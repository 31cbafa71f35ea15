// SPDX-License-Identifier: MIT
#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "boot.h"

#define FSCK        "/sbin/fsck"
#define FSCK_REBOOT 2
#define FSCK_ERRORS 4

/* Does fstab, or the command line where fstab says nothing, want the root writable? */
static bool wants_writable(const struct cmdline *c)
{
	int fd = fd_open_plain("/etc/fstab");
	FILE *table = fd < 0 ? NULL : fdopen(fd, "r");
	struct mntent *row;
	bool found = false, read_only = false;

	while (table && (row = getmntent(table))) {
		if (strcmp(row->mnt_dir, "/") == 0) {
			found = true;
			read_only = hasmntopt(row, "ro") != NULL;
		}
	}
	if (table) {
		endmntent(table);
	}
	return found ? !read_only : !cmdline_find(c, "ro");
}

/* fsck.repair=: what is safe, all, or nothing. */
const char *fsck_option(const struct cmdline *c)
{
	const char *word = cmdline_find(c, "fsck.repair");

	if (!word || strcmp(word, "preen") == 0) {
		return "-a";
	}
	int is = cmdline_bool(word);

	if (is < 0) {
		say("fsck.repair= is preen, yes or no", word, 0);
	}
	return is < 0 ? "-a" : is ? "-y" : "-n";
}

static int run_fsck(const char *device, const struct cmdline *c)
{
	const char *mode = cmdline_find(c, "fsck.mode");
	bool force = mode && strcmp(mode, "force") == 0;
	char *argv[] = { "fsck", "-T", (char *)(uintptr_t)fsck_option(c), (char *)(uintptr_t)device,
		force ? "-f" : NULL, NULL };
	char *environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execve(FSCK, argv, environment);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) != pid) {
		if (errno != EINTR) {
			return 0;
		}
	}
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

static void check_root(const struct cmdline *c)
{
	const char *mode = cmdline_find(c, "fsck.mode");
	const char *root = cmdline_find(c, "root");
	char buf[BOOT_PATH_MAX];

	if (!root || access(FSCK, X_OK) < 0 || (mode && strcmp(mode, "skip") == 0) ||
		cmdline_find(c, "fastboot")) {
		return;
	}
	root = root_device(root, buf, sizeof(buf)); /* may look at all disks */
	if (!root || strncmp(root, "/dev/", 5) != 0) {
		return;
	}
	int status = run_fsck(root, c);

	if (status & FSCK_REBOOT) {
		say("the root file system was repaired: the machine starts again", root, 0);
		sync();
		reboot(RB_AUTOBOOT);
	}
	if (status != 127 && status & FSCK_ERRORS) {
		emergency_shell("the root file system has errors that fsck leaves to you");
	}
}

void root_make_writable(const struct cmdline *c)
{
	struct statvfs fs;

	if (statvfs("/", &fs) < 0 || !(fs.f_flag & ST_RDONLY) || !wants_writable(c)) {
		return;
	}
	check_root(c);
	if (mount(NULL, "/", NULL, MS_REMOUNT, NULL) < 0) {
		say("the root file system stays read-only", NULL, errno);
	}
}
