// SPDX-License-Identifier: MIT
/* A whole unit file: reader, every setting's parser, specifiers. */
#include <assert.h>
#include <string.h>

#include "../../runtime/base/utf8.h"
#include "../../units/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply(
	struct arena *arena, struct diagnostics *d, const struct list *lines, const char *name)
{
	static const struct specifier_host host = { .host_name = "h", .arch = "x86-64" };
	struct unit u;
	struct setting_context c = { .unit = &u,
		.arena = arena,
		.d = d,
		.specifiers = { name, "/etc/supd/x.service", &host },
		.file = "/etc/supd/x.service" };

	if (unit_init(&u, arena, name) == 0) {
		settings_apply(&c, lines);
		assert(u.refused || d->n_errors == 0);
	}
}

/* Whatever the file is, what is said of it goes to terminals and over D-Bus. */
static void check_text(const struct diagnostics *d)
{
	const struct diagnostic *rows = d->rows.items;

	for (size_t i = 0; i < d->rows.n; i++) {
		assert(utf8_is_shown(rows[i].text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader_file file = { "/etc/supd/x.service", "x@y.service", (const char *)data,
		size };
	struct diagnostics d, again;
	struct list lines = { 0 };
	struct arena arena;

	arena_init(&arena);
	diag_init(&d, &arena);
	diag_init(&again, &arena);
	if (reader_parse(&file, &arena, &d, &lines) >= 0) {
		const struct reader_line *rows = lines.items;

		for (size_t i = 1; i < lines.n; i++) {
			assert(rows[i].line > rows[i - 1].line);
			assert(!rows[i].key || !strchr(rows[i].value, '\n'));
		}
		apply(&arena, &again, &lines, "x@y.service");
		check_text(&again);
		diag_init(&again, &arena);
		apply(&arena, &again, &lines, "x-y.slice");
		check_text(&d);
	}
	arena_fini(&arena);
	return 0;
}
