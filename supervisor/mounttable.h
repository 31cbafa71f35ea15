// SPDX-License-Identifier: MIT
/*
 * What is mounted, or swapped to, by the kernel's word: the paths of /proc/self/mountinfo (fifth
 * field) or /proc/swaps (first column), unescaped and sorted. Pure; owns its copy of the text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum mounttable_kind {
	MOUNTTABLE_MOUNTS, /* proc(5), /proc/pid/mountinfo */
	MOUNTTABLE_SWAPS,  /* proc(5), /proc/swaps */
};

struct mounttable {
	char *text; /* owned; the paths point into it */
	char **paths;
	size_t n;
};

/* Takes the file's text. Lines that are none are left out. -ENOMEM; *ret is then untouched. */
int mounttable_parse(enum mounttable_kind kind, const char *text, struct mounttable *ret);
void mounttable_fini(struct mounttable *t);
bool mounttable_has(const struct mounttable *t, const char *path);
