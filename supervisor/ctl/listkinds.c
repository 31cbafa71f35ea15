// SPDX-License-Identifier: MIT
/* list-sockets, list-paths, list-automounts: what units of one type listen on or watch. */
#include <errno.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/unitname.h"
#include "exitcode.h"
#include "table.h"
#include "text.h"
#include "verbs.h"
#include "when.h"

struct kind_list;

/* One verb: the type, its columns (and the members of an object), and how a unit becomes rows. */
struct kind {
	const char *verb, *suffix, *what;
	const char *titles[6], *keys[6];
	int (*add)(struct kind_list *l, const char *unit, const struct props *p);
};

struct kind_list {
	struct ctl *c;
	const struct kind *kind;
	struct table table;
	struct json json;
	size_t n_units;
};

static int add_row(struct kind_list *l, const char *const *cells)
{
	if (!l->c->o.json) {
		return table_add(&l->table, cells);
	}
	json_object(&l->json, NULL);
	for (size_t i = 0; i < ELEMENTSOF(l->kind->keys) && l->kind->keys[i]; i++) {
		json_string(&l->json, l->kind->keys[i], cells[i]);
	}
	json_end(&l->json);
	return 0;
}

/* "a.service b.service" */
static void join(const struct value *list, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; list && list->kind == VALUE_ARRAY && i < list->n && at < size; i++) {
		at += (size_t)snprintf(
			buf + at, size - at, "%s%s", at ? " " : "", list->items[i].s);
	}
}

/* One row for each (first, second) of an a(ss). */
static int add_pairs(
	struct kind_list *l, const char *unit, const struct props *p, const char *property)
{
	const struct value *pairs = props_find(p, property);
	bool is_socket = strcmp(property, "Listen") == 0;
	char triggers[1024];
	int r = 0;

	join(props_find(p, "Triggers"), triggers, sizeof(triggers));
	for (size_t i = 0; r == 0 && pairs && pairs->kind == VALUE_ARRAY && i < pairs->n; i++) {
		const struct value *pair = &pairs->items[i];

		if (pair->kind != VALUE_STRUCT || pair->n != 2 ||
			pair->items[0].kind != VALUE_STRING ||
			pair->items[1].kind != VALUE_STRING) {
			return -EBADMSG;
		}
		r = add_row(l, (const char *const[]) { pair->items[1].s, pair->items[0].s, unit,
				       is_socket ? triggers : props_string(p, "Unit") });
	}
	return r;
}

static int add_socket(struct kind_list *l, const char *unit, const struct props *p)
{
	return add_pairs(l, unit, p, "Listen");
}

static int add_path(struct kind_list *l, const char *unit, const struct props *p)
{
	return add_pairs(l, unit, p, "Paths");
}

/* What is mounted, and whether it is, is the mount's to say. */
static int add_automount(struct kind_list *l, const char *unit, const struct props *p)
{
	AUTO(props_fini) struct props mount = { 0 };
	char name[LIMIT_UNIT_NAME], idle[WHEN_TEXT] = "-";
	uint64_t idle_us = props_u64(p, "TimeoutIdleUSec", 0);
	bool mounted;

	if (idle_us != 0 && idle_us != USEC_INFINITY) {
		when_span(idle_us, idle);
	}
	snprintf(
		name, sizeof(name), "%.*s.mount", (int)(strlen(unit) - strlen(".automount")), unit);
	(void)ctl_unit_props(l->c, name, &mount, NULL);
	mounted = strcmp(props_string(&mount, "ActiveState"), "active") == 0;
	return add_row(l, (const char *const[]) { props_string(&mount, "What"),
				  props_string(p, "Where"), mounted ? "yes" : "no", idle, unit });
}

static const struct kind kinds[] = {
	{ "list-sockets", ".socket", "sockets", { "LISTEN", "TYPE", "UNIT", "ACTIVATES" },
		{ "listen", "type", "unit", "activates" }, add_socket },
	{ "list-paths", ".path", "paths", { "PATH", "CONDITION", "UNIT", "ACTIVATES" },
		{ "path", "condition", "unit", "activates" }, add_path },
	{ "list-automounts", ".automount", "automounts",
		{ "WHAT", "WHERE", "MOUNTED", "IDLE TIMEOUT", "UNIT" },
		{ "what", "where", "mounted", "idle_timeout", "unit" }, add_automount },
};

/* One that is down is shown with --all only. */
static int read_unit(struct kind_list *l, const char *unit)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(props_fini) struct props p = { 0 };
	const char *dot = strrchr(unit, '.');
	int r;

	if (!dot || strcmp(dot, l->kind->suffix) != 0) {
		return EXIT_OK;
	}
	r = ctl_unit_props(l->c, unit, &p, &error);
	if (r < 0) {
		return ctl_call_failed(l->c, unit, &error, r);
	}
	if (!l->c->o.all && strcmp(props_string(&p, "ActiveState"), "inactive") == 0) {
		return EXIT_OK;
	}
	l->n_units++;
	r = l->kind->add(l, unit, &p);
	return r < 0 ? ctl_call_failed(l->c, unit, NULL, r) : EXIT_OK;
}

static void begin(struct kind_list *l)
{
	size_t n = 0;

	while (n < ELEMENTSOF(l->kind->titles) && l->kind->titles[n]) {
		n++;
	}
	table_init(&l->table, l->kind->titles, n);
	json_init(&l->json, l->c->out);
	if (l->c->o.json) {
		json_array(&l->json, NULL);
	}
}

static void finish(struct kind_list *l)
{
	if (l->c->o.json) {
		json_end(&l->json);
	} else {
		table_print(&l->table, l->c->out, !l->c->o.no_legend);
		if (!l->c->o.no_legend) {
			fprintf(l->c->out, "\n%zu %s listed.%s\n", l->n_units, l->kind->what,
				l->c->o.all ? "" : " --all shows inactive ones, too.");
		}
	}
	table_fini(&l->table);
}

int verb_list_kind(struct ctl *c, int n, char *const *args)
{
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	struct kind_list l = { .c = c };
	int code;

	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		l.kind = strcmp(kinds[i].verb, args[0]) == 0 ? &kinds[i] : l.kind;
	}
	code = ctl_units_of(c, l.kind->suffix, n - 1, args + 1, &units);
	if (code != EXIT_OK) {
		return code;
	}
	begin(&l);
	for (size_t i = 0; code == EXIT_OK && i < units.n; i++) {
		code = read_unit(&l, units.names[i]);
	}
	finish(&l);
	return code;
}
