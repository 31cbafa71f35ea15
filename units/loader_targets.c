// SPDX-License-Identifier: MIT
/* Default order of targets; it depends on both units, so it comes when all are loaded. */
#include "loader_internal.h"

static bool pulls(const struct unit_dep *dep)
{
	return dep->kind == DEP_REQUIRES || dep->kind == DEP_REQUISITE || dep->kind == DEP_WANTS ||
	       dep->kind == DEP_BINDS_TO || dep->kind == DEP_UPHOLDS;
}

static bool has(const struct unit *u, enum dep_kind kind, uint32_t other)
{
	const struct unit_dep *deps = u->deps.items;

	for (size_t i = 0; i < u->deps.n && deps[i].kind <= kind; i++) {
		if (deps[i].kind == kind && deps[i].unit == other) {
			return true;
		}
	}
	return false;
}

/* Units that want no automatic dependencies get none, from the other side neither. */
static bool takes_part(const struct unit *u)
{
	return u->load_state == LOAD_LOADED && u->flags & UNIT_DEFAULT_DEPENDENCIES;
}

/* A target comes after what it pulls in, unless one of the two says otherwise. */
int loader_order_target(struct loader *l, const struct unit_set *set, uint32_t target)
{
	struct unit *u = set->units[target];
	size_t n = u->deps.n;
	int r = 0;

	if (u->type != UNIT_TARGET || !takes_part(u)) {
		return 0;
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct unit_dep *dep = (const struct unit_dep *)u->deps.items + i;
		const struct unit *other = set->units[dep->unit];

		if (pulls(dep) && takes_part(other) && !has(other, DEP_AFTER, target) &&
			!has(u, DEP_BEFORE, dep->unit)) {
			const struct unit_dep after = { .kind = DEP_AFTER,
				.name = dep->name,
				.implicit = true,
				.origin = "default dependency",
				.unit = dep->unit };

			r = unit_add_dep(u, l->arena, &after);
		}
	}
	return r;
}
