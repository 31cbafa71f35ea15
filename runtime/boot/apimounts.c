// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "boot.h"

struct api_mount {
	const char *where;
	const char *type;
	const char *options;
	unsigned long flags;
	mode_t mode; /* of the mount point when it is made */
	bool needed; /* its absence is worth a line */
};

#define SAFE (MS_NOSUID | MS_NOEXEC | MS_NODEV)

/* In this order: a later one lies in an earlier one. */
static const struct api_mount mounts[] = {
	{ "/proc", "proc", NULL, SAFE, 0555, true },
	{ "/sys", "sysfs", NULL, SAFE, 0555, true },
	{ "/dev", "devtmpfs", "mode=0755", MS_NOSUID, 0755, true },
	{ "/dev/pts", "devpts", "mode=0620,gid=5,ptmxmode=0666", MS_NOSUID | MS_NOEXEC, 0755,
		true },
	{ "/dev/shm", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV, 01777, true },
	{ "/dev/mqueue", "mqueue", NULL, SAFE, 0755, false },
	{ "/dev/hugepages", "hugetlbfs", NULL, MS_NOSUID | MS_NODEV, 0755, false },
	{ "/run", "tmpfs", "mode=0755,size=20%,nr_inodes=800k", MS_NOSUID | MS_NODEV, 0755, true },
	{ "/run/lock", "tmpfs", "mode=1777,size=5242880", SAFE, 01777, false },
	{ "/sys/fs/cgroup", "cgroup2", "nsdelegate,memory_recursiveprot", SAFE, 0755, true },
	{ "/sys/fs/bpf", "bpf", "mode=0700", SAFE, 0700, false },
	{ "/sys/kernel/security", "securityfs", NULL, SAFE, 0755, false },
	{ "/sys/kernel/debug", "debugfs", NULL, SAFE, 0755, false },
	{ "/sys/kernel/tracing", "tracefs", NULL, SAFE, 0755, false },
	{ "/sys/fs/pstore", "pstore", NULL, SAFE, 0755, false },
	{ "/sys/kernel/config", "configfs", NULL, SAFE, 0755, false },
};

static const struct {
	const char *target;
	const char *path;
} links[] = {
	{ "/proc/self/fd", "/dev/fd" },
	{ "/proc/self/fd/0", "/dev/stdin" },
	{ "/proc/self/fd/1", "/dev/stdout" },
	{ "/proc/self/fd/2", "/dev/stderr" },
	{ "/proc/kcore", "/dev/core" },
};

/* Another device than its parent's: something is mounted there. */
static bool is_mounted(const char *where)
{
	struct stat own, above;
	char parent[64];

	strncpy(parent, where, sizeof(parent) - 1);
	parent[sizeof(parent) - 1] = 0;
	char *slash = strrchr(parent, '/');

	slash[slash == parent] = 0;
	return stat(where, &own) == 0 && stat(parent, &above) == 0 && own.st_dev != above.st_dev;
}

static int mount_one(const struct api_mount *m)
{
	mkdir(m->where, m->mode);
	if (is_mounted(m->where) || mount(m->type, m->where, m->type, m->flags, m->options) == 0) {
		return 0;
	}
	/* An option that this kernel does not know is no reason to go without the file system. */
	if (errno == EINVAL && m->options &&
		mount(m->type, m->where, m->type, m->flags, NULL) == 0) {
		return 0;
	}
	return errno;
}

void apimounts_make(void)
{
	for (size_t i = 0; i < ELEMENTSOF(mounts); i++) {
		int error = mount_one(&mounts[i]);

		if (error && mounts[i].needed) {
			say("cannot mount", mounts[i].where, error);
		}
	}
	for (size_t i = 0; i < ELEMENTSOF(links); i++) {
		if (symlink(links[i].target, links[i].path) < 0 && errno != EEXIST) {
			say("cannot link", links[i].path, errno);
		}
	}
}
