// SPDX-License-Identifier: MIT
/*
 * A file system below a root directory as it will be once a list of changes is carried out: links
 * are followed inside the root, and links that a plan has made or removed count already. Nothing
 * is ever written.
 *
 * All paths are absolute and as seen from inside the root. Memory is the arena's.
 */
#pragma once

#include <stdbool.h>

#include "list.h"
#include "namemap.h"

struct fsview {
	struct arena *arena;
	const char *root;     /* "" for the machine's own; else without a slash at its end */
	struct namemap links; /* path -> target, or fsview_gone */
	struct list made;     /* const char *: paths in links that were made */
};

enum fsview_kind {
	FSVIEW_NONE,
	FSVIEW_FILE,
	FSVIEW_EMPTY, /* an empty file, or a character device such as /dev/null: masks */
	FSVIEW_LINK,
	FSVIEW_DIR,
	FSVIEW_OTHER,
	FSVIEW_KIND_COUNT,
};

void fsview_init(struct fsview *v, struct arena *arena, const char *root);

/* "a//b/./c/" -> "a/b/c" with ".." taken away; path must be absolute. NULL: no memory. */
const char *fsview_simplify(struct arena *arena, const char *path);
/* Follows every link; what is not there stays as written. NULL with errno: ELOOP, ENOMEM. */
const char *fsview_resolve(struct fsview *v, const char *path);
/* The kind of what lies at path, its last part not followed. */
enum fsview_kind fsview_look(struct fsview *v, const char *path);
/* Target of a link as written; NULL: not a link. */
const char *fsview_readlink(struct fsview *v, const char *path);
/* Names in a directory (const char *), sorted, hidden ones left out. Absent, or a circle: none.
 * -ENOMEM. */
int fsview_list(struct fsview *v, const char *dir, struct list *ret);
/* The same without what is a file for sure: links, and directories to look into. */
int fsview_list_links(struct fsview *v, const char *dir, struct list *ret);
/* Text of a file that is not followed when it is a link. -errno; -EFBIG over LIMIT_UNIT_FILE. */
int fsview_read(struct fsview *v, const char *path, const char **ret, size_t *ret_size);

/* A change that is planned. -ENOMEM; -ELOOP: its directory is a circle. */
int fsview_make_link(struct fsview *v, const char *path, const char *target);
int fsview_remove(struct fsview *v, const char *path);
