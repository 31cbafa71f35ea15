// SPDX-License-Identifier: MIT
/*
 * Mount points in trees that nobody else can see yet. They are made by the launcher, because such
 * trees belong to the host's root, who is nobody in a unit's user namespace.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct launch;
struct plan_mount;

/* path lies below top, whatever is there; nothing lies below itself. */
bool points_is_below(const char *path, const char *top);
/* Makes rest ("/a/b", below a tree's top) with its parents, 0755: a directory, or an empty file. */
int points_make(int tree, const char *rest, bool is_dir);
/* Makes the point of row i, whose tree is trees[i], in the nearest tmpfs row above it, if any. */
int points_make_in_rows(const struct plan_mount *rows, const int *trees, uint32_t i);
/* Makes path below a root that somebody else has filled, links staying inside. -EROFS, -EACCES … */
int points_make_below(int root, const char *path, bool is_dir);
/* Makes the points of all mounts in a root of the unit's own, before its ids are mapped. */
int points_make_in_root(struct launch *l);
