// SPDX-License-Identifier: MIT
#include "walls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "credload.h"
#include "launch.h"
#include "mountapi.h"
#include "places.h"
#include "points.h"
#include "pressure.h"
#include "target.h"
#include "trees.h"

/* Without this an unmount in the service would propagate to the host. */
static int cut_propagation(struct launch *l)
{
	struct mount_attr attr = { .propagation = MS_SLAVE };

	if (launch_has(l, PLAN_ROOT_READ_ONLY)) {
		attr.attr_set = MOUNT_ATTR_RDONLY;
	}
	if (syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) < 0) {
		return launch_fail(l, -errno, NULL, "propagation of /", NULL);
	}
	return 0;
}

static const char *root_path(const struct launch *l)
{
	return l->plan.root_image ? l->plan.root_image : l->plan.root_dir ? l->plan.root_dir : "/";
}

static int attach_root(struct launch *l)
{
	AUTO_CLOSE int target = -1;
	int r;

	if (l->trees.root < 0) {
		l->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		return l->root_fd < 0 ? launch_fail(l, -errno, NULL, "open ", "/") : 0;
	}
	/* An image has no directory that it belongs on; which one is covered does not matter. */
	target = open(
		l->plan.root_dir ? l->plan.root_dir : "/usr", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = target < 0 ? -errno : mount_attach(l->trees.root, target);
	if (r == 0 && launch_has(l, PLAN_ROOT_READ_ONLY)) {
		r = mount_change(l->trees.root, MOUNT_ATTR_RDONLY, 0, 1);
	}
	l->root_fd = l->trees.root;
	return r < 0 ? launch_fail(l, r, NULL, "attach root ", root_path(l)) : 0;
}

/* Of a path that is not the unit's: no service can write in its directories. */
static int open_fixed(struct launch *l, const char *path, int tree)
{
	int fd = mount_open_target(l->root_fd, path);
	struct stat st;
	int r;

	if (fd != -ENOENT) {
		return fd;
	}
	if (fstat(tree, &st) < 0) {
		return -errno;
	}
	r = points_make_below(l->root_fd, path, S_ISDIR(st.st_mode));
	return r < 0 ? r : mount_open_target(l->root_fd, path);
}

static int open_row(struct launch *l, uint32_t i)
{
	int tree = l->trees.row[i];
	int fd = target_open(l, i);
	struct stat st;
	int r;

	if (fd != -ENOENT || tree < 0) {
		return fd;
	}
	if (fstat(tree, &st) < 0) {
		return -errno;
	}
	r = target_make(l, i, S_ISDIR(st.st_mode));
	return r < 0 ? r : target_open(l, i);
}

int walls_attach(struct launch *l, int tree, const char *path)
{
	AUTO_CLOSE int target = open_fixed(l, path, tree);

	return target < 0 ? target : mount_attach(tree, target);
}

static int attach_at(struct launch *l, int tree, const char *path)
{
	int r = tree < 0 ? 0 : walls_attach(l, tree, path);

	return r < 0 ? launch_fail(l, r, NULL, "mount ", path) : 0;
}

/* In the namespace's own PID namespace, or it would show the host's processes. */
static int attach_proc(struct launch *l)
{
	AUTO_CLOSE int proc = -1;

	if (!launch_has(l, PLAN_PROC_FRESH)) {
		return attach_at(l, l->trees.proc, "/proc");
	}
	proc = launch_new_proc(l);
	if (proc < 0) {
		return proc;
	}
	return attach_at(l, proc, "/proc");
}

/* mqueue shows the IPC namespace of who mounts it, so it cannot be prepared outside. */
static int attach_mqueue(struct launch *l)
{
	AUTO_CLOSE int mqueue = -1;
	AUTO_CLOSE int target = -1;
	int r;

	if (!launch_has_ns(l, PLAN_NS_IPC)) {
		return 0;
	}
	mqueue =
		mount_new("mqueue", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	/* Another user namespace's: there are no queues for this unit. */
	if (mqueue == -EPERM && l->fds[LAUNCH_TAG_IPCNS] >= 0) {
		return 0;
	}
	target = openat(l->trees.dev, "mqueue", O_PATH | O_CLOEXEC);
	r = mqueue < 0 ? mqueue : target < 0 ? -errno : mount_attach(mqueue, target);
	return r < 0 ? launch_fail(l, r, NULL, "mount /dev/mqueue", NULL) : 0;
}

static int attach_nodes(const struct launch_trees *t)
{
	for (size_t i = 0; t->node && i < TREES_NODES; i++) {
		AUTO_CLOSE int target =
			openat(t->dev, trees_nodes[i].name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		int r = target < 0 ? -errno : mount_attach(t->node[i], target);

		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int attach_dev(struct launch *l)
{
	AUTO_CLOSE int pts = -1;
	AUTO_CLOSE int shm = -1;
	int r;

	if (l->trees.dev < 0) {
		return 0;
	}
	r = attach_at(l, l->trees.dev, "/dev");
	if (r < 0) {
		return r;
	}
	pts = openat(l->trees.dev, "pts", O_PATH | O_CLOEXEC);
	shm = openat(l->trees.dev, "shm", O_PATH | O_CLOEXEC);
	r = mount_attach(l->trees.pts, pts);
	r = r < 0 ? r : mount_attach(l->trees.shm, shm);
	r = r < 0 ? r : attach_nodes(&l->trees);
	if (r < 0) {
		return launch_fail(l, r, NULL, "private /dev", NULL);
	}
	return attach_mqueue(l);
}

/* The runtime directory holds root's sockets; only the notify directory shows through. */
static int attach_hide(struct launch *l)
{
	char dir[sizeof(l->job.notify_path)];
	int r;

	r = attach_at(l, l->trees.hide, l->plan.hide_dir);
	if (r < 0 || l->trees.notify < 0) {
		return r;
	}
	memcpy(dir, l->job.notify_path, sizeof(dir));
	*strrchr(dir, '/') = '\0';
	return attach_at(l, l->trees.notify, dir);
}

/* ---- rows ---- */

/* The first mask of a kind is the prepared mount; once it is attached it can be copied. */
static int mask(struct launch *l, int target)
{
	AUTO_CLOSE int copy = -1;
	struct stat st;
	int source;
	bool *used;

	if (fstat(target, &st) < 0) {
		return -errno;
	}
	source = S_ISDIR(st.st_mode) ? l->trees.empty : l->trees.null;
	used = S_ISDIR(st.st_mode) ? &l->trees.empty_used : &l->trees.null_used;
	if (!*used) {
		*used = true;
		return mount_attach(source, target);
	}
	copy = mount_clone(source, "", 0);
	return copy < 0 ? copy : mount_attach(copy, target);
}

/* A copy of the subtree over itself, with other attributes. */
static int rebind(int target, uint64_t set, uint64_t clear)
{
	AUTO_CLOSE int copy = mount_clone(target, "", 1);
	int r = copy < 0 ? copy : mount_change(copy, set, clear, 1);

	/*
	 * A mount that is read-only on the host is locked so, and one such mount below refuses the
	 * whole subtree: then the top alone is opened. What stays read-only is no wall lost.
	 */
	if (r == -EPERM && clear) {
		r = mount_change(copy, 0, clear, 0);
		r = r == -EPERM ? 0 : r;
	}
	return r < 0 ? r : mount_attach(copy, target);
}

/*
 * A copy over itself would lie above the root that we stand in, and nobody would see it: the root
 * is changed in place.
 */
static int change(
	struct launch *l, const struct plan_mount *m, int target, uint64_t set, uint64_t clear)
{
	int r;

	if (strcmp(m->target, "/") != 0) {
		return rebind(target, set, clear);
	}
	r = mount_change(l->root_fd, set, clear, 1);
	return r == -EPERM && clear ? mount_change(l->root_fd, 0, clear, 0) : r;
}

static int apply_row(struct launch *l, const struct plan_mount *m, int tree, int target)
{
	switch ((enum plan_mount_kind)m->kind) {
	case PLAN_MOUNT_BIND:
	case PLAN_MOUNT_TMPFS:
	case PLAN_MOUNT_IMAGE:
	case PLAN_MOUNT_EXTENSION:
		return mount_attach(tree, target);
	case PLAN_MOUNT_READ_ONLY:
		return change(l, m, target, MOUNT_ATTR_RDONLY, 0);
	case PLAN_MOUNT_READ_WRITE:
		return change(l, m, target, 0, MOUNT_ATTR_RDONLY);
	case PLAN_MOUNT_INACCESSIBLE:
		return mask(l, target);
	case PLAN_MOUNT_EXEC:
		return change(l, m, target, 0, MOUNT_ATTR_NOEXEC);
	case PLAN_MOUNT_NOEXEC:
		return change(l, m, target, MOUNT_ATTR_NOEXEC, 0);
	case PLAN_MOUNT_KIND_COUNT:
		break;
	}
	return -EINVAL;
}

static int apply_rows(struct launch *l)
{
	const struct plan_mount *rows = l->plan.mounts.items;

	for (uint32_t i = 0; i < l->plan.mounts.n; i++) {
		int tree = l->trees.row[i];
		AUTO_CLOSE int target = -1;
		int r;

		if (tree == ROW_SKIPPED || (tree >= 0 && tree == l->trees.root)) {
			continue;
		}
		target = open_row(l, i);
		if (target == -ENOENT && (rows[i].flags & PLAN_MOUNT_F_IGNORE_MISSING)) {
			continue;
		}
		r = target < 0 ? target : apply_row(l, &rows[i], tree, target);
		if (r < 0) {
			return launch_fail(
				l, r, rows[i].origin, trees_row_verb(&rows[i]), rows[i].target);
		}
	}
	return 0;
}

/* A read-only tmpfs is closed last, because later rows make their mount points in it. */
static int close_tmpfs_rows(struct launch *l)
{
	const struct plan_mount *rows = l->plan.mounts.items;

	for (uint32_t i = 0; i < l->plan.mounts.n; i++) {
		int r;

		if (rows[i].kind != PLAN_MOUNT_TMPFS || !(rows[i].flags & PLAN_MOUNT_F_READ_ONLY)) {
			continue;
		}
		r = mount_change(l->trees.row[i], MOUNT_ATTR_RDONLY, 0, 0);
		if (r < 0) {
			return launch_fail(l, r, rows[i].origin, "tmpfs ", rows[i].target);
		}
	}
	return 0;
}

static int attach_tmp(struct launch *l)
{
	int r = attach_at(l, l->trees.tmp, "/tmp");

	return r < 0 ? r : attach_at(l, l->trees.var_tmp, "/var/tmp");
}

int launch_attach_mounts(struct launch *l)
{
	static int (*const parts[])(struct launch *) = {
		cut_propagation,
		attach_root,
		attach_proc,
		launch_attach_api_vfs,
		launch_attach_cgroups,
		attach_dev,
		attach_tmp,
		attach_hide,
		apply_rows,
		launch_attach_credentials,
		close_tmpfs_rows,
		launch_attach_pressure,
	};

	if (!launch_has_ns(l, PLAN_NS_MOUNT)) {
		return 0;
	}
	for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
		int r = parts[i](l);

		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/* pivot_root, not chroot: what is outside must not be reachable by a kept descriptor or "..". */
int launch_change_root(struct launch *l)
{
	if (l->trees.root < 0) {
		return 0;
	}
	if (fchdir(l->root_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
		umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) {
		return launch_fail(l, -errno, NULL, "pivot to ", root_path(l));
	}
	return 0;
}
