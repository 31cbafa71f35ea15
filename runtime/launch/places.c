// SPDX-License-Identifier: MIT
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "launch.h"
#include "mountapi.h"
#include "points.h"
#include "walls.h"

#define SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

/* A private one of the same place is better, and made elsewhere. */
static int clone_host(struct launch *l, const char *path, int *ret)
{
	*ret = mount_clone(AT_FDCWD, path, 1);
	return *ret < 0 ? launch_fail(l, *ret, NULL, "clone ", path) : 0;
}

/* For what the launcher itself mounts there later. */
static int make_points_in_run(struct launch *l)
{
	const char *const paths[] = { l->plan.hide_dir, PLAN_CREDENTIALS_DIR };

	for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
		int r = 0;

		if (paths[i] && strncmp(paths[i], "/run/", 5) == 0) {
			r = points_make(l->trees.run, paths[i] + 4, true);
		}
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int launch_prepare_api_vfs(struct launch *l)
{
	struct launch_trees *t = &l->trees;
	int r = 0;

	if (!launch_has(l, PLAN_API_VFS)) {
		return 0;
	}
	if (t->proc < 0 && !launch_has(l, PLAN_PROC_FRESH)) {
		r = clone_host(l, "/proc", &t->proc);
	}
	if (r == 0 && t->dev < 0) {
		r = clone_host(l, "/dev", &t->host_dev);
	}
	if (r == 0) {
		r = clone_host(l, "/sys", &t->sys);
	}
	if (r < 0) {
		return r;
	}
	t->run = mount_new("tmpfs", "mode=0755,size=20%,nr_inodes=800k", SAFE);
	r = t->run < 0 ? t->run : make_points_in_run(l);
	return r < 0 ? launch_fail(l, r, NULL, "tmpfs ", "/run") : 0;
}

int launch_attach_api_vfs(struct launch *l)
{
	const struct {
		int tree;
		const char *path;
	} rows[] = {
		{ l->trees.sys, "/sys" },
		{ l->trees.host_dev, "/dev" },
		{ l->trees.run, "/run" },
	};

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		int r = rows[i].tree < 0 ? 0 : walls_attach(l, rows[i].tree, rows[i].path);

		if (r < 0) {
			return launch_fail(l, r, NULL, "mount ", rows[i].path);
		}
	}
	return 0;
}

/* By a process in the cgroup namespace, whose root then is the file system's. */
int launch_attach_cgroups(struct launch *l)
{
	AUTO_CLOSE int tree = -1;
	bool read_only = launch_has(l, PLAN_CGROUP_READ_ONLY);
	int r;

	if (!launch_has(l, PLAN_CGROUP_MOUNT)) {
		return 0;
	}
	tree = mount_new(
		"cgroup2", NULL, SAFE | MOUNT_ATTR_NOEXEC | (read_only ? MOUNT_ATTR_RDONLY : 0));
	r = tree < 0 ? tree : walls_attach(l, tree, "/sys/fs/cgroup");
	return r < 0 ? launch_fail(l, r, NULL, "mount ", "/sys/fs/cgroup") : 0;
}

int launch_set_host_name(struct launch *l)
{
	const char *name = l->plan.host_name;

	if (!name) {
		return 0;
	}
	if (!launch_has_ns(l, PLAN_NS_UTS)) {
		return launch_fail(l, -EINVAL, NULL, "host name without a UTS namespace", NULL);
	}
	return sethostname(name, strlen(name)) < 0
		       ? launch_fail(l, -errno, NULL, "host name ", name)
		       : 0;
}
