// SPDX-License-Identifier: MIT
/*
 * JoinsNamespaceOf= is symmetric (systemd.unit(5)): who is named shares with who names it,
 * whichever starts first. So each of the two has the other one's name in its plan.
 */
#include "../runtime/base/limits.h"
#include "compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SETTING "JoinsNamespaceOf"

static bool names(const struct unit *u, uint32_t other)
{
	const struct unit_dep *deps = u->deps.items;

	for (size_t i = 0; i < u->deps.n; i++) {
		if (deps[i].kind == DEP_JOINS_NAMESPACE_OF && deps[i].unit == other) {
			return true;
		}
	}
	return false;
}

static int add(struct compile *c, uint32_t to, uint32_t other)
{
	uint32_t *row = list_push(c->arena, &c->joins[to], sizeof(*row));

	if (!row) {
		return -ENOMEM;
	}
	*row = other;
	return 0;
}

/* Who writes one line too much is refused, not the unit that it names. */
static int pair(struct compile *c, uint32_t self, uint32_t other)
{
	uint32_t full = c->joins[self].n >= LIMIT_JOINED_UNITS ? self : other;
	struct compile_unit cu = { .c = c, .unit = c->set->units[self], .index = self };
	int r;

	if (c->joins[full].n >= LIMIT_JOINED_UNITS) {
		compile_refuse(&cu, unit_setting_origin(cu.unit, SETTING),
			SETTING "=%s: %s shares with %u units already, and no more can",
			c->set->units[other]->name, c->set->units[full]->name, LIMIT_JOINED_UNITS);
		return 0;
	}
	r = add(c, self, other);
	return r < 0 ? r : add(c, other, self);
}

static int compare_indices(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* By name, as the set is: the first that has something counts, whoever wrote the line. */
static void sort_rows(struct compile *c)
{
	for (uint32_t i = 0; i < c->set->n; i++) {
		if (c->joins[i].n > 1) {
			qsort(c->joins[i].items, c->joins[i].n, sizeof(uint32_t), compare_indices);
		}
	}
}

int compile_join_units(struct compile *c)
{
	c->joins = arena_alloc_array(c->arena, c->set->n + 1, sizeof(*c->joins));
	if (!c->joins) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < c->set->n; i++) {
		const struct unit_dep *deps = c->set->units[i]->deps.items;

		for (size_t k = 0; k < c->set->units[i]->deps.n; k++) {
			uint32_t other = deps[k].unit;
			bool counts = deps[k].kind == DEP_JOINS_NAMESPACE_OF && other < c->set->n &&
				      (other > i || !names(c->set->units[other], i));
			int r = counts ? pair(c, i, other) : 0;

			if (r < 0) {
				return r;
			}
		}
	}
	sort_rows(c);
	return 0;
}

int compile_joined_names(const struct compile_unit *cu, const char **ret)
{
	const uint32_t *units = cu->c->joins[cu->index].items;
	size_t n = cu->c->joins[cu->index].n, size = 1, used = 0;
	char *text;

	for (size_t i = 0; i < n; i++) {
		size += strlen(cu->c->set->units[units[i]]->name) + 1;
	}
	text = n ? arena_alloc(cu->c->arena, size) : NULL;
	if (n && !text) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		const char *name = cu->c->set->units[units[i]]->name;

		memcpy(text + used, name, strlen(name));
		used += strlen(name);
		text[used++] = i + 1 < n ? ' ' : '\0';
	}
	*ret = text;
	return 0;
}
