// SPDX-License-Identifier: MIT
/*
 * Which blocks of profiles/compat-needs.conf a unit gets. What a block is for stands in the line
 * that opens it (X-For=, X-Otherwise=); the file itself says what its words mean. Patterns are
 * those of fnmatch(3).
 *
 * Pure: looks at lines, changes no unit.
 */
#pragma once

#include "../runtime/base/arena.h"
#include "list.h"

struct needs_unit {
	const char *name;
	const struct list *const *files; /* lists of struct reader_line: the unit's own lines */
	size_t n_files;
};

/* The lines of the file with the words of those that open a block. */
struct needs {
	const struct list *lines; /* struct reader_line */
	struct list openers;      /* struct needs_opener, in the order of the lines */
};

/* Takes the lines apart, once for all units; they are kept. -ENOMEM. */
int needs_prepare(struct arena *arena, const struct list *lines, struct needs *ret);
/* Appends to *ret the lines (struct reader_line) that are for the unit. -ENOMEM. */
int needs_select(struct arena *arena, const struct needs *needs, const struct needs_unit *unit,
	struct list *ret);
