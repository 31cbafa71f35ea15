// SPDX-License-Identifier: MIT
/* The first line is a unit's name, the rest a value with specifiers. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "../../runtime/base/limits.h"
#include "../../runtime/base/unitname.h"
#include "../../runtime/base/utf8.h"
#include "../../units/specifier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Names are escaped and back what they were. */
static void check_name(const char *name)
{
	char escaped[4 * LIMIT_UNIT_NAME + 1], back[LIMIT_UNIT_NAME + 1];

	if (strlen(name) < LIMIT_UNIT_NAME && *name &&
		unit_name_escape(name, escaped, sizeof(escaped)) == 0) {
		assert(unit_name_unescape(escaped, back, sizeof(back)) == 0);
		assert(strcmp(back, name) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct specifier_host host = { .host_name = "box.example.org",
		.boot_id = "00112233445566778899aabbccddeeff",
		.kernel = "6.1",
		.arch = "x86-64" };
	struct specifier_unit unit = { "a-web@x-y.service", "/etc/u/a-web@.service", &host };
	struct arena arena;
	const char *out = NULL;
	char *text, *line, bad = 0;
	int r;

	arena_init(&arena);
	text = arena_strndup(&arena, (const char *)data, size);
	line = strchr(text, '\n');
	if (line) {
		*line++ = '\0';
		check_name(text);
		unit.name = unit_name_is_valid(text) ? text : unit.name;
		text = line;
	}
	r = specifier_expand(&unit, text, &arena, &out, &bad);
	assert(r != 0 || out);
	assert(r != 0 || !utf8_is_valid(text) || utf8_is_valid(out));
	assert(r != 0 || strchr(text, '%') || strcmp(out, text) == 0);
	arena_fini(&arena);
	return 0;
}
