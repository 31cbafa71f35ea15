// SPDX-License-Identifier: MIT
/*
 * A file with a plain file system (ext4, xfs, btrfs, squashfs, erofs; no partition table) as a
 * detached mount, by a loop device that goes with its last user; erofs without one where the
 * kernel can. Which file system it is says its own superblock, never a file beside or in it.
 */
#pragma once

#include <stdbool.h>

/*
 * options: the file system's, "a=b,c", or NULL. The descriptor of the mount, or -errno:
 * -EMEDIUMTYPE, none of these file systems; -ELOOP, a link that is not root's.
 */
int image_mount(const char *path, const char *options, bool read_only);
