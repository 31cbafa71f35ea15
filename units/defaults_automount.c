// SPDX-License-Identifier: MIT
/* Automounts: the mount that they stand for, and what they come before and after. */
#include <errno.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "defaults.h"

/* srv.automount -> srv.mount */
int defaults_resolve_automount(const struct defaults_context *c, struct unit *u)
{
	const char *dot = strrchr(u->name, '.');

	u->watch->unit = arena_printf(c->arena, "%.*s.mount", (int)(dot - u->name), u->name);
	if (u->watch->idle_us == UINT64_MAX) {
		u->watch->idle_us = 0;
	}
	return u->watch->unit ? 0 : -ENOMEM;
}

void defaults_check_automount(const struct defaults_context *c, struct unit *u)
{
	const char *where = u->watch->where;
	char name[LIMIT_UNIT_NAME];
	const char *text;

	if (!where) {
		defaults_refuse(c, u, "Where", "no Where=: which place?");
		return;
	}
	if (defaults_is_api(where)) {
		defaults_refuse(c, u, "Where", "this place belongs to the machine itself");
		return;
	}
	if (unit_name_escape_path(where, name, sizeof(name) - sizeof(".automount")) == 0) {
		strcat(name, ".automount");
		if (strcmp(name, u->name) == 0) {
			return;
		}
	}
	text = arena_printf(
		c->arena, "Where=%s does not go with the unit's name %s", where, u->name);
	defaults_refuse(c, u, "Where", text ? text : "wrong name");
}

int defaults_automount_deps(const struct defaults_context *c, struct unit *u)
{
	static const struct {
		enum dep_kind kind;
		const char *name;
	} rows[] = {
		{ DEP_CONFLICTS, "umount.target" },
		{ DEP_BEFORE, "umount.target" },
		{ DEP_AFTER, "local-fs-pre.target" },
		{ DEP_BEFORE, "local-fs.target" },
	};
	const char *where = u->type == UNIT_AUTOMOUNT ? u->watch->where : NULL;
	const char *slash = where ? strrchr(where, '/') : NULL;
	char *parent;
	int r = 0;

	if (!slash || u->refused || u->is_template) {
		return 0;
	}
	if (slash > where) {
		parent = arena_strndup(c->arena, where, (size_t)(slash - where));
		r = parent ? defaults_add_mounts(c, u, parent) : -ENOMEM;
	}
	for (size_t i = 0; r == 0 && u->flags & UNIT_DEFAULT_DEPENDENCIES && i < ELEMENTSOF(rows);
		i++) {
		r = defaults_add(c, u, rows[i].kind, rows[i].name);
	}
	return r;
}
