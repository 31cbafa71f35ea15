// SPDX-License-Identifier: MIT
/* The mounts of /proc/self/mountinfo, without those that hold no data (proc, tmpfs, …). */
#pragma once

#include <stdbool.h>

/* Before the first call: the disks of the mounts are those that are looked at (limited_disk). */
void mounts_note_disks(void);
/* Unmounts what it can, the last mounted first. True: something went. *ret_left: what did not. */
bool mounts_unmount(int *ret_left);
/* Remounts the rest read-only; returns how many stayed writable, each named. */
int mounts_read_only(void);
/* Decodes mountinfo's \ooo in place. */
void mounts_unescape(char *text);
