// SPDX-License-Identifier: MIT
/*
 * Columns of text, as wide as their widest cell; the last column is not padded. Cells are copied
 * and escaped when they are added, so anything may be given.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS 8u

struct table {
	const char *const *titles;
	size_t n_columns;
	char **cells; /* n_rows * n_columns, owned */
	size_t n_rows, n_allocated;
};

/* titles: n_columns (<= TABLE_COLUMNS) static strings. */
void table_init(struct table *t, const char *const *titles, size_t n_columns);
void table_fini(struct table *t);
/* n_columns cells; NULL counts as "". 0 or -ENOMEM. */
int table_add(struct table *t, const char *const *cells);
void table_print(const struct table *t, FILE *out, bool titles);
