// SPDX-License-Identifier: MIT
/* One Exec line and, from the same text, one Environment line. */
#include <assert.h>
#include <string.h>

#include "../../units/envline.h"
#include "../../units/execline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct specifier_host host = { .host_name = "h", .arch = "x86-64" };
	static const struct specifier_unit unit = { "x@y.service", "/etc/supd/x@.service", &host };
	struct execline line = { NULL, PHASE_START, "x.service:1", &unit };
	struct envline env = { NULL, ENVLINE_EITHER, "x.service:1", &unit };
	struct execline_error error = { 0 };
	struct list commands = { 0 }, items = { 0 };
	struct arena arena;
	char *text;
	int r;

	arena_init(&arena);
	text = arena_strndup(&arena, (const char *)data, size);
	line.value = env.value = text;
	r = execline_parse(&line, &arena, &commands, &error);
	assert(r != 0 || commands.n > 0);
	assert(r == 0 || commands.n == 0);
	assert(error.column <= strlen(text));
	for (size_t i = 0; i < commands.n; i++) {
		const struct unit_command *c = (const struct unit_command *)commands.items + i;

		assert(c->path && *c->path && c->n_argv > 0 && !c->argv[c->n_argv]);
		assert(*c->path == '/' || !strchr(c->path, '/'));
	}
	envline_parse(&env, &arena, &items, &error);
	arena_fini(&arena);
	return 0;
}
