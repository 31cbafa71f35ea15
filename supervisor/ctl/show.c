// SPDX-License-Identifier: MIT
/* show. */
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "text.h"
#include "verbs.h"

/* Is name in "A,B,C"? */
static bool in_list(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *s = list; s; s = strchr(s, ',')) {
		s += *s == ',';
		if (strncmp(s, name, n) == 0 && (s[n] == '\0' || s[n] == ',')) {
			return true;
		}
	}
	return false;
}

static bool wanted(const struct ctl *c, const char *name)
{
	for (size_t i = 0; i < c->o.n_properties; i++) {
		if (in_list(c->o.properties[i], name)) {
			return true;
		}
	}
	return c->o.n_properties == 0;
}

static void print_property(struct ctl *c, const struct prop *p)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		return;
	}
	value_print(out, p->name, &p->value);
	fclose(out);
	if (!size && c->o.n_properties == 0 && !c->o.all) {
		return;
	}
	if (!c->o.value) {
		text_puts(c->out, p->name);
		putc('=', c->out);
	}
	fprintf(c->out, "%s\n", text);
}

/* Settings of the unit's file that are no property of their own, when they are asked for by name.
 */
static void print_settings(struct ctl *c, const struct props *p)
{
	const struct value *all = props_find(p, "Settings");

	for (size_t i = 0; all && all->kind == VALUE_DICT && i < all->n; i++) {
		const struct value *pair = all->items[i].items;

		if (wanted(c, pair[0].s) && !props_find(p, pair[0].s)) {
			print_property(c, &(struct prop) { pair[0].s, pair[1] });
		}
	}
}

static void print_object(struct ctl *c, struct json *j, const struct props *p)
{
	if (c->o.json) {
		json_object(j, NULL);
	}
	for (size_t i = 0; i < p->n; i++) {
		if (!wanted(c, p->list[i].name)) {
			continue;
		}
		if (c->o.json) {
			value_json(j, p->list[i].name, &p->list[i].value);
		} else {
			print_property(c, &p->list[i]);
		}
	}
	if (c->o.json) {
		json_end(j);
	} else if (c->o.n_properties) {
		print_settings(c, p);
	}
}

static int show_one(struct ctl *c, struct json *j, const char *unit)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(props_fini) struct props p = { 0 };
	int r = unit ? ctl_unit_props(c, unit, &p, &error) : ctl_props(c, CTL_PATH, &p, &error);

	if (r < 0) {
		return ctl_call_failed(c, unit ? unit : "show", &error, r);
	}
	print_object(c, j, &p);
	return EXIT_OK;
}

int verb_show(struct ctl *c, int n, char *const *args)
{
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	int code = ctl_units_up(c, n - 1, args + 1, &units);
	struct json j;

	if (code != EXIT_OK) {
		return code;
	}
	json_init(&j, c->out);
	if (n == 1) {
		return show_one(c, &j, NULL);
	}
	return ctl_show_units(c, &units, &j, show_one);
}
