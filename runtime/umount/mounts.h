// SPDX-License-Identifier: MIT
/*
 * The mounts of /proc/self/mountinfo, without those of the kernel's own making. A tmpfs holds
 * nothing that could be lost, but may lie on top of what does: it is unmounted, unless the last
 * steps need it (/run, /dev).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct mounts_row {
	char *where;
	bool read_only;
	bool memory; /* left mounted it costs nobody anything */
};

/* The rows of such a text, which is written over; no more than max of them. Returns their count. */
size_t mounts_parse(char *text, struct mounts_row *rows, size_t max);

/* Before the first call: the disks of the mounts are those that are looked at (limited_disk). */
void mounts_note_disks(void);
/* Unmounts what it can, the last mounted first. True: something went. *ret_left: what did not. */
bool mounts_unmount(int *ret_left);
/* Remounts the rest read-only; returns how many stayed writable, each named. */
int mounts_read_only(void);
/* Decodes mountinfo's \ooo in place. */
void mounts_unescape(char *text);
