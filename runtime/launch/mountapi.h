// SPDX-License-Identifier: MIT
/*
 * The mount API of Linux 5.2 and 5.12 as libc-independent calls, plus the few compositions that
 * both halves of a launch use. All return a descriptor or 0, or -errno. Nothing here uses
 * MS_REMOUNT: without MS_BIND it would change the superblock for the whole host.
 */
#pragma once

#include <stdint.h>

#include <linux/mount.h>

/* openat2 below root: absolute paths and links stay inside, magic links are refused. O_PATH. */
int mount_open_target(int root, const char *path);
/* The same of a path without any link: -ELOOP where there is one. */
int mount_open_plain(int root, const char *path);
/* A copy of the mount at (dir, path), detached; whole subtree if recursive. path "" = dir. */
int mount_clone(int dir, const char *path, int recursive);
/* Attaches a detached mount on an O_PATH target. The descriptor goes on naming the mount. */
int mount_attach(int tree, int target);
/* mount_setattr on (fd, ""), subtree if recursive. */
int mount_change(int fd, uint64_t set, uint64_t clear, int recursive);
/* A new file system of type with options "a=b,c", MOUNT_ATTR_* attrs; options may be NULL. */
int mount_new(const char *type, const char *options, uint64_t attrs);
