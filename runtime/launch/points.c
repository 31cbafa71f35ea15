// SPDX-License-Identifier: MIT
#include "points.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/limits.h"
#include "../plan/plan.h"

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

static bool is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strncmp(path, top, n) == 0 && path[n] == '/';
}

/* Rows are sorted by target: the last one that fits is the nearest. */
int points_make_in_rows(const struct plan_mount *rows, const int *trees, uint32_t i)
{
	struct stat st;

	if (trees[i] < 0) {
		return 0;
	}
	for (uint32_t k = i; k-- > 0;) {
		if (trees[k] < 0 || !is_below(rows[i].target, rows[k].target)) {
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
