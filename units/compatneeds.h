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

/* Appends to *ret the lines of needs (struct reader_line) that are for the unit. -ENOMEM. */
int needs_select(struct arena *arena, const struct list *needs, const struct needs_unit *unit,
	struct list *ret);
