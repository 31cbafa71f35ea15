// SPDX-License-Identifier: MIT
/*
 * Changes to files below a root directory, made so that a power cut at any moment leaves the old
 * or the new, and so that no link of an image leads out of it: everything is opened with
 * RESOLVE_IN_ROOT. Paths are absolute and as seen from inside the root.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Opens the root; "" or NULL: the machine's. Descriptor or -errno. */
int rootdir_open(const char *root);

/* A symlink, made or replaced as one step; directories above it are made (0755). -errno. */
int rootdir_symlink(int root, const char *path, const char *target);
/* A file with this text (0644), written beside its place and renamed into it. -errno. */
int rootdir_write(int root, const char *path, const char *text, size_t size);
/* Removes a file or link, then its directory if that is empty and its name ends in one of the
 * suffixes of unit directories (.wants, .requires, .upholds, .d). -errno. */
int rootdir_unlink(int root, const char *path);
/* Removes a file, or a directory with the files in it (not deeper). -errno. */
int rootdir_remove(int root, const char *path);
