// SPDX-License-Identifier: MIT
#include "idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "launch.h"
#include "nsfd.h"

#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000
#endif

/* Keeps the namespace until the launcher has it: end of file tells. */
static void hold(int from, int to)
{
	char byte;

	close(to);
	_exit(read(from, &byte, 1) < 0);
}

/*
 * The service cannot have made it yet: a mount is mapped with the host's rights, which the launcher
 * gives up when it clones. So the namespace comes first and the service enters it, as the later
 * commands of a unit do.
 */
static int make_userns(struct launch *l)
{
	int ends[2];
	pid_t pid;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		hold(ends[0], ends[1]);
	}
	r = pid < 0 ? -errno : nsfd_write_maps(l, pid);
	r = r < 0 ? r : nsfd_open(pid, "user");
	close(ends[0]);
	close(ends[1]);
	if (pid > 0) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
		}
	}
	if (r >= 0) {
		l->fds[LAUNCH_TAG_USERNS] = r;
		l->userns_is_new = true;
	}
	return r < 0 ? r : 0;
}

int idmap_apply(struct launch *l, int tree)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	int r = l->fds[LAUNCH_TAG_USERNS] < 0 ? make_userns(l) : 0;

	if (r < 0) {
		return r;
	}
	attr.userns_fd = (uint64_t)l->fds[LAUNCH_TAG_USERNS];
	return syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr,
		       sizeof(attr)) < 0
		       ? -errno
		       : 0;
}
