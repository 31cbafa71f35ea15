// SPDX-License-Identifier: MIT
/* RuntimeDirectory= and its kin: where they are, and under which names. */
#include <errno.h>

#include "../runtime/base/arenafmt.h"
#include "compile.h"

/*
 * A dynamic user's directories are below one that only root may enter: on the host nobody but root
 * reaches what a user without a name has left there.
 */
static bool is_private(const struct compile_unit *cu, uint32_t kind)
{
	return (cu->base.flags & PLAN_DYNAMIC_USER) && plan_dir_may_be_private(kind);
}

static int add_link(struct compile_unit *cu, struct plan_dir *dir, const char *link)
{
	const char **items = arena_alloc_array(cu->c->arena, 2, sizeof(*items));

	if (!items) {
		return -ENOMEM;
	}
	items[0] = arena_printf(cu->c->arena, "%s/%s", plan_dir_top(dir->kind), link);
	dir->links = (struct tlv_strv) { items, 1 };
	return items[0] ? 0 : -ENOMEM;
}

static int add(struct compile_unit *cu, uint32_t kind, const struct unit_dir *from)
{
	const struct unit_dirs *dirs = &cu->unit->exec->dirs[kind];
	struct arena *arena = cu->c->arena;
	struct plan_dir *to = compile_array_push(arena, &cu->base.dirs, sizeof(*to));
	const char *top = plan_dir_top(kind);

	if (!to) {
		return -ENOMEM;
	}
	*to = (struct plan_dir) {
		.kind = kind,
		.mode = dirs->mode,
		.preserve = dirs->preserve,
		.origin = from->origin,
		.flags = from->read_only ? PLAN_DIR_READ_ONLY : 0,
		.path = arena_printf(arena, "%s/%s", top, from->name),
	};
	if (is_private(cu, kind)) {
		to->real = arena_printf(arena, "%s/private/%s", top, from->name);
	}
	if (!to->path || (is_private(cu, kind) && !to->real)) {
		return -ENOMEM;
	}
	return from->link ? add_link(cu, to, from->link) : 0;
}

int compile_dirs(struct compile_unit *cu)
{
	for (uint32_t kind = 0; kind < PLAN_DIR_KIND_COUNT; kind++) {
		const struct list *names = &cu->unit->exec->dirs[kind].names;
		const struct unit_dir *rows = names->items;

		for (size_t i = 0; i < names->n; i++) {
			int r = add(cu, kind, &rows[i]);

			if (r < 0) {
				return r;
			}
		}
	}
	return 0;
}
