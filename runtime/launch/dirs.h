// SPDX-License-Identifier: MIT
/*
 * Directories by descriptor: nothing here follows a symbolic link that a service could have
 * planted. A link is followed only where root alone can write (usr-merge, /var on another disk).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct dir_owner {
	uint32_t uid, gid;
	mode_t mode;
};

/* Opens the directory path O_PATH; -ENOENT, -ELOOP for an untrusted link. */
int dir_open(const char *path);
/* Opens the directory that holds path, and points *ret_name at the last component. */
int dir_open_parent(const char *path, const char **ret_name);
/* Whether root alone decides which directory holds path: the path may then be used as it is. */
bool dir_parent_is_fixed(const char *path);
/* Makes path and its parents where they are missing, 0755, root's. */
int dir_ensure(const char *path);
/*
 * Makes path and its parents (0755, root's). The last one gets owner and mode; if it belonged to
 * somebody else, so does what is in it, but for files with several links and other file systems.
 */
int dir_make(const char *path, const struct dir_owner *owner);
/* Removes name below dir, with all in it; one file system, bounded by limits.h. -ENOENT is 0. */
int dir_remove(int dir, const char *name);

/* The same of as much as there is, until that time (CLOCK_MONOTONIC): -ETIMEDOUT. */
int dir_remove_until(int dir, const char *name, uint64_t until_us);

/* Calls visit for each entry of dir but "." and ".."; a result below 0 ends the walk. */
int dir_each(int dir, int (*visit)(void *ctx, int dir, const char *name), void *ctx);
