// SPDX-License-Identifier: MIT
#include "nspath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "launch.h"
#include "pathwalk.h"

/* /proc/PID/ns/ has links that only the kernel can follow, whoever the process belongs to. */
static int open_path(const char *path)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
	int fd;

	if (strncmp(path, "/proc/", 6) != 0) {
		return pathwalk_open_file(path, flags, 0);
	}
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Any other file would be entered as what it is not. */
static int open_namespace(struct launch *l, const char *path, int type, int tag)
{
	struct statfs fs;
	AUTO_CLOSE int fd = -1;

	if (!path) {
		return 0;
	}
	fd = open_path(path);
	if (fd < 0) {
		return launch_fail(l, fd, NULL, "namespace ", path);
	}
	if (fstatfs(fd, &fs) < 0 || fs.f_type != NSFS_MAGIC || ioctl(fd, NS_GET_NSTYPE) != type) {
		return launch_fail(l, -EINVAL, NULL, "not a namespace of that kind: ", path);
	}
	if (l->fds[tag] >= 0) {
		close(l->fds[tag]);
	}
	l->fds[tag] = TAKE_FD(fd);
	return 0;
}

int launch_open_namespaces(struct launch *l)
{
	int r = open_namespace(l, l->plan.netns_path, CLONE_NEWNET, LAUNCH_TAG_NETNS);

	return r < 0 ? r : open_namespace(l, l->plan.ipcns_path, CLONE_NEWIPC, LAUNCH_TAG_IPCNS);
}
