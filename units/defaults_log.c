// SPDX-License-Identifier: MIT
/* LogNamespace=: a journald of its own, whose sockets the unit sees in place of the machine's. */
#include <errno.h>

#include "../runtime/base/arenafmt.h"
#include "defaults.h"
#include "list.h"

int defaults_resolve_log(const struct defaults_context *c, struct unit *u)
{
	const char *name = u->exec ? u->exec->log_namespace : NULL;
	struct unit_path *row;

	if (!name) {
		return 0;
	}
	row = list_push(c->arena, &u->exec->paths, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = (struct unit_path) {
		.kind = PLAN_MOUNT_BIND,
		.flags = PLAN_MOUNT_F_READ_ONLY,
		.source = arena_printf(c->arena, "/run/systemd/journal.%s", name),
		.target = "/run/systemd/journal",
		.origin = unit_setting_origin(u, "LogNamespace"),
	};
	return row->source ? 0 : -ENOMEM;
}

static int add_socket(const struct defaults_context *c, struct unit *u, const char *template)
{
	const char *name =
		arena_concat(c->arena, template, "@", u->exec->log_namespace, ".socket", NULL);
	int r = name ? defaults_add(c, u, DEP_REQUIRES, name) : -ENOMEM;

	return r == 0 ? defaults_add(c, u, DEP_AFTER, name) : r;
}

int defaults_log_deps(const struct defaults_context *c, struct unit *u)
{
	int r;

	if (!u->exec || !u->exec->log_namespace) {
		return 0;
	}
	r = add_socket(c, u, "systemd-journald");
	return r == 0 ? add_socket(c, u, "systemd-journald-varlink") : r;
}
