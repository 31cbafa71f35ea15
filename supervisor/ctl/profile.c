// SPDX-License-Identifier: MIT
/* profile: what a unit changes in its confinement profile, and which file and line does it. */
#include <string.h>

#include "../../runtime/base/arenafmt.h"
#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "loadtool.h"
#include "nearunit.h"
#include "table.h"
#include "text.h"
#include "unitfacts.h"
#include "verbs.h"

enum difference {
	DIFFERENCE_NONE,  /* the profile's line counts */
	DIFFERENCE_SAME,  /* the unit repeats it */
	DIFFERENCE_MORE,  /* a list goes on */
	DIFFERENCE_OTHER, /* the unit's line counts instead */
	DIFFERENCE_ADDED, /* the profile says nothing */
	DIFFERENCE_COUNT,
};

static const char *const difference_names[] = {
	[DIFFERENCE_NONE] = "profile",
	[DIFFERENCE_SAME] = "same",
	[DIFFERENCE_MORE] = "extended",
	[DIFFERENCE_OTHER] = "changed",
	[DIFFERENCE_ADDED] = "added",
};
_Static_assert(ELEMENTSOF(difference_names) == DIFFERENCE_COUNT, "names drifted");

/* One setting, all its lines. */
struct row {
	const char *name;
	const char *profile; /* values of the profile's lines, joined; NULL: none */
	const char *unit;    /* … of the unit's own */
	const char *from;    /* places of the lines that count */
};

/* Lists of which a line adds to those above it; a line without value empties them. */
static bool is_list(const char *name)
{
	static const char *const lists[] = { "CapabilityBoundingSet", "AmbientCapabilities",
		"ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths", "NoExecPaths",
		"BindPaths", "BindReadOnlyPaths", "TemporaryFileSystem", "DeviceAllow",
		"SystemCallArchitectures", "RestrictNamespaces" };

	for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
		if (strcmp(lists[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_profile_line(const struct load_unit *u, const struct load_line *line)
{
	size_t n = strlen(u->profile);

	return strncmp(line->origin, u->profile, n) == 0 &&
	       (strncmp(line->origin + n, ".conf:", 6) == 0 ||
		       strncmp(line->origin + n, "-needs.conf:", 12) == 0);
}

static const char *join(struct load_facts *all, const char *text, const char *more)
{
	const char *joined = text ? arena_printf(&all->arena, "%s | %s", text, more) : more;

	return joined ? joined : text;
}

/* Gathers the lines of the setting that line i is the first of. False: it is not the first. */
static bool gather(struct load_facts *all, const struct load_unit *u, size_t i, struct row *ret)
{
	const char *name = u->lines[i].name;
	const char *profile_from = NULL;

	*ret = (struct row) { .name = name };
	for (size_t k = 0; k < u->n_lines; k++) {
		const struct load_line *line = &u->lines[k];
		const char *place;

		if (strcmp(line->name, name) != 0) {
			continue;
		}
		if (k < i) {
			return false;
		}
		place = load_unit_place(all, u, line->origin);
		if (is_profile_line(u, line)) {
			ret->profile = join(all, ret->profile, line->value);
			profile_from = join(all, profile_from, place);
		} else {
			ret->unit = join(all, ret->unit, line->value);
			ret->from = join(all, ret->from, place);
		}
	}
	ret->from = ret->from ? ret->from : profile_from;
	return true;
}

static enum difference difference_of(const struct row *row)
{
	if (!row->unit) {
		return DIFFERENCE_NONE;
	}
	if (!row->profile) {
		return DIFFERENCE_ADDED;
	}
	if (strcmp(row->unit, row->profile) == 0) {
		return DIFFERENCE_SAME;
	}
	return is_list(row->name) && *row->unit ? DIFFERENCE_MORE : DIFFERENCE_OTHER;
}

/* Calls func for each setting that confines; all: also those where the profile's line counts. */
static void each_row(struct ctl *c, struct load_facts *all, const struct load_unit *u, void *to,
	void (*func)(void *to, const struct row *row, enum difference d))
{
	for (size_t i = 0; i < u->n_lines; i++) {
		struct row row;

		if (!u->lines[i].confines || !gather(all, u, i, &row)) {
			continue;
		}
		if (row.unit || c->o.all || c->o.json) {
			func(to, &row, difference_of(&row));
		}
	}
}

static void add_json(void *to, const struct row *row, enum difference d)
{
	struct json *j = to;

	json_object(j, NULL);
	json_string(j, "setting", row->name);
	json_string(j, "difference", difference_names[d]);
	json_string(j, "profile", row->profile);
	json_string(j, "unit", row->unit);
	json_string(j, "from", row->from);
	json_end(j);
}

static void add_table(void *to, const struct row *row, enum difference d)
{
	table_add(to,
		(const char *const[]) { row->name, difference_names[d], row->unit ? row->unit : "-",
			row->from, row->profile ? row->profile : "-" });
}

static void show_json(
	struct ctl *c, struct json *j, struct load_facts *all, const struct load_unit *u)
{
	json_object(j, NULL);
	json_string(j, "unit", u->name);
	json_string(j, "profile", u->profile);
	json_array(j, "settings");
	each_row(c, all, u, j, add_json);
	json_end(j);
	json_end(j);
}

static void show_text(struct ctl *c, struct load_facts *all, const struct load_unit *u)
{
	static const char *const titles[] = { "SETTING", "IS", "UNIT", "FROM", "PROFILE" };
	AUTO(table_fini) struct table t = { 0 };

	text_puts(c->out, u->name);
	fprintf(c->out, ": profile %s", u->profile);
	if (u->n_files) {
		fputs(" (", c->out);
		text_puts(c->out, u->files[0]);
		putc(')', c->out);
	}
	putc('\n', c->out);
	table_init(&t, titles, ELEMENTSOF(titles));
	each_row(c, all, u, &t, add_table);
	if (t.n_rows) {
		table_print(&t, c->out, !c->o.no_legend);
	} else {
		fputs("It adds nothing to the profile and takes nothing away.\n", c->out);
	}
}

int verb_profile(struct ctl *c, int n, char *const *args)
{
	AUTO(load_facts_fini) struct load_facts all = { .n = 0 };
	int code = unitfacts_load(c, n - 1, args + 1, &all);
	struct json j;

	if (code != EXIT_OK) {
		return code;
	}
	json_init(&j, c->out);
	if (c->o.json) {
		json_array(&j, NULL);
	}
	for (size_t i = 0; i < all.n; i++) {
		const struct load_unit *u = &all.units[i];

		if (!*u->profile && !*u->error && nearest_is_missing(c, u->name)) {
			code = EXIT_NO_UNIT;
		} else if (!*u->profile) {
			ctl_error(c, "%s: %s", u->name,
				*u->error ? u->error : "not a service, so it has no profile");
			code = EXIT_FAILED;
		} else if (c->o.json) {
			show_json(c, &j, &all, u);
		} else {
			show_text(c, &all, u);
		}
	}
	if (c->o.json) {
		json_end(&j);
	}
	return code;
}
