// SPDX-License-Identifier: MIT
#include "table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

void table_init(struct table *t, const char *const *titles, size_t n_columns)
{
	assert(n_columns > 0 && n_columns <= TABLE_COLUMNS);
	*t = (struct table) { .titles = titles, .n_columns = n_columns };
}

void table_fini(struct table *t)
{
	for (size_t i = 0; i < t->n_rows * t->n_columns; i++) {
		free(t->cells[i]);
	}
	free(t->cells);
	*t = (struct table) { 0 };
}

static int grow(struct table *t)
{
	size_t n = t->n_allocated ? t->n_allocated * 2 : 32;
	char **cells;

	if (t->n_rows < t->n_allocated) {
		return 0;
	}
	cells = reallocarray(t->cells, n * t->n_columns, sizeof(*cells));
	if (!cells) {
		return -ENOMEM;
	}
	t->cells = cells;
	t->n_allocated = n;
	return 0;
}

int table_add(struct table *t, const char *const *cells)
{
	char **row;

	if (grow(t) < 0) {
		return -ENOMEM;
	}
	row = t->cells + t->n_rows * t->n_columns;
	for (size_t c = 0; c < t->n_columns; c++) {
		const char *cell = cells[c] ? cells[c] : "";

		row[c] = text_escape(cell, strlen(cell), TEXT_MAX, 0);
		if (!row[c]) {
			while (c--) {
				free(row[c]);
			}
			return -ENOMEM;
		}
	}
	t->n_rows++;
	return 0;
}

static void print_row(const struct table *t, FILE *out, const char *const *row, const size_t *width)
{
	for (size_t c = 0; c < t->n_columns; c++) {
		bool last = c + 1 == t->n_columns;
		size_t pad = last ? 0 : width[c] - text_columns(row[c]) + 1;

		fputs(row[c], out);
		for (; pad; pad--) {
			putc(' ', out);
		}
	}
	putc('\n', out);
}

void table_print(const struct table *t, FILE *out, bool titles)
{
	size_t width[TABLE_COLUMNS] = { 0 };

	for (size_t c = 0; c < t->n_columns; c++) {
		width[c] = titles ? text_columns(t->titles[c]) : 0;
		for (size_t r = 0; r < t->n_rows; r++) {
			size_t columns = text_columns(t->cells[r * t->n_columns + c]);

			width[c] = columns > width[c] ? columns : width[c];
		}
	}
	if (titles) {
		print_row(t, out, t->titles, width);
	}
	for (size_t r = 0; r < t->n_rows; r++) {
		print_row(t, out, (const char *const *)t->cells + r * t->n_columns, width);
	}
}
