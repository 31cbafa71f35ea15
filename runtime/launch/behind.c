// SPDX-License-Identifier: MIT
#include "behind.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define KIND(name) (1u << PLAN_MOUNT_##name)

static const uint32_t content = KIND(BIND) | KIND(TMPFS) | KIND(IMAGE) | KIND(INACCESSIBLE);
static const uint32_t execution = KIND(EXEC) | KIND(NOEXEC);

static bool is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	n -= n && top[n - 1] == '/';
	return strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* Of the rows of these kinds the one that decides about the path: the deepest. */
static const struct plan_mount *deepest(const struct plan *p, const char *path, uint32_t kinds)
{
	const struct plan_mount *rows = p->mounts.items, *found = NULL;

	for (uint32_t i = 0; i < p->mounts.n; i++) {
		if (kinds & (1u << rows[i].kind) && rows[i].target &&
			is_below(path, rows[i].target) &&
			(!found || strlen(rows[i].target) >= strlen(found->target))) {
			found = &rows[i];
		}
	}
	return found;
}

const struct plan_mount *behind_wall(const struct plan *p, const char *path, int error)
{
	const struct plan_mount *m = deepest(p, path, content);
	bool hidden = m && m->kind == PLAN_MOUNT_INACCESSIBLE;

	if (error == -ENOENT) {
		return hidden || (m && m->kind == PLAN_MOUNT_TMPFS) ? m : NULL;
	}
	if (error != -EACCES || hidden) {
		return hidden && error == -EACCES ? m : NULL;
	}
	m = deepest(p, path, execution);
	return m && m->kind == PLAN_MOUNT_NOEXEC ? m : NULL;
}
