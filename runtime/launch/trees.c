// SPDX-License-Identifier: MIT
#include "trees.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "dirs.h"
#include "extension.h"
#include "idmap.h"
#include "image.h"
#include "launch.h"
#include "mountapi.h"
#include "pathwalk.h"
#include "places.h"
#include "points.h"
#include "target.h"

#define SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

/* ---- /dev ---- */

const struct trees_node trees_nodes[TREES_NODES] = {
	{ "null", "/dev/null", 1, 3 },
	{ "zero", "/dev/zero", 1, 5 },
	{ "full", "/dev/full", 1, 7 },
	{ "random", "/dev/random", 1, 8 },
	{ "urandom", "/dev/urandom", 1, 9 },
	{ "tty", "/dev/tty", 5, 0 },
};

static const char *const links[][2] = {
	{ "pts/ptmx", "ptmx" },
	{ "/proc/self/fd", "fd" },
	{ "/proc/self/fd/0", "stdin" },
	{ "/proc/self/fd/1", "stdout" },
	{ "/proc/self/fd/2", "stderr" },
	{ "/proc/kcore", "core" },
};

static const char *const dev_dirs[] = { "pts", "shm", "mqueue" };

/* The host's nodes, and files to bind them over: the way where a container's root may not mknod. */
static int borrow_nodes(struct launch *l)
{
	struct launch_trees *t = &l->trees;

	t->node = arena_alloc_array(&l->arena, TREES_NODES, sizeof(int));
	if (!t->node) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < TREES_NODES; i++) {
		t->node[i] = mount_clone(AT_FDCWD, trees_nodes[i].host, 0);
		if (t->node[i] < 0) {
			return t->node[i];
		}
		if (mknodat(t->dev, trees_nodes[i].name, S_IFREG | 0666, 0) < 0) {
			return -errno;
		}
	}
	return 0;
}

/*
 * Made outside the user namespace, where mknod works and the nodes are usable: six binds, the way
 * from inside, cost ten times as much.
 */
static int make_nodes(struct launch *l)
{
	for (size_t i = 0; i < TREES_NODES; i++) {
		if (mknodat(l->trees.dev, trees_nodes[i].name, S_IFCHR | 0666,
			    makedev(trees_nodes[i].major, trees_nodes[i].minor)) < 0) {
			return i == 0 && errno == EPERM ? borrow_nodes(l) : -errno;
		}
	}
	return 0;
}

static int fill_dev(struct launch *l)
{
	int dev = l->trees.dev, r = make_nodes(l);

	if (r < 0) {
		return r;
	}
	for (size_t i = 0; i < ELEMENTSOF(dev_dirs); i++) {
		if (mkdirat(dev, dev_dirs[i], 0755) < 0) {
			return -errno;
		}
	}
	for (size_t i = 0; i < ELEMENTSOF(links); i++) {
		if (symlinkat(links[i][0], dev, links[i][1]) < 0) {
			return -errno;
		}
	}
	return 0;
}

static int prepare_dev(struct launch *l)
{
	struct launch_trees *t = &l->trees;
	int r;

	if (!launch_has(l, PLAN_PRIVATE_DEVICES)) {
		return 0;
	}
	t->dev = mount_new(
		"tmpfs", "mode=0755,size=4m,nr_inodes=1024", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	r = t->dev < 0 ? t->dev : fill_dev(l);
	if (r < 0) {
		return launch_fail(l, r, NULL, "private /dev", NULL);
	}
	t->pts = mount_new(
		"devpts", "ptmxmode=0666,mode=0620,gid=5", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	if (t->pts < 0) {
		return launch_fail(l, t->pts, NULL, "private /dev/pts", NULL);
	}
	t->shm = mount_new("tmpfs", "mode=1777", SAFE);
	return t->shm < 0 ? launch_fail(l, t->shm, NULL, "private /dev/shm", NULL) : 0;
}

/* ---- proc ---- */

int launch_new_proc(struct launch *l)
{
	static const char *const options[][2] = {
		[PLAN_PROC_HIDE_NONE] = { NULL, "subset=pid" },
		[PLAN_PROC_HIDE_NO_ACCESS] = { "hidepid=noaccess", "hidepid=noaccess,subset=pid" },
		[PLAN_PROC_HIDE_INVISIBLE] = { "hidepid=invisible",
			"hidepid=invisible,subset=pid" },
		[PLAN_PROC_HIDE_PTRACEABLE] = { "hidepid=ptraceable",
			"hidepid=ptraceable,subset=pid" },
	};
	int fd = mount_new("proc", options[l->plan.proc_hide][launch_has(l, PLAN_PROC_SUBSET_PID)],
		SAFE | MOUNT_ATTR_NOEXEC);

	return fd < 0 ? launch_fail(l, fd, NULL, "mount /proc", NULL) : fd;
}

/*
 * An instance beside the host's, of the same PID namespace, so it is made while we are root there:
 * from the inside of a user namespace the kernel refuses it wherever something covers a part of
 * /proc.
 */
static int prepare_proc(struct launch *l)
{
	if (!launch_has(l, PLAN_PROC_INSTANCE)) {
		return 0;
	}
	l->trees.proc = launch_new_proc(l);
	return l->trees.proc < 0 ? l->trees.proc : 0;
}

/* ---- tmp ---- */

static int make_slot_tmp(struct launch *l)
{
	int fd = mount_new("tmpfs", "mode=0700", SAFE);

	if (fd < 0) {
		return fd;
	}
	if (mkdirat(fd, "tmp", 01777) < 0 || mkdirat(fd, "var", 01777) < 0) {
		close(fd);
		return -errno;
	}
	l->fds[LAUNCH_TAG_TMP] = fd;
	l->tmp_is_new = true;
	return 0;
}

/*
 * One tmpfs per slot, of which each command gets copies. Kernels before 6.15 cannot copy a
 * detached mount (EINVAL): there each command has a fresh one.
 */
static int prepare_tmp(struct launch *l)
{
	struct launch_trees *t = &l->trees;
	bool held = l->fds[LAUNCH_TAG_TMP] >= 0;

	if (!launch_has(l, PLAN_PRIVATE_TMP)) {
		return 0;
	}
	if (held || (l->unit->flags & CATALOGUE_UNIT_HOLD)) {
		int r = held ? 0 : make_slot_tmp(l);

		if (r < 0) {
			return launch_fail(l, r, NULL, "private /tmp", NULL);
		}
		t->tmp = mount_clone(l->fds[LAUNCH_TAG_TMP], "tmp", 0);
		t->var_tmp = mount_clone(l->fds[LAUNCH_TAG_TMP], "var", 0);
	}
	if (t->tmp < 0) {
		t->tmp = mount_new("tmpfs", "mode=1777", SAFE);
		t->var_tmp = mount_new("tmpfs", "mode=1777", SAFE);
	}
	if (t->tmp < 0 || t->var_tmp < 0) {
		return launch_fail(l, t->tmp < 0 ? t->tmp : t->var_tmp, NULL, "private /tmp", NULL);
	}
	return 0;
}

/* ---- empty directories ---- */

/*
 * One of the empty directories that supd-init keeps in its runtime directory, read-only. A file
 * system for each costs ten times as much, to make and to end. -ENOENT: there is none.
 */
static int clone_empty(struct launch *l, const char *name)
{
	char path[LIMIT_PATH];
	size_t n = l->plan.hide_dir ? strlen(l->plan.hide_dir) : 0;
	int fd, r;

	if (n == 0 || n + strlen(name) >= sizeof(path)) {
		return -ENOENT;
	}
	memcpy(path, l->plan.hide_dir, n);
	strcpy(path + n, name);
	fd = mount_clone(AT_FDCWD, path, 0);
	r = fd < 0 ? fd : mount_change(fd, SAFE | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, 0, 0);
	if (r < 0 && fd >= 0) {
		close(fd);
	}
	return r < 0 ? r : fd;
}

static int prepare_empty(struct launch *l)
{
	int fd = clone_empty(l, "/empty/masked");

	return fd != -ENOENT ? fd
			     : mount_new("tmpfs", "mode=0,size=4k,nr_inodes=1",
				       SAFE | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY);
}

/* ---- rows ---- */

static uint64_t row_attrs(const struct plan_mount *m)
{
	return (m->flags & PLAN_MOUNT_F_NOEXEC ? MOUNT_ATTR_NOEXEC : 0) |
	       (m->flags & PLAN_MOUNT_F_NOSUID ? MOUNT_ATTR_NOSUID : 0) |
	       (m->flags & PLAN_MOUNT_F_NODEV ? MOUNT_ATTR_NODEV : 0);
}

/* A path of the unit's, which may lead through a directory of the service's: pathwalk.h. */
static int clone_path(const char *path, int recursive)
{
	AUTO_CLOSE int node = pathwalk_open(path);

	return node < 0 ? node : mount_clone(node, "", recursive);
}

/* The source is the host's: a directory of another user is out of reach from the inside. */
static int prepare_bind(struct launch *l, const struct plan_mount *m)
{
	int recursive = !(m->flags & PLAN_MOUNT_F_NON_RECURSIVE);
	uint64_t attrs = row_attrs(m);
	int fd, r;

	if (m->flags & PLAN_MOUNT_F_CREATE) {
		struct dir_owner owner = { l->plan.dirs_uid, l->plan.dirs_gid, 0755 };

		r = dir_make(m->source, &owner);
		if (r < 0) {
			return r;
		}
	}
	if (m->flags & PLAN_MOUNT_F_READ_ONLY) {
		attrs |= MOUNT_ATTR_RDONLY;
	}
	fd = clone_path(m->source, recursive);
	r = fd < 0 ? fd : attrs ? mount_change(fd, attrs, 0, recursive) : 0;
	r = r == 0 && (m->flags & PLAN_MOUNT_F_IDMAP_OWNER) ? idmap_give(l, fd) : r;
	return r < 0 ? r : fd;
}

static int prepare_image(struct launch *l, const struct plan_mount *m)
{
	uint64_t attrs = SAFE | row_attrs(m);
	int fd = image_mount(m->source, m->options, m->flags & PLAN_MOUNT_F_READ_ONLY);
	int r = fd < 0 ? fd : mount_change(fd, attrs, 0, 0);

	r = r == 0 && (m->flags & PLAN_MOUNT_F_IDMAP) ? idmap_apply(l, fd) : r;
	return r < 0 ? r : fd;
}

/* Into *ret, -1 where the row has no tree of its own (which -EPERM must not be taken for). */
static int prepare_row(struct launch *l, const struct plan_mount *m, int *ret)
{
	int fd = 0;

	*ret = -1;
	switch ((enum plan_mount_kind)m->kind) {
	case PLAN_MOUNT_BIND:
		fd = *ret = prepare_bind(l, m);
		break;
	case PLAN_MOUNT_TMPFS:
		fd = *ret = mount_new(
			"tmpfs", m->options ? m->options : "mode=0755", SAFE | row_attrs(m));
		break;
	case PLAN_MOUNT_INACCESSIBLE:
		if (l->trees.empty < 0) {
			fd = l->trees.empty = prepare_empty(l);
		}
		break;
	case PLAN_MOUNT_IMAGE:
		fd = *ret = prepare_image(l, m);
		break;
	case PLAN_MOUNT_EXTENSION:
		fd = *ret = extension_mount(l, m);
		break;
	case PLAN_MOUNT_READ_ONLY:
	case PLAN_MOUNT_READ_WRITE:
	case PLAN_MOUNT_EXEC:
	case PLAN_MOUNT_NOEXEC:
	case PLAN_MOUNT_KIND_COUNT:
		break;
	}
	return fd < 0 ? fd : 0;
}

const char *trees_row_verb(const struct plan_mount *m)
{
	static const char *const verbs[] = {
		[PLAN_MOUNT_BIND] = "bind ",
		[PLAN_MOUNT_READ_ONLY] = "read-only ",
		[PLAN_MOUNT_READ_WRITE] = "read-write ",
		[PLAN_MOUNT_INACCESSIBLE] = "hide ",
		[PLAN_MOUNT_TMPFS] = "tmpfs ",
		[PLAN_MOUNT_EXEC] = "exec ",
		[PLAN_MOUNT_NOEXEC] = "noexec ",
		[PLAN_MOUNT_IMAGE] = "image ",
		[PLAN_MOUNT_EXTENSION] = "extensions on ",
	};
	_Static_assert(ELEMENTSOF(verbs) == PLAN_MOUNT_KIND_COUNT, "verbs drifted");

	return verbs[m->kind];
}

/* Where row i goes, whose tree is made. */
static int prepare_place(struct launch *l, uint32_t i)
{
	const struct plan_mount *row = (const struct plan_mount *)l->plan.mounts.items + i;
	int r = target_prepare(l, i);

	if (r < 0) {
		return launch_fail(l, r, row->origin, trees_row_verb(row), row->target);
	}
	r = points_make_in_rows(l->plan.mounts.items, l->trees.row, i);
	return r < 0 ? launch_fail(l, r, row->origin, "mount point ", row->target) : 0;
}

static int prepare_rows(struct launch *l)
{
	const struct plan_mount *rows = l->plan.mounts.items;

	l->trees.row = arena_alloc_array(&l->arena, l->plan.mounts.n, sizeof(int));
	if (!l->trees.row) {
		return launch_fail(l, -ENOMEM, NULL, "mounts", NULL);
	}
	for (uint32_t i = 0; i < l->plan.mounts.n; i++) {
		bool may_lack = rows[i].flags & PLAN_MOUNT_F_IGNORE_MISSING;
		int fd = -1, r = prepare_row(l, &rows[i], &fd);

		if (r == -ENOENT && may_lack) {
			l->trees.row[i] = ROW_SKIPPED;
			continue;
		}
		if (r < 0 && rows[i].kind == PLAN_MOUNT_EXTENSION) {
			return r; /* it has named the directory */
		}
		if (r < 0) {
			return launch_fail(l, r, rows[i].origin, trees_row_verb(&rows[i]),
				rows[i].source ? rows[i].source : rows[i].target);
		}
		l->trees.row[i] = fd;
		if (fd >= 0 && strcmp(rows[i].target, "/") == 0 && l->trees.root < 0) {
			l->trees.root = fd; /* the first row, for they are sorted */
		}
		r = prepare_place(l, i);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/* ---- the runtime directory ---- */

/* "notify/7/notify" without its last component. */
static const char *rest_dir(struct launch *l, const char *rest)
{
	size_t n = (size_t)(strrchr(rest, '/') - rest);
	const char *dir = arena_strndup(&l->arena, rest, n);

	return dir ? dir : "";
}

/* True if the notify socket lies below the hidden directory; *ret is the rest of its path. */
static bool notify_is_hidden(struct launch *l, const char **ret)
{
	size_t n = strlen(l->plan.hide_dir);

	*ret = l->job.notify_path + n + 1;
	return strncmp(l->job.notify_path, l->plan.hide_dir, n) == 0 &&
	       l->job.notify_path[n] == '/' && l->fds[LAUNCH_TAG_NOTIFY_DIR] >= 0;
}

/*
 * supd-init's descriptor is of the mount namespace that it was opened in, and only who is there may
 * copy from it. Who was born in another finds the same directory by its path.
 */
static int clone_notify(struct launch *l)
{
	int given = l->fds[LAUNCH_TAG_NOTIFY_DIR];
	char path[sizeof(l->job.notify_path)];
	struct stat want, have;

	if (!l->born) {
		return mount_clone(given, "", 0);
	}
	memcpy(path, l->job.notify_path, sizeof(path));
	*strrchr(path, '/') = '\0';
	AUTO_CLOSE int tree = mount_clone(AT_FDCWD, path, 0);

	if (tree < 0 || fstat(tree, &have) < 0 || fstat(given, &want) < 0) {
		return tree < 0 ? tree : -errno;
	}
	return have.st_dev == want.st_dev && have.st_ino == want.st_ino ? TAKE_FD(tree) : -ESTALE;
}

static int prepare_hide(struct launch *l)
{
	struct launch_trees *t = &l->trees;
	const char *rest;
	bool shows =
		l->plan.hide_dir && launch_has(l, PLAN_NOTIFY_FD) && notify_is_hidden(l, &rest);
	int r = 0;

	if (!l->plan.hide_dir) {
		return 0;
	}
	t->hide = shows ? -ENOENT : clone_empty(l, "/empty/hidden");
	if (t->hide == -ENOENT) {
		t->hide = mount_new(
			"tmpfs", "mode=0711,size=64k,nr_inodes=16", SAFE | MOUNT_ATTR_NOEXEC);
	}
	if (t->hide >= 0 && shows) {
		r = points_make(t->hide, rest_dir(l, rest), true);
		t->notify = r < 0 ? r : clone_notify(l);
		r = t->notify < 0 ? t->notify : 0;
	}
	if (t->hide < 0 || r < 0) {
		return launch_fail(l, t->hide < 0 ? t->hide : r, NULL, "hide ", l->plan.hide_dir);
	}
	return 0;
}

/* Masks of files are the host's /dev/null, checked, and unusable by nodev. */
static int prepare_null(struct launch *l)
{
	struct stat st;
	int r;

	if (l->trees.empty < 0) {
		return 0;
	}
	l->trees.null = mount_clone(AT_FDCWD, "/dev/null", 0);
	if (l->trees.null < 0 || fstat(l->trees.null, &st) < 0 || !S_ISCHR(st.st_mode) ||
		st.st_rdev != makedev(1, 3)) {
		return launch_fail(l, -ENODEV, NULL, "/dev/null", NULL);
	}
	r = mount_change(l->trees.null, SAFE | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, 0, 0);
	return r < 0 ? launch_fail(l, r, NULL, "/dev/null", NULL) : 0;
}

static const char *root_setting(const struct launch *l)
{
	return l->plan.root_image ? "RootImage=" : "RootDirectory=";
}

static int prepare_root(struct launch *l)
{
	const struct plan *p = &l->plan;
	const char *path = p->root_image ? p->root_image : p->root_dir;
	int fd;

	if (!path) {
		return 0;
	}
	fd = p->root_image
		     ? image_mount(path, p->root_image_options, launch_has(l, PLAN_ROOT_READ_ONLY))
		     : clone_path(path, 1);
	l->trees.root = fd;
	return fd < 0 ? launch_fail(l, fd, NULL, root_setting(l), path) : 0;
}

/* Before it is attached: the kernel refuses to map a mount that somebody may use. */
static int finish_root(struct launch *l)
{
	int r = points_make_in_root(l);

	if (r == 0 && launch_has(l, PLAN_IDMAP_ROOT) && l->trees.root >= 0) {
		r = idmap_apply(l, l->trees.root);
		r = r < 0 ? launch_fail(l, r, NULL, "id-mapped mount of ", root_setting(l)) : 0;
	}
	return r;
}

static bool wants_mounts(const struct launch *l)
{
	return l->plan.mounts.n || l->plan.root_dir || l->plan.root_image || l->plan.hide_dir ||
	       (l->plan.flags & (PLAN_PRIVATE_TMP | PLAN_PRIVATE_DEVICES | PLAN_PROC_FRESH |
					PLAN_PROC_INSTANCE | PLAN_ROOT_READ_ONLY));
}

int launch_prepare_trees(struct launch *l)
{
	int r;

	if (!launch_has_ns(l, PLAN_NS_MOUNT)) {
		/* They would be made on the host. */
		return wants_mounts(l) ? launch_fail(l, -EINVAL, NULL,
						 "mounts without a mount namespace", NULL)
				       : 0;
	}
	r = prepare_root(l);
	r = r < 0 ? r : prepare_dev(l);
	r = r < 0 ? r : prepare_proc(l);
	r = r < 0 ? r : launch_prepare_api_vfs(l);
	r = r < 0 ? r : prepare_tmp(l);
	r = r < 0 ? r : prepare_rows(l);
	r = r < 0 ? r : prepare_null(l);
	r = r < 0 ? r : prepare_hide(l);
	return r < 0 ? r : finish_root(l);
}
