// SPDX-License-Identifier: MIT
/* list, list-jobs. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "names.h"
#include "status.h"
#include "table.h"
#include "text.h"
#include "verbs.h"

struct unit_row {
	const char *name, *load, *active, *sub, *description, *job, *job_type;
};

/* ListUnitsPacked with the patterns of the command line. */
static int call_patterns(struct ctl *c, int n, char *const *args, sd_bus_message **ret)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
	char name[LIMIT_UNIT_NAME];
	int r = sd_bus_message_new_method_call(
		c->bus, &m, CTL_SERVICE, CTL_PATH, "org.supd1.Manager", "ListUnitsPacked");

	if (r >= 0) {
		r = sd_bus_message_open_container(m, 'a', "s");
	}
	for (int i = 1; r >= 0 && i < n; i++) {
		if (names_complete_any(args[i], name) < 0) {
			ctl_error(c, "%s: not a unit name or pattern", args[i]);
			return EXIT_FAILED;
		}
		r = sd_bus_message_append(m, "s", name);
	}
	if (r >= 0) {
		r = sd_bus_message_close_container(m);
	}
	if (r >= 0) {
		r = sd_bus_call(c->bus, m, 0, &error, ret);
	}
	return r < 0 ? ctl_call_failed(c, "ListUnitsPacked", &error, r) : EXIT_OK;
}

/* Is word in the comma list? No list: yes. */
static bool matches(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *s = list; s; s = strchr(s, ',')) {
		s += *s == ',';
		if (strncmp(s, word, n) == 0 && (s[n] == '\0' || s[n] == ',')) {
			return true;
		}
	}
	return !list;
}

static bool is_shown(const struct ctl *c, const struct unit_row *u)
{
	const char *type = strrchr(u->name, '.');
	bool failed = strcmp(u->active, "failed") == 0 || strcmp(u->active, "crash-looping") == 0;

	if (!matches(c->o.type, type ? type + 1 : "") || (c->o.failed && !failed)) {
		return false;
	}
	if (c->o.state) {
		return matches(c->o.state, u->active) || matches(c->o.state, u->sub) ||
		       matches(c->o.state, u->load);
	}
	return c->o.all || *u->job || strcmp(u->active, "inactive") != 0;
}

static void unit_json(struct json *j, const struct unit_row *u)
{
	json_object(j, NULL);
	json_string(j, "unit", u->name);
	json_string(j, "load", u->load);
	json_string(j, "active", u->active);
	json_string(j, "sub", u->sub);
	json_string(j, "description", u->description);
	if (*u->job) {
		json_u64(j, "job", strtoull(u->job, NULL, 10));
		json_string(j, "job_type", u->job_type);
	}
	json_end(j);
}

static int unit_line(const struct ctl *c, struct table *t, const struct unit_row *u)
{
	bool bad = strcmp(u->active, "failed") == 0 || strcmp(u->active, "crash-looping") == 0 ||
		   strcmp(u->load, "loaded") != 0;
	const char *dot = c->o.plain ? "" : bad ? "● " : "  ";
	char name[LIMIT_UNIT_NAME + 8];

	snprintf(name, sizeof(name), "%s%s", dot, u->name);
	return table_add(
		t, (const char *const[]) { name, u->load, u->active, u->sub, u->description });
}

/* Takes the next unit; false at the end, and of what is cut off. */
static bool next_unit(const char **cursor, const char *end, struct unit_row *ret)
{
	const char **const fields[] = { &ret->name, &ret->load, &ret->active, &ret->sub,
		&ret->description, &ret->job, &ret->job_type };
	const char *at = *cursor;

	for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
		const char *nul = at < end ? memchr(at, 0, (size_t)(end - at)) : NULL;

		if (!nul) {
			return false;
		}
		*fields[i] = at;
		at = nul + 1;
	}
	*cursor = at;
	return true;
}

static int read_units(struct ctl *c, sd_bus_message *m, struct table *t, struct json *j)
{
	const void *data = NULL;
	const char *cursor;
	struct unit_row u;
	size_t size = 0;
	int r = sd_bus_message_read_array(m, 'y', &data, &size);

	cursor = data;
	while (r >= 0 && next_unit(&cursor, (const char *)data + size, &u)) {
		if (!is_shown(c, &u)) {
			continue;
		}
		if (c->o.json) {
			unit_json(j, &u);
		} else {
			r = unit_line(c, t, &u);
		}
	}
	return r < 0 ? r : 0;
}

static void print_table(struct ctl *c, const struct table *t, const char *what, const char *hint)
{
	table_print(t, c->out, !c->o.no_legend);
	if (!c->o.no_legend) {
		fprintf(c->out, "\n%zu %s listed.%s\n", t->n_rows, what, hint);
	}
}

/* Runs one listing: the call, the reader, then the table or the array. */
struct listing {
	const char *method, *what, *hint;
	const char *const *titles;
	size_t n_titles;
	int (*read)(struct ctl *c, sd_bus_message *m, struct table *t, struct json *j);
};

static int run(struct ctl *c, const struct listing *l, sd_bus_message *m)
{
	AUTO(table_fini) struct table t = { 0 };
	struct json j;
	int r;

	table_init(&t, l->titles, l->n_titles);
	json_init(&j, c->out);
	if (c->o.json) {
		json_array(&j, NULL);
	}
	r = l->read(c, m, &t, &j);
	if (c->o.json) {
		json_end(&j);
	} else if (r >= 0) {
		print_table(c, &t, l->what, l->hint);
	}
	return r < 0 ? ctl_call_failed(c, l->method, NULL, r) : EXIT_OK;
}

int verb_list(struct ctl *c, int n, char *const *args)
{
	static const char *const titles[] = { "  UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION" };
	bool whole = c->o.all || c->o.state || c->o.failed;
	const struct listing l = { "ListUnitsPacked", "units",
		whole ? "" : " --all shows loaded but inactive units, too.", titles,
		ELEMENTSOF(titles), read_units };
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
	int code = ctl_connect(c);

	if (code == EXIT_OK) {
		code = call_patterns(c, n, args, &m);
	}
	return code == EXIT_OK ? run(c, &l, m) : code;
}

/* Is the unit named by the operands behind the verb? None: yes. */
static bool is_named(const struct ctl *c, const char *unit)
{
	bool match = c->o.n_args < 2;
	char name[LIMIT_UNIT_NAME];

	for (size_t i = 1; i < c->o.n_args && !match; i++) {
		match = names_complete_any(c->o.args[i], name) == 0 &&
			fnmatch(name, unit, FNM_NOESCAPE) == 0;
	}
	return match;
}

static int read_jobs(struct ctl *c, sd_bus_message *m, struct table *t, struct json *j)
{
	const char *unit, *type, *state;
	char number[16];
	uint32_t id;
	int r = sd_bus_message_enter_container(m, 'a', "(usssoo)");

	while (r >= 0 && (r = sd_bus_message_read(
				  m, "(usssoo)", &id, &unit, &type, &state, NULL, NULL)) > 0) {
		if (!is_named(c, unit)) {
			continue;
		}
		if (!c->o.json) {
			snprintf(number, sizeof(number), "%u", id);
			r = table_add(t, (const char *const[]) { number, unit, type, state });
			continue;
		}
		json_object(j, NULL);
		json_u64(j, "job", id);
		json_string(j, "unit", unit);
		json_string(j, "type", type);
		json_string(j, "state", state);
		json_end(j);
	}
	return r;
}

int verb_list_jobs(struct ctl *c, int n, char *const *args)
{
	static const char *const titles[] = { "JOB", "UNIT", "TYPE", "STATE" };
	static const struct listing l = { "ListJobs", "jobs", "", titles, ELEMENTSOF(titles),
		read_jobs };
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
	int code = ctl_connect(c);
	int r;

	(void)n;
	(void)args;
	if (code != EXIT_OK) {
		return code;
	}
	r = ctl_manager(c, l.method, &error, &m, "");
	return r < 0 ? ctl_call_failed(c, l.method, &error, r) : run(c, &l, m);
}
