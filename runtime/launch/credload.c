// SPDX-License-Identifier: MIT
#include "credload.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "credsource.h"
#include "credstores.h"
#include "dirs.h"
#include "launch.h"
#include "mountapi.h"
#include "pathwalk.h"
#include "walls.h"

#define TREE_ATTRS                                                                                 \
	(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW)
/* Inodes: one each, and the directory. Blocks: each may waste a page. */
#define TREE_OPTIONS "mode=0700,size=3m,nr_inodes=512"

/* ---- one row ---- */

struct import {
	struct credsink *sink;
	const struct plan_credential *row;
};

/* "a.b*" with the new name "x." makes "x.c" of "a.bc". */
static int import_name(const struct plan_credential *row, const char *name, char *ret)
{
	size_t fixed = strcspn(row->name, "*?[\\");
	size_t n;

	if (!row->source) {
		fixed = 0;
	}
	n = row->source ? strlen(row->source) : 0;
	if (n + strlen(name + fixed) >= LIMIT_CREDENTIAL_NAME) {
		return -ENAMETOOLONG;
	}
	memcpy(ret, row->source ? row->source : "", n);
	strcpy(ret + n, name + fixed);
	return 0;
}

static int import_entry(void *ctx, int dir, const char *name)
{
	const struct import *import = ctx;
	char as[LIMIT_CREDENTIAL_NAME];
	int r;

	if (!plan_credential_name_is_valid(name) || fnmatch(import->row->name, name, 0) != 0) {
		return 0;
	}
	r = import_name(import->row, name, as);
	r = r < 0 ? r : credsource_load_at(import->sink, dir, name, as);
	return r == -EEXIST || r == -ENOENT ? 0 : r;
}

static int import_all(struct credsink *sink, const struct plan_credential *row)
{
	struct import import = { sink, row };

	for (size_t i = 0; i < CREDSTORES; i++) {
		AUTO_CLOSE int dir = credstore_open(i);
		int r = dir < 0 ? dir : dir_each(dir, import_entry, &import);

		if (r < 0 && r != -ENOENT) {
			return r;
		}
	}
	return 0;
}

static int load_from_stores(struct credsink *sink, const struct plan_credential *row)
{
	for (size_t i = 0; i < CREDSTORES; i++) {
		AUTO_CLOSE int dir = credstore_open(i);
		int r = dir < 0 ? dir : credsource_load_at(sink, dir, row->source, row->name);

		if (r != -ENOENT) {
			return r;
		}
	}
	return 0; /* systemd.exec(5): a name that no store has is no error */
}

static bool has_fallback(const struct launch *l, const char *name)
{
	const struct plan_credential *rows = l->plan.credentials.items;

	for (uint32_t i = 0; i < l->plan.credentials.n; i++) {
		if (rows[i].kind == PLAN_CREDENTIAL_SET && strcmp(rows[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

static int load(struct launch *l, struct credsink *sink, const struct plan_credential *row)
{
	int r;

	if (row->source[0] != '/') {
		return load_from_stores(sink, row);
	}
	r = credsource_load(sink, row->source, row->name);
	return r == -ENOENT && has_fallback(l, row->name) ? 0 : r;
}

static int gather(struct launch *l, struct credsink *sink, const struct plan_credential *row)
{
	int r = -EINVAL;

	switch ((enum plan_credential_kind)row->kind) {
	case PLAN_CREDENTIAL_LOAD:
		r = load(l, sink, row);
		break;
	case PLAN_CREDENTIAL_IMPORT:
		r = import_all(sink, row);
		break;
	case PLAN_CREDENTIAL_SET:
		r = credsink_add(sink, row->name, row->data.data, row->data.n);
		break;
	case PLAN_CREDENTIAL_KIND_COUNT:
		break;
	}
	return r == -EEXIST ? 0 : r;
}

/* ---- the tree ---- */

/* Swap would keep secrets beyond the machine's life; ramfs has none, but also no bound of its own.
 */
static int new_tree(void)
{
	int fd = mount_new("tmpfs", TREE_OPTIONS ",noswap", TREE_ATTRS);

	return fd == -EINVAL ? mount_new("ramfs", "mode=0700", TREE_ATTRS) : fd;
}

static int give(int tree, uint32_t uid, uint32_t gid)
{
	AUTO_CLOSE int dir = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || fchown(dir, uid, gid) < 0 || fchmod(dir, 0500) < 0) {
		return -errno;
	}
	return mount_change(tree, MOUNT_ATTR_RDONLY, 0, 0);
}

static int fill(struct launch *l, int tree)
{
	const struct plan_credential *rows = l->plan.credentials.items;
	struct credsink sink = {
		.dir = tree,
		.uid = l->plan.uid,
		.gid = l->plan.gid,
		.left = LIMIT_CREDENTIAL,
		.unit = l->plan.unit,
	};

	for (uint32_t i = 0; i < l->plan.credentials.n; i++) {
		int r = gather(l, &sink, &rows[i]);

		if (r < 0) {
			return launch_fail(l, r, rows[i].origin, "credential ", rows[i].name);
		}
	}
	return 0;
}

static int read_anew(struct launch *l)
{
	AUTO_CLOSE int tree = new_tree();
	int r = tree;
	bool hold = l->unit->flags & CATALOGUE_UNIT_HOLD;

	if (tree >= 0) {
		r = fill(l, tree);
		if (r < 0) {
			return r;
		}
		r = give(tree, l->plan.uid, l->plan.gid);
	}
	if (r < 0) {
		return launch_fail(l, r, NULL, "credentials", NULL);
	}
	/* Kernels before 6.15 cannot copy a detached mount: there each command reads. */
	l->trees.credentials = hold ? mount_clone(tree, "", 0) : -1;
	if (l->trees.credentials < 0) {
		l->trees.credentials = TAKE_FD(tree);
		return 0;
	}
	l->fds[LAUNCH_TAG_CREDENTIALS] = TAKE_FD(tree);
	l->credentials_are_new = true;
	return 0;
}

/* An empty directory with nothing but the unit's: others' credentials are not even names. */
static int prepare_place(struct launch *l)
{
	int fd = mount_new("tmpfs", "mode=0755,size=4k,nr_inodes=4", TREE_ATTRS);
	int r = fd < 0 ? fd : mkdirat(fd, l->plan.unit, 0700) < 0 ? -errno : 0;

	l->trees.stores = fd;
	if (r == 0 && !l->plan.root_dir && !l->plan.root_image) {
		r = dir_ensure(PLAN_CREDENTIALS_DIR);
	}
	return r < 0 ? launch_fail(l, r, NULL, "make ", PLAN_CREDENTIALS_DIR) : 0;
}

/*
 * Where the unit sees the host's mounts: in the directory that systemd has, until CLEAN. A mount of
 * a former start gives way.
 */
static int attach_on_host(struct launch *l)
{
	AUTO_CLOSE int stores = -1;
	AUTO_CLOSE int place = -1;
	int r = credload_remove(l->plan.unit);

	r = r < 0 ? r : dir_ensure(PLAN_CREDENTIALS_DIR);
	stores = r < 0 ? r : dir_open(PLAN_CREDENTIALS_DIR);
	r = r < 0 ? r : stores < 0 ? stores : mkdirat(stores, l->plan.unit, 0700) < 0 ? -errno : 0;
	place = r < 0 ? r : pathwalk_open_at(stores, l->plan.unit);
	r = r < 0 ? r : place < 0 ? place : 0;
	r = r < 0 ? r : mount_attach(l->trees.credentials, place);
	return r < 0 ? launch_fail(l, r, NULL, "mount credentials in ", PLAN_CREDENTIALS_DIR) : 0;
}

int credload_remove(const char *unit)
{
	AUTO_CLOSE int stores = dir_open(PLAN_CREDENTIALS_DIR);
	char path[sizeof(PLAN_CREDENTIALS_DIR) + 1 + LIMIT_UNIT_NAME] = PLAN_CREDENTIALS_DIR "/";

	if (stores < 0 || strlen(unit) >= LIMIT_UNIT_NAME) {
		return stores == -ENOENT ? 0 : stores < 0 ? stores : -EINVAL;
	}
	strcat(path, unit);
	/* EINVAL: no mount point. Who still has it open keeps it so long. */
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT) {
		return -errno;
	}
	return unlinkat(stores, unit, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

int launch_load_credentials(struct launch *l)
{
	int held = l->fds[LAUNCH_TAG_CREDENTIALS];
	int r;

	if (!l->plan.credentials.n) {
		return 0;
	}
	if (held >= 0 && launch_has(l, PLAN_CREDENTIALS_KEPT)) {
		l->trees.credentials = mount_clone(held, "", 0);
	}
	r = l->trees.credentials < 0 ? read_anew(l) : 0;
	if (r < 0 || launch_has_ns(l, PLAN_NS_MOUNT)) {
		return r < 0 ? r : prepare_place(l);
	}
	return attach_on_host(l);
}

int launch_attach_credentials(struct launch *l)
{
	AUTO_CLOSE int place = -1;
	int r;

	if (l->trees.stores < 0) {
		return 0;
	}
	r = walls_attach(l, l->trees.stores, PLAN_CREDENTIALS_DIR);
	place = openat(l->trees.stores, l->plan.unit, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r == 0) {
		r = place < 0 ? -errno : mount_attach(l->trees.credentials, place);
	}
	r = r < 0 ? r : mount_change(l->trees.stores, MOUNT_ATTR_RDONLY, 0, 0);
	return r < 0 ? launch_fail(l, r, NULL, "mount ", PLAN_CREDENTIALS_DIR) : 0;
}
