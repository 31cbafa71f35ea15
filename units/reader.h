// SPDX-License-Identifier: MIT
/*
 * A unit file's bytes as logical lines. The text is ours: comments, continuation, limits, UTF-8
 * and line numbers. Structure (what is a section, what an assignment, what is broken) is judged by
 * inih, which gets each line in a form without the text ("Key=@INDEX"), so that none of its
 * shortcomings can touch a value.
 *
 * Pure: reads memory, collects diagnostics, never stops at a broken line.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "diag.h"

struct reader_line {
	const char *section; /* without brackets; "" before the first */
	const char *key;     /* NULL: the line opens the section */
	const char *value;   /* without surrounding white space, continuations joined by a space */
	const char *origin;  /* "web.service:14" */
	uint32_t line;       /* where the logical line begins, from 1 */
	uint32_t column;     /* of the value's first byte in that line */
};

struct reader_file {
	const char *path; /* for diagnostics */
	const char *unit;
	const char *text; /* size bytes, not necessarily NUL-terminated */
	size_t size;
};

/*
 * Appends struct reader_line to *ret; strings are in the arena. Problems become errors in d, and
 * the number of them is returned; -ENOMEM when memory runs out.
 */
int reader_parse(const struct reader_file *file, struct arena *arena, struct diagnostics *d,
	struct list *ret);
