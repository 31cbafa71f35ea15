// SPDX-License-Identifier: MIT
/* list-dependencies: the tree of what units pull in, or the other directions. */
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/unitname.h"
#include "exitcode.h"
#include "nearunit.h"
#include "text.h"
#include "verbs.h"

#define DEPTH_MAX 32u

static const char *const forward[] = { "Requires", "Requisite", "BindsTo", "Wants", "Upholds",
	"ConsistsOf", NULL };
static const char *const backward[] = { "RequiredBy", "RequisiteOf", "BoundBy", "WantedBy",
	"UpheldBy", "PartOf", NULL };
static const char *const after[] = { "After", NULL };
static const char *const before[] = { "Before", NULL };

struct tree {
	struct ctl *c;
	const char *const *kinds;
	struct json j;
	struct unit_list seen;       /* with --plain: each unit once */
	const char *path[DEPTH_MAX]; /* the units above, against circles */
	bool last[DEPTH_MAX];        /* is the branch at this depth the last one? */
};

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int collect(struct tree *t, const struct props *p, struct unit_list *ret)
{
	int r = 0;

	for (size_t k = 0; t->kinds[k] && r == 0; k++) {
		const struct value *list = props_find(p, t->kinds[k]);

		for (size_t i = 0; list && list->kind == VALUE_ARRAY && i < list->n && r == 0;
			i++) {
			const struct value *item = &list->items[i];

			r = item->kind == VALUE_STRING && unit_name_is_valid(item->s)
				    ? unit_list_add(ret, item->s)
				    : 0;
		}
	}
	if (ret->n > 1) {
		qsort(ret->names, ret->n, sizeof(*ret->names), by_name);
	}
	return r;
}

static void print_branch(struct tree *t, const char *unit, const char *state, unsigned depth)
{
	FILE *out = t->c->out;
	bool up = strcmp(state, "active") == 0;

	if (t->c->o.json) {
		json_object(&t->j, NULL);
		json_string(&t->j, "unit", unit);
		json_string(&t->j, "active", state);
		json_u64(&t->j, "depth", depth);
		json_end(&t->j);
		return;
	}
	if (depth > 0) {
		fprintf(out, "%s%s%s ", ctl_color(t->c, state), up ? "●" : "○",
			ctl_color_end(t->c));
	}
	for (unsigned i = 1; i < depth && !t->c->o.plain; i++) {
		fputs(t->last[i] ? "  " : "│ ", out);
	}
	if (depth > 0 && !t->c->o.plain) {
		fputs(t->last[depth] ? "└─" : "├─", out);
	}
	text_puts(out, unit);
	putc('\n', out);
}

static bool is_above(const struct tree *t, const char *unit, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++) {
		if (strcmp(t->path[i], unit) == 0) {
			return true;
		}
	}
	return false;
}

/* Below the unit asked for only targets are taken apart, unless --all. */
static bool is_opened(const struct tree *t, const char *unit, unsigned depth)
{
	return depth + 1 < DEPTH_MAX &&
	       (depth == 0 || t->c->o.all || unit_type_from_name(unit) == UNIT_TARGET);
}

static int show_unit(struct tree *t, const char *unit, unsigned depth)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(unit_list_fini) struct unit_list below = { 0 };
	AUTO(props_fini) struct props p = { 0 };
	int r = ctl_unit_props(t->c, unit, &p, &error);
	size_t seen = t->seen.n;

	if (r < 0) {
		return ctl_call_failed(t->c, unit, &error, r);
	}
	if (depth == 0 && strcmp(props_string(&p, "LoadState"), "not-found") == 0) {
		nearest_say_missing(t->c, unit);
		return EXIT_NO_UNIT;
	}
	if (t->c->o.plain && (unit_list_add(&t->seen, unit) < 0 || t->seen.n == seen)) {
		return EXIT_OK;
	}
	print_branch(t, unit, props_string(&p, "ActiveState"), depth);
	if (!is_opened(t, unit, depth)) {
		return EXIT_OK;
	}
	t->path[depth] = unit;
	if (collect(t, &p, &below) < 0) {
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < below.n; i++) {
		t->last[depth + 1] = i + 1 == below.n;
		if (!is_above(t, below.names[i], depth + 1)) {
			int code = show_unit(t, below.names[i], depth + 1);

			if (code != EXIT_OK && code != EXIT_NOT_LOADED) {
				return code;
			}
		}
	}
	return EXIT_OK;
}

int verb_list_dependencies(struct ctl *c, int n, char *const *args)
{
	static char *const standard[] = { (char *)"default.target", NULL };
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	struct tree t = { .c = c,
		.kinds = c->o.after     ? after
			 : c->o.before  ? before
			 : c->o.reverse ? backward
					: forward };
	int code = ctl_units(c, n > 1 ? n - 1 : 1, n > 1 ? args + 1 : standard, &units);

	if (code != EXIT_OK) {
		return code;
	}
	json_init(&t.j, c->out);
	if (c->o.json) {
		json_array(&t.j, NULL);
	}
	for (size_t i = 0; i < units.n && code == EXIT_OK; i++) {
		if (i && !c->o.json) {
			putc('\n', c->out);
		}
		code = show_unit(&t, units.names[i], 0);
	}
	if (c->o.json) {
		json_end(&t.j);
	}
	unit_list_fini(&t.seen);
	return code;
}
