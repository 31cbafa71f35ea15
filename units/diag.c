// SPDX-License-Identifier: MIT
#include "diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/utf8.h"

/* Bounds the text of one diagnostic: values of a megabyte are quoted in part. */
#define DIAG_TEXT 512

void diag_init(struct diagnostics *d, struct arena *arena)
{
	*d = (struct diagnostics) { .arena = arena };
}

/* A file of a stranger's must not speak to root's terminal, nor begin a line of its own. */
static const char *shown_copy(struct arena *arena, const char *text)
{
	char buf[LIMIT_PATH];

	if (!text || utf8_is_shown(text)) {
		return text ? arena_strdup(arena, text) : NULL;
	}
	utf8_escape(text, buf, sizeof(buf));
	return arena_strdup(arena, buf);
}

void diag_add(struct diagnostics *d, const struct diag_place *place,
	enum manifest_severity severity, const char *format, ...)
{
	char text[DIAG_TEXT];
	struct diagnostic *row;
	va_list args;

	d->n_errors += severity == SEVERITY_ERROR;
	if (d->rows.n >= LIMIT_DIAGNOSTICS) {
		d->n_dropped++;
		return;
	}
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	row = list_push(d->arena, &d->rows, sizeof(*row));
	if (!row) {
		d->n_dropped++;
		return;
	}
	row->file = shown_copy(d->arena, place->file);
	row->unit = place->unit ? arena_strdup(d->arena, place->unit) : NULL;
	row->line = place->line;
	row->column = place->column;
	row->severity = severity;
	row->text = shown_copy(d->arena, text);
	if (!row->text) {
		d->rows.n--;
		d->n_dropped++;
	}
}

const struct diagnostic *diag_first_error(const struct diagnostics *d, const char *unit)
{
	const struct diagnostic *rows = d->rows.items;

	for (size_t i = 0; i < d->rows.n; i++) {
		if (rows[i].severity == SEVERITY_ERROR && rows[i].unit &&
			strcmp(rows[i].unit, unit) == 0) {
			return &rows[i];
		}
	}
	return NULL;
}

const char *diag_format(struct arena *arena, const struct diagnostic *row)
{
	static const char *const words[] = {
		[SEVERITY_ERROR] = "error",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_NOTE] = "note",
	};
	const char *where = row->file ? row->file : row->unit ? row->unit : "load";

	_Static_assert(sizeof(words) / sizeof(words[0]) == SEVERITY_COUNT, "severities drifted");
	if (row->line && row->column) {
		return arena_printf(arena, "%s:%u:%u: %s: %s", where, row->line, row->column,
			words[row->severity], row->text);
	}
	if (row->line) {
		return arena_printf(
			arena, "%s:%u: %s: %s", where, row->line, words[row->severity], row->text);
	}
	return arena_printf(arena, "%s: %s: %s", where, words[row->severity], row->text);
}
