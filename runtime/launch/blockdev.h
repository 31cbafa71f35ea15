// SPDX-License-Identifier: MIT
/* Which block device a path means to the io controller: whole disks only. */
#pragma once

/*
 * "MAJOR:MINOR" of the disk: path is the node of a disk or of a partition, or lies on a file system
 * of one. At most 24 bytes with the NUL. -ENODEV: there is no block device behind it.
 */
int blockdev_numbers(const char *path, char *ret);
