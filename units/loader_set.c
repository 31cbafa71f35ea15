// SPDX-License-Identifier: MIT
/* The loader's last step: units by index, names to indices, and what only the whole set tells. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/limits.h"
#include "defaults.h"
#include "loader_internal.h"

static int compare_units(const void *a, const void *b)
{
	return strcmp((*(struct unit *const *)a)->name, (*(struct unit *const *)b)->name);
}

static int add_key(struct unit_set *set, const char *key, uint32_t index)
{
	size_t i = namemap_hash(key) & (set->n_slots - 1);

	while (set->keys[i]) {
		if (strcmp(set->keys[i], key) == 0) {
			return 0;
		}
		i = (i + 1) & (set->n_slots - 1);
	}
	set->keys[i] = key;
	set->slots[i] = index;
	return 0;
}

static int build_set(struct loader *l, struct unit_set *ret)
{
	struct unit_set set = { .units = l->units.items, .n = l->units.n };
	size_t names = l->units.n + l->scan.entries.n;

	if (set.n > 1) {
		qsort(set.units, set.n, sizeof(*set.units), compare_units);
	}
	for (set.n_slots = 16; set.n_slots < 2 * names; set.n_slots *= 2) {
	}
	set.keys = arena_alloc_array(l->arena, set.n_slots, sizeof(*set.keys));
	set.slots = arena_alloc_array(l->arena, set.n_slots, sizeof(*set.slots));
	if (!set.keys || !set.slots) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < set.n; i++) {
		add_key(&set, set.units[i]->name, i);
	}
	for (uint32_t i = 0; i < set.n; i++) {
		const char *const *aliases = set.units[i]->aliases.items;

		for (size_t k = 0; k < set.units[i]->aliases.n; k++) {
			add_key(&set, aliases[k], i);
		}
	}
	*ret = set;
	return 0;
}

uint32_t unit_set_index(const struct unit_set *set, const char *name)
{
	size_t i = set->n_slots ? namemap_hash(name) & (set->n_slots - 1) : 0;

	while (set->n_slots && set->keys[i]) {
		if (strcmp(set->keys[i], name) == 0) {
			return set->slots[i];
		}
		i = (i + 1) & (set->n_slots - 1);
	}
	return CATALOGUE_NONE;
}

struct unit *unit_set_find(const struct unit_set *set, const char *name)
{
	uint32_t i = unit_set_index(set, name);

	return i == CATALOGUE_NONE ? NULL : set->units[i];
}

static int compare_deps(const void *a, const void *b)
{
	const struct unit_dep *x = a, *y = b;

	if (x->kind != y->kind) {
		return x->kind < y->kind ? -1 : 1;
	}
	if (x->unit != y->unit) {
		return x->unit < y->unit ? -1 : 1;
	}
	return (int)x->implicit - (int)y->implicit;
}

/* Sorted, without doubles and without the unit itself; a written one wins over an implied one. */
static void settle_deps(const struct unit_set *set, uint32_t self)
{
	struct unit *u = set->units[self];
	struct unit_dep *deps = u->deps.items;
	size_t n = 0;

	for (size_t i = 0; i < u->deps.n; i++) {
		deps[i].unit = unit_set_index(set, deps[i].name);
	}
	if (u->deps.n > 1) {
		qsort(deps, u->deps.n, sizeof(*deps), compare_deps);
	}
	for (size_t i = 0; i < u->deps.n; i++) {
		bool twice = n > 0 && deps[n - 1].kind == deps[i].kind &&
			     deps[n - 1].unit == deps[i].unit;

		if (!twice && deps[i].unit != self) {
			deps[n++] = deps[i];
		}
	}
	u->deps.n = n;
}

static bool has_dep(const struct unit *u, enum dep_kind kind, uint32_t other)
{
	const struct unit_dep key = { .kind = kind, .unit = other }, *deps = u->deps.items;
	size_t low = 0, high = u->deps.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		bool less = deps[middle].kind != key.kind ? deps[middle].kind < key.kind
							  : deps[middle].unit < key.unit;

		low = less ? middle + 1 : low;
		high = less ? high : middle;
	}
	return low < u->deps.n && deps[low].kind == key.kind && deps[low].unit == key.unit;
}

/* A target comes after what it pulls in if both have default dependencies and the other does not
 * come after it. */
static void settle_target(const struct unit_set *set, uint32_t self)
{
	struct unit *u = set->units[self];
	struct unit_dep *deps = u->deps.items;
	size_t n = 0;

	for (size_t i = 0; i < u->deps.n; i++) {
		const struct unit *other =
			deps[i].unit == CATALOGUE_NONE ? NULL : set->units[deps[i].unit];
		bool counts = other && other->load_state == LOAD_LOADED &&
			      (other->flags & UNIT_DEFAULT_DEPENDENCIES) &&
			      !has_dep(other, DEP_AFTER, self);

		if (deps[i].origin != defaults_target_order || counts) {
			deps[n++] = deps[i];
		}
	}
	u->deps.n = n;
}

static int push_index(struct loader *l, struct unit *u, uint32_t index)
{
	const uint32_t *have = u->socket_units.items;
	uint32_t *row;

	for (size_t i = 0; i < u->socket_units.n; i++) {
		if (have[i] == index) {
			return 0;
		}
	}
	if (u->socket_units.n >= LIMIT_LISTEN_UNITS) {
		struct diag_place place = { .file = u->fragment_path, .unit = u->name };

		diag_add(l->d, &place, SEVERITY_WARNING,
			"only %u socket units hand their sockets to a service", LIMIT_LISTEN_UNITS);
		return 0;
	}
	row = list_push(l->arena, &u->socket_units, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = index;
	return 0;
}

/* Whose descriptors a service gets: those that Sockets= names, then those that trigger it. */
static int settle_sockets(struct loader *l, const struct unit_set *set)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < set->n; i++) {
		struct unit *u = set->units[i];
		const struct unit_item *items = u->service ? u->service->sockets.items : NULL;

		for (size_t k = 0; r == 0 && items && k < u->service->sockets.n; k++) {
			const struct unit *other = unit_set_find(set, items[k].text);

			if (other && other->socket && !other->socket->accept) {
				r = push_index(l, u, unit_set_index(set, other->name));
			}
		}
	}
	for (uint32_t i = 0; r == 0 && i < set->n; i++) {
		const struct unit *u = set->units[i];
		struct unit *service = u->socket && !u->is_template && u->socket->service
					       ? unit_set_find(set, u->socket->service)
					       : NULL;

		if (service && service->service && service->many == u->socket->accept) {
			r = push_index(l, service, i);
		}
	}
	return r;
}

int loader_finish_set(struct loader *l, struct unit_set *ret)
{
	int r = build_set(l, ret);

	for (uint32_t i = 0; r == 0 && i < ret->n; i++) {
		settle_deps(ret, i);
	}
	for (uint32_t i = 0; r == 0 && i < ret->n; i++) {
		if (ret->units[i]->type == UNIT_TARGET) {
			settle_target(ret, i);
		}
	}
	return r == 0 ? settle_sockets(l, ret) : r;
}
