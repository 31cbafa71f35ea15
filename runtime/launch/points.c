// SPDX-License-Identifier: MIT
#include "points.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/limits.h"
#include "../plan/plan.h"
#include "launch.h"
#include "mountapi.h"

static int make(int tree, const char *path, bool is_dir)
{
	int r = is_dir ? mkdirat(tree, path, 0755) : mknodat(tree, path, S_IFREG | 0444, 0);

	return r < 0 && errno != EEXIST ? -errno : 0;
}

int points_make(int tree, const char *rest, bool is_dir)
{
	char path[LIMIT_PATH];
	size_t n;
	int r = 0;

	rest += strspn(rest, "/");
	n = strlen(rest);
	if (n >= sizeof(path)) {
		return -ENAMETOOLONG;
	}
	memcpy(path, rest, n + 1);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (path[i] == '/') {
			path[i] = '\0';
			r = make(tree, path, true);
			path[i] = '/';
		}
	}
	return r < 0 || n == 0 ? r : make(tree, path, is_dir);
}

/* The directory path[0..n), opened; made where it is missing, which dir holds. */
static int enter(int root, int dir, char *path, size_t n)
{
	char end = path[n];
	int fd, r;

	path[n] = '\0';
	fd = mount_open_target(root, path);
	if (fd == -ENOENT) {
		r = make(dir, strrchr(path, '/') + 1, true);
		fd = r < 0 ? r : mount_open_target(root, path);
	}
	path[n] = end;
	return fd;
}

/* The directory of a path of which a part is missing; from the top on, not by recursion: a path can
 * have more parts than a stack has room for. */
static int make_parents(int root, char *path)
{
	int dir = mount_open_target(root, "/");

	for (size_t n = 1; dir >= 0 && path[n]; n++) {
		AUTO_CLOSE int above = -1;

		if (path[n + 1] == '/' || path[n + 1] == '\0') {
			above = dir;
			dir = path[n] == '/' ? TAKE_FD(above) : enter(root, above, path, n + 1);
		}
	}
	return dir;
}

int points_make_below(int root, const char *path, bool is_dir)
{
	AUTO_CLOSE int dir = -1;
	char parent[LIMIT_PATH];
	char *slash;

	if (strlen(path) >= sizeof(parent)) {
		return -ENAMETOOLONG;
	}
	strcpy(parent, path);
	slash = strrchr(parent, '/');
	if (parent[0] != '/' || !slash[1]) {
		return -ENOENT;
	}
	*slash = '\0';
	dir = mount_open_target(root, *parent ? parent : "/");
	if (dir == -ENOENT) {
		dir = make_parents(root, parent);
	}
	return dir < 0 ? dir : make(dir, slash + 1, is_dir);
}

bool points_is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strncmp(path, top, n) == 0 && (n == 1 ? path[1] != '\0' : path[n] == '/');
}

/* Rows are sorted by target: the last one that fits is the nearest. */
int points_make_in_rows(const struct plan_mount *rows, const int *trees, uint32_t i)
{
	struct stat st;

	if (trees[i] < 0) {
		return 0;
	}
	for (uint32_t k = i; k-- > 0;) {
		if (trees[k] < 0 || !points_is_below(rows[i].target, rows[k].target)) {
			continue;
		}
		if (rows[k].kind != PLAN_MOUNT_TMPFS) {
			return 0;
		}
		if (fstat(trees[i], &st) < 0) {
			return -errno;
		}
		return points_make(
			trees[k], rows[i].target + strlen(rows[k].target), S_ISDIR(st.st_mode));
	}
	return 0;
}

/* What stands on a mount that comes later is not looked for in the root. */
static bool is_covered(const struct launch *l, const char *path)
{
	static const char *const api[] = { "/proc", "/sys", "/dev", "/run" };

	for (size_t i = 0; launch_has(l, PLAN_API_VFS) && i < sizeof(api) / sizeof(api[0]); i++) {
		if (points_is_below(path, api[i])) {
			return true;
		}
	}
	return false;
}

static int ensure(const struct launch *l, const char *path, bool is_dir)
{
	int fd, r;

	if (is_covered(l, path)) {
		return 0;
	}
	fd = mount_open_target(l->trees.root, path);
	if (fd >= 0) {
		close(fd);
	}
	r = fd == -ENOENT ? points_make_below(l->trees.root, path, is_dir) : 0;
	/* The second stage tells what it cannot mount. */
	return r == -EROFS || r == -EEXIST ? 0 : r;
}

int points_make_in_root(struct launch *l)
{
	const struct {
		bool on;
		const char *path;
	} fixed[] = {
		{ l->trees.proc >= 0 || launch_has(l, PLAN_PROC_FRESH), "/proc" },
		{ l->trees.sys >= 0, "/sys" },
		{ l->trees.dev >= 0 || l->trees.host_dev >= 0, "/dev" },
		{ l->trees.run >= 0, "/run" },
		{ l->trees.tmp >= 0, "/tmp" },
		{ l->trees.var_tmp >= 0, "/var/tmp" },
	};
	const struct plan_mount *rows = l->plan.mounts.items;
	struct stat st;
	int r = 0;

	if (l->trees.root < 0) {
		return 0;
	}
	for (size_t i = 0; r == 0 && i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		r = fixed[i].on ? ensure(l, fixed[i].path, true) : 0;
		r = r < 0 ? launch_fail(l, r, NULL, "mount point ", fixed[i].path) : 0;
	}
	for (uint32_t i = 0; r == 0 && i < l->plan.mounts.n; i++) {
		if (l->trees.row[i] >= 0 && fstat(l->trees.row[i], &st) == 0) {
			r = ensure(l, rows[i].target, S_ISDIR(st.st_mode));
		}
		r = r < 0 ? launch_fail(l, r, rows[i].origin, "mount point ", rows[i].target) : 0;
	}
	return r;
}
