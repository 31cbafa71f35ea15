// SPDX-License-Identifier: MIT
/* One line of a unit file, read and applied: for tests of settings. The caller frees r->arena. */
#pragma once

#include "../test.h"

#include <stdio.h>

#include "../../../units/settings.h"

struct reading {
	struct arena arena;
	struct diagnostics d;
	struct unit unit;
	char text[256];
};

static inline void reading_of(
	struct reading *r, const char *name, const char *section, const char *line)
{
	static const struct specifier_host host = { .host_name = "h", .arch = "x86-64" };
	struct reader_file file = { "/u/x.service", name, NULL, 0 };
	struct list lines = { 0 };
	struct setting_context c = { .unit = &r->unit,
		.arena = &r->arena,
		.d = &r->d,
		.specifiers = { name, "/u/x.service", &host },
		.file = "/u/x.service" };

	arena_init(&r->arena);
	diag_init(&r->d, &r->arena);
	file.size = (size_t)snprintf(r->text, sizeof(r->text), "[%s]\n%s\n", section, line);
	file.text = r->text;
	assert_true(reader_parse(&file, &r->arena, &r->d, &lines) >= 0);
	assert_int_equal(unit_init(&r->unit, &r->arena, name), 0);
	assert_int_equal(settings_apply(&c, &lines), 0);
}
