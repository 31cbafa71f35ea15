// SPDX-License-Identifier: MIT
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "launch.h"
#include "mountapi.h"
#include "pathwalk.h"
#include "points.h"

static const char *path_of(const struct launch *l, uint32_t i)
{
	const struct plan_mount *rows = l->plan.mounts.items;
	const char *plain = l->trees.target ? l->trees.target[i] : NULL;

	return plain ? plain : rows[i].target;
}

/* Links there are the kernel's own. */
static bool is_in_proc(const char *path)
{
	return strncmp(path, "/proc/", 6) == 0;
}

/* What stands on another row's tree is not what the host has there. */
static bool is_covered(const struct launch *l, uint32_t i)
{
	const struct plan_mount *rows = l->plan.mounts.items;

	for (uint32_t k = 0; k < i; k++) {
		if (l->trees.row[k] >= 0 && points_is_below(rows[i].target, rows[k].target)) {
			return true;
		}
	}
	return false;
}

/* Nearly all have no link in them, which one call tells. */
int target_prepare(struct launch *l, uint32_t i)
{
	const struct plan_mount *rows = l->plan.mounts.items;
	const char *path = rows[i].target;
	char plain[LIMIT_PATH];
	int fd, r;

	if (l->trees.root >= 0 || is_in_proc(path) || is_covered(l, i)) {
		return 0;
	}
	fd = mount_open_plain(AT_FDCWD, path);
	if (fd >= 0) {
		close(fd);
	}
	if (fd != -ELOOP) {
		return 0;
	}
	r = pathwalk_plain(path, plain, sizeof(plain));
	if (r < 0) {
		return r;
	}
	if (!l->trees.target) {
		l->trees.target = arena_alloc_array(&l->arena, l->plan.mounts.n, sizeof(char *));
	}
	if (!l->trees.target) {
		return -ENOMEM;
	}
	l->trees.target[i] = arena_strdup(&l->arena, plain);
	return l->trees.target[i] ? 0 : -ENOMEM;
}

int target_open(struct launch *l, uint32_t i)
{
	const char *path = path_of(l, i);

	return l->trees.root >= 0 || is_in_proc(path) ? mount_open_target(l->root_fd, path)
						      : mount_open_plain(l->root_fd, path);
}

static int make_on_host(struct launch *l, const char *path, bool is_dir)
{
	AUTO(pathwalk_fini) struct pathwalk w;
	int r = pathwalk_begin_at(&w, l->root_fd, path);

	w.links = PATHWALK_LINKS;
	w.make = true;
	r = r < 0 ? r : pathwalk_parent(&w);
	return r < 0 ? r : points_make(w.dir, w.name, is_dir);
}

int target_make(struct launch *l, uint32_t i, bool is_dir)
{
	const char *path = path_of(l, i);

	return l->trees.root >= 0 ? points_make_below(l->root_fd, path, is_dir)
				  : make_on_host(l, path, is_dir);
}
