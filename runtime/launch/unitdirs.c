// SPDX-License-Identifier: MIT
#include "unitdirs.h"

#include <unistd.h>

#include "../base/cleanup.h"
#include "dirmove.h"
#include "dirs.h"
#include "idmap.h"
#include "launch.h"

/*
 * A dynamic user's number is the unit's on this machine only. What is below TOP/private belongs to
 * nobody on the disk and is mapped when it is mounted: another number, another machine, another
 * unit of the same directory need no chown of what is in it. A file system that cannot be mapped
 * has the number itself.
 */
static int make_private(struct launch *l, const struct plan_dir *dir, struct dir_owner owner)
{
	AUTO_CLOSE int fd = -1;
	int r = dir_ensure(dir->real);

	fd = r < 0 ? r : dir_open(dir->real);
	if (fd < 0) {
		return fd;
	}
	if (idmap_can_give(l, fd)) {
		owner.uid = owner.gid = PLAN_UID_NOBODY;
	}
	r = dir_make(dir->real, &owner);
	return r < 0 ? r : dirmove_link(dir);
}

static int make_one(struct launch *l, const struct plan_dir *dir)
{
	struct dir_owner owner = { l->plan.dirs_uid, l->plan.dirs_gid, dir->mode };
	int r = dirmove_settle(dir);

	/* Configuration belongs to the administrator, whoever the service runs as. */
	if (dir->kind == PLAN_DIR_CONFIGURATION) {
		owner.uid = owner.gid = 0;
	}
	if (r == 0) {
		r = dir->real ? make_private(l, dir, owner) : dir_make(dir->path, &owner);
	}
	for (uint32_t i = 0; r == 0 && i < dir->links.n; i++) {
		r = dirmove_alias(dir->links.items[i], dir->path);
	}
	return r;
}

int launch_make_directories(struct launch *l)
{
	const struct plan_dir *dirs = l->plan.dirs.items;

	for (uint32_t i = 0; i < l->plan.dirs.n; i++) {
		int r = make_one(l, &dirs[i]);

		if (r < 0) {
			return launch_fail(l, r, dirs[i].origin, "make ", dirs[i].path);
		}
	}
	return 0;
}
