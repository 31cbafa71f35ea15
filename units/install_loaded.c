// SPDX-License-Identifier: MIT
/* The states of units that are loaded, by the same rules as is-enabled has. */
#include <errno.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/bootpaths.h"
#include "install.h"
#include "install_loaded.h"

/* The texts of struct unit_item as const char *. -ENOMEM. */
static int take_texts(struct arena *arena, const struct list *from, struct list *to)
{
	const struct unit_item *items = from->items;

	for (size_t i = 0; i < from->n; i++) {
		const char **row = list_push(arena, to, sizeof(*row));

		if (!row) {
			return -ENOMEM;
		}
		*row = items[i].text;
	}
	return 0;
}

static int take_unit(struct arena *arena, const struct unit *u, struct install_info *ret)
{
	const struct unit_install *from = &u->install;
	int r;

	*ret = (struct install_info) { .name = u->name,
		.path = u->fragment_path,
		.mode = MODE_REGULAR,
		.loaded = true,
		.default_instance = from->default_instance };
	r = take_texts(arena, &from->wanted_by, &ret->wanted_by);
	r = r < 0 ? r : take_texts(arena, &from->required_by, &ret->required_by);
	r = r < 0 ? r : take_texts(arena, &from->upheld_by, &ret->upheld_by);
	r = r < 0 ? r : take_texts(arena, &from->alias, &ret->alias);
	return r < 0 ? r : take_texts(arena, &from->also, &ret->also);
}

/* The mask that counts is the one in the first directory. */
static enum manifest_install_state masked_state(struct install *in, const struct unit *u)
{
	for (size_t i = 0; i < in->paths->n; i++) {
		const char *dir = in->paths->dirs[i];
		const char *path = arena_printf(in->arena, "%s/%s", dir, u->name);

		if (path && fsview_look(&in->view, path) != FSVIEW_NONE) {
			return strcmp(dir, in->paths->runtime) == 0 ? INSTALL_MASKED_RUNTIME
								    : INSTALL_MASKED;
		}
	}
	return INSTALL_MASKED; /* by the kernel command line */
}

static int fill_one(struct install *in, struct unit *u)
{
	struct install_info info;
	const char *text;
	int r, state;

	if (u->load_state == LOAD_MASKED) {
		u->install_state = masked_state(in, u);
	}
	if (u->load_state == LOAD_MASKED || u->load_state == LOAD_NOT_FOUND ||
		u->install_state == INSTALL_GENERATED || !u->fragment_path) {
		return 0;
	}
	r = take_unit(in->arena, u, &info);
	r = r < 0 ? r : install_state_known(in, &info, &text);
	if (r == -ENOMEM) {
		return r;
	}
	state = r < 0 ? INSTALL_BAD : install_state_from_string(text);
	u->install_state = state < 0 ? INSTALL_BAD : (enum manifest_install_state)state;
	return 0;
}

/* The first directory that is not supd's own is the administrator's. */
static void choose(struct install_paths *p, const char *runtime_dir)
{
	size_t n = strlen(runtime_dir);

	p->persistent = p->runtime = "";
	for (size_t i = 0; i < p->n; i++) {
		const char *dir = p->dirs[i];

		if (strcmp(dir, BOOTUNITS_DIR) == 0) {
			continue; /* the boot's */
		}
		if (strncmp(dir, runtime_dir, n) != 0 || dir[n] != '/') {
			p->persistent = *p->persistent ? p->persistent : dir;
		} else if (strcmp(dir + n, "/units") == 0) {
			p->runtime = dir;
		} else if (strcmp(dir + n, "/transient") == 0) {
			p->transient = dir;
		}
	}
}

int install_fill_states(
	struct arena *arena, const struct unit_set *set, const struct settings *settings)
{
	struct install_paths paths = { 0 };
	struct specifier_host host;
	struct loader_dir *dirs;
	struct install in;
	const char **names;
	int r = loader_split_path(settings->unit_path, arena, &dirs, &paths.n);

	names = r == 0 ? arena_alloc_array(arena, paths.n + 1, sizeof(*names)) : NULL;
	if (!names) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < paths.n; i++) {
		names[i] = dirs[i].path;
	}
	paths.dirs = names;
	choose(&paths, settings->runtime_dir);
	specifier_host_read(&host);
	install_init(&in, arena, "", &paths);
	in.host = &host;
	for (size_t i = 0; r == 0 && i < set->n; i++) {
		r = fill_one(&in, set->units[i]);
	}
	return r;
}
