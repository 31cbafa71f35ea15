// SPDX-License-Identifier: MIT
/*
 * Diagnostics of a load: everything that was wrong, in the order in which it was found, so that
 * one run shows all errors of a file. Bounded by LIMIT_DIAGNOSTICS; what is dropped is counted.
 * Pure: nothing is printed here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../runtime/plan/manifest.h"
#include "list.h"

struct diagnostic {
	const char *file; /* full path, or NULL */
	uint32_t line;    /* from 1; 0: the whole file */
	uint32_t column;  /* from 1; 0: the whole line */
	enum manifest_severity severity;
	const char *unit; /* name, or NULL */
	const char *text;
};

struct diagnostics {
	struct arena *arena; /* owner of all strings and rows */
	struct list rows;    /* struct diagnostic */
	size_t n_errors;     /* counted also when dropped */
	size_t n_dropped;
};

/* Where something stands. */
struct diag_place {
	const char *file;
	const char *unit;
	uint32_t line;
	uint32_t column;
};

void diag_init(struct diagnostics *d, struct arena *arena);
/* Adds one row; strings are copied, what is no printable text in them escaped. Without memory the
 * row is dropped and counted. */
void diag_add(struct diagnostics *d, const struct diag_place *place,
	enum manifest_severity severity, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The first error about a unit, or NULL. */
const struct diagnostic *diag_first_error(const struct diagnostics *d, const char *unit);
/* "web.service:14:3: error: text" in the arena; NULL without memory. */
const char *diag_format(struct arena *arena, const struct diagnostic *row);
