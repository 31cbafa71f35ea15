// SPDX-License-Identifier: MIT
/* list-sockets: one line for each address. */
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "table.h"
#include "text.h"
#include "verbs.h"

#define SOCKET_INTERFACE "org.freedesktop.systemd1.Socket"
#define UNIT_INTERFACE   "org.freedesktop.systemd1.Unit"

struct socket_list {
	struct ctl *c;
	struct table table;
	struct json json;
	size_t n_units;
};

/* "a.service b.service" */
static void read_triggers(struct ctl *c, const char *path, char *buf, size_t size)
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
	const char *name;
	size_t at = 0;

	buf[0] = '\0';
	if (sd_bus_get_property(
		    c->bus, CTL_SERVICE, path, UNIT_INTERFACE, "Triggers", NULL, &m, "as") < 0 ||
		sd_bus_message_enter_container(m, 'a', "s") < 0) {
		return;
	}
	while (at < size && sd_bus_message_read(m, "s", &name) > 0) {
		at += (size_t)snprintf(buf + at, size - at, "%s%s", at ? " " : "", name);
	}
}

static int add_socket(struct socket_list *l, const char *unit, const char *path)
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
	char triggers[1024];
	const char *type, *address;
	int r = sd_bus_get_property(
		l->c->bus, CTL_SERVICE, path, SOCKET_INTERFACE, "Listen", NULL, &m, "a(ss)");

	if (r >= 0) {
		r = sd_bus_message_enter_container(m, 'a', "(ss)");
	}
	read_triggers(l->c, path, triggers, sizeof(triggers));
	while (r >= 0 && (r = sd_bus_message_read(m, "(ss)", &type, &address)) > 0) {
		if (!l->c->o.json) {
			r = table_add(
				&l->table, (const char *const[]) { address, type, unit, triggers });
			continue;
		}
		json_object(&l->json, NULL);
		json_string(&l->json, "listen", address);
		json_string(&l->json, "type", type);
		json_string(&l->json, "unit", unit);
		json_string(&l->json, "activates", triggers);
		json_end(&l->json);
	}
	l->n_units++;
	return r;
}

static int read_units(struct socket_list *l, sd_bus_message *m)
{
	const char *name, *active, *path;
	int r = sd_bus_message_enter_container(m, 'a', "(ssssssouso)");

	while (r >= 0 && (r = sd_bus_message_read(m, "(ssssssouso)", &name, NULL, NULL, &active,
				  NULL, NULL, &path, NULL, NULL, NULL)) > 0) {
		const char *dot = strrchr(name, '.');

		if (dot && strcmp(dot, ".socket") == 0 &&
			(l->c->o.all || strcmp(active, "active") == 0)) {
			r = add_socket(l, name, path);
		}
	}
	return r;
}

int verb_list_sockets(struct ctl *c, int n, char *const *args)
{
	static const char *const titles[] = { "LISTEN", "TYPE", "UNIT", "ACTIVATES" };
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
	struct socket_list l = { .c = c };
	int code = ctl_connect(c);
	int r;

	(void)n;
	(void)args;
	if (code != EXIT_OK) {
		return code;
	}
	r = ctl_manager(c, "ListUnits", &error, &m, "");
	if (r < 0) {
		return ctl_call_failed(c, "ListUnits", &error, r);
	}
	table_init(&l.table, titles, ELEMENTSOF(titles));
	json_init(&l.json, c->out);
	if (c->o.json) {
		json_array(&l.json, NULL);
	}
	r = read_units(&l, m);
	if (c->o.json) {
		json_end(&l.json);
	} else if (r >= 0) {
		table_print(&l.table, c->out, !c->o.no_legend);
		if (!c->o.no_legend) {
			fprintf(c->out, "\n%zu sockets listed.\n", l.n_units);
		}
	}
	table_fini(&l.table);
	return r < 0 ? ctl_call_failed(c, "list-sockets", NULL, r) : EXIT_OK;
}
