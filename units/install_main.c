// SPDX-License-Identifier: MIT
#include "install_main.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/enumtable.h"
#include "../runtime/base/unitname.h"
#include "install.h"
#include "loader.h"

enum exit_status {
	EXIT_DONE = 0,
	EXIT_USAGE = 2,
	EXIT_BROKEN = 3,
};

static const char *const change_names[] = {
	[CHANGE_LINK] = "link",
	[CHANGE_UNLINK] = "unlink",
	[CHANGE_REMOVE_TREE] = "remove",
	[CHANGE_MASKED] = "masked",
	[CHANGE_DANGLING] = "dangling",
	[CHANGE_NO_DESTINATION] = "no-destination",
	[CHANGE_AUXILIARY] = "auxiliary",
	[CHANGE_ERROR] = "error",
};
_Static_assert(ELEMENTSOF(change_names) == INSTALL_CHANGE_KIND_COUNT, "words drifted");

static void print_record(const char *kind, const char *a, const char *b, const char *c)
{
	const char *fields[] = { kind, a, b, c };

	for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
		fputs(fields[i] ? fields[i] : "", stdout);
		putchar('\0');
	}
}

static void print_changes(const struct install *in)
{
	const struct install_change *rows = in->changes.items;
	char number[16];

	for (size_t i = 0; i < in->changes.n; i++) {
		snprintf(number, sizeof(number), "%d", rows[i].error);
		print_record(change_names[rows[i].kind], rows[i].path, rows[i].source,
			rows[i].error ? number : "");
	}
}

static int print_states(struct install *in, const struct install_names *names)
{
	int last = 0;

	for (size_t i = 0; i < names->n; i++) {
		const char *state;
		int r = install_state(in, names->names[i], &state);

		if (r == -ENOMEM) {
			return r;
		}
		last = r < 0 ? install_add_error(in, r, names->names[i], NULL) : last;
		if (r == 0) {
			print_record("state", names->names[i], state, NULL);
		}
	}
	return last;
}

/* The path that a listing shows: the highest file of that name. */
static const char *shown_path(struct install *in, const char *name)
{
	for (size_t i = 0; i < in->paths->n; i++) {
		const char *path = arena_printf(in->arena, "%s/%s", in->paths->dirs[i], name);
		enum fsview_kind kind = path ? fsview_look(&in->view, path) : FSVIEW_NONE;

		if (kind != FSVIEW_NONE && kind != FSVIEW_DIR) {
			return path;
		}
	}
	return name;
}

static int print_list(struct install *in, const struct install_names *names)
{
	struct list files = { 0 };
	int r = install_list(in, &files);

	(void)names;
	for (size_t i = 0; i < files.n && r == 0; i++) {
		const char *name = ((const char **)files.items)[i];
		const char *state, *preset = "";

		if (install_state(in, name, &state) != 0) {
			state = "bad";
		}
		/* What cannot be enabled has no preset. */
		if (strcmp(state, "static") != 0 && strcmp(state, "alias") != 0 &&
			strcmp(state, "bad") != 0 && strcmp(state, "transient") != 0) {
			r = install_preset_state(in, name, &preset);
		}
		print_record("state", shown_path(in, name), state, preset);
	}
	return r;
}

static int print_default(struct install *in, const struct install_names *names)
{
	const char *name;
	int r = install_get_default(in, &name);

	(void)names;
	if (r == 0) {
		print_record("default", name, NULL, NULL);
	}
	return r;
}

static const struct {
	const char *name;
	int (*run)(struct install *in, const struct install_names *names);
	size_t min;
} verbs[] = {
	{ "add-requires", install_add_requires, 2 },
	{ "add-wants", install_add_wants, 2 },
	{ "disable", install_disable, 1 },
	{ "enable", install_enable, 1 },
	{ "get-default", print_default, 0 },
	{ "is-enabled", print_states, 1 },
	{ "link", install_link, 1 },
	{ "list-unit-files", print_list, 0 },
	{ "mask", install_mask, 1 },
	{ "preset", install_preset, 1 },
	{ "preset-all", install_preset_all, 0 },
	{ "reenable", install_reenable, 1 },
	{ "revert", install_revert, 1 },
	{ "set-default", install_set_default, 1 },
	{ "unmask", install_unmask, 1 },
};

struct command {
	const char *root, *unit_path;
	struct install_paths paths;
	unsigned flags;
	struct install_names names;
};

static int parse(struct command *c, const char *const *args)
{
	const struct {
		const char *option;
		const char **field;
	} options[] = {
		{ "--root", &c->root },
		{ "--unit-path", &c->unit_path },
		{ "--persistent", &c->paths.persistent },
		{ "--runtime", &c->paths.runtime },
		{ "--transient", &c->paths.transient },
	};
	size_t i = 0;

	while (args[i] && strncmp(args[i], "--", 2) == 0) {
		size_t k = 0;

		if (strcmp(args[i], "--") == 0) {
			i++;
			break;
		}
		while (k < ELEMENTSOF(options) && strcmp(options[k].option, args[i]) != 0) {
			k++;
		}
		if (k < ELEMENTSOF(options) && args[i + 1]) {
			*options[k].field = args[i + 1];
			i += 2;
			continue;
		}
		c->flags |= strcmp(args[i], "--force") == 0        ? INSTALL_FLAG_FORCE
			    : strcmp(args[i], "--at-runtime") == 0 ? INSTALL_FLAG_RUNTIME
								   : 0;
		i++;
	}
	c->names.names = args + i;
	while (args[i]) {
		c->names.n++;
		i++;
	}
	return c->unit_path && c->paths.persistent && c->paths.runtime ? 0 : -EINVAL;
}

static int run(struct arena *arena, struct command *c, size_t verb)
{
	struct specifier_host host;
	struct install in;
	struct loader_dir *dirs;
	const char **paths;
	char number[16];
	int r = loader_split_path(c->unit_path, arena, &dirs, &c->paths.n);

	paths = r == 0 ? arena_alloc_array(arena, c->paths.n + 1, sizeof(*paths)) : NULL;
	if (!paths) {
		return EXIT_BROKEN;
	}
	for (size_t i = 0; i < c->paths.n; i++) {
		paths[i] = dirs[i].path;
	}
	c->paths.dirs = paths;
	specifier_host_read(&host);
	install_init(&in, arena, c->root ? c->root : "", &c->paths);
	in.flags = c->flags;
	in.host = &host;
	r = verbs[verb].run(&in, &c->names);
	if (r == -ENOMEM) {
		return EXIT_BROKEN;
	}
	print_changes(&in);
	snprintf(number, sizeof(number), "%d", r);
	print_record("result", number, NULL, NULL);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_BROKEN;
}

int install_main(struct arena *arena, const char *const *args)
{
	struct command c = { 0 };

	for (size_t i = 0; args[0] && i < ELEMENTSOF(verbs); i++) {
		if (strcmp(args[0], verbs[i].name) == 0 && parse(&c, args + 1) == 0 &&
			c.names.n >= verbs[i].min) {
			return run(arena, &c, i);
		}
	}
	fputs("usage: supd-load --install VERB [--root DIR] --unit-path DIR[:DIR...] --persistent "
	      "DIR\n       --runtime DIR [--transient DIR] [--force] [--at-runtime] [--] NAME...\n",
		stderr);
	return EXIT_USAGE;
}
