// SPDX-License-Identifier: MIT
#include "advice.h"

#include <stdio.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "text.h"

const char *advice_of_error(const char *name, const char *message)
{
	static const struct {
		const char *name;
		const char *text;
		const char *words; /* that must be in the message, or NULL */
	} rows[] = {
		{ "BadUnitSetting", "supctl verify shows all that is wrong with it", ": error: " },
		{ "NoIsolation", "AllowIsolate=yes in its [Unit] section allows it" },
		{ "TransactionOrderIsCyclic",
			"one of these units must not be After= or Before= the other" },
		{ "UnitMasked", "supctl unmask undoes it" },
	};
	const char *last = name ? strrchr(name, '.') : NULL;

	for (size_t i = 0; last && i < ELEMENTSOF(rows); i++) {
		if (strcmp(rows[i].name, last + 1) == 0 &&
			(!rows[i].words || strstr(message, rows[i].words))) {
			return rows[i].text;
		}
	}
	return NULL;
}

/* Of one unit that is to be triggered; false: there is nothing wrong with it. */
static bool write_trigger(struct ctl *c, FILE *out, const char *unit)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(props_fini) struct props p = { 0 };
	bool known = ctl_unit_props(c, unit, &p, &error) >= 0;
	const char *load = known ? props_string(&p, "LoadState") : "not-found";

	if (strcmp(load, "loaded") != 0) {
		fputs("it triggers ", out);
		text_puts(out, unit);
		fprintf(out, ", which is %s",
			strcmp(load, "not-found") == 0 ? "not there: no such unit file" : load);
		return true;
	}
	if (strcmp(props_string(&p, "ActiveState"), "inactive") != 0 &&
		strcmp(props_string(&p, "ActiveState"), "failed") != 0) {
		text_puts(out, unit);
		fputs(" is active already, without the socket: stop it first", out);
		return true;
	}
	return false;
}

char *advice_of_trigger(struct ctl *c, const struct props *p)
{
	const struct value *list = props_find(p, "Triggers");
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool found = false;

	for (size_t i = 0; out && !found && list && list->kind == VALUE_ARRAY && i < list->n; i++) {
		found = list->items[i].kind == VALUE_STRING &&
			write_trigger(c, out, list->items[i].s);
	}
	return out && fclose(out) == 0 && found ? TAKE_PTR(text) : NULL;
}

static bool is_in_state(struct ctl *c, const char *unit, const char *state)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(props_fini) struct props p = { 0 };

	return ctl_unit_props(c, unit, &p, &error) >= 0 &&
	       strcmp(props_string(&p, "ActiveState"), state) == 0;
}

/* The units of one list that are in a state; how many. */
static unsigned print_units(
	struct ctl *c, const struct value *list, const char *state, const char *word)
{
	unsigned n = 0;

	for (size_t i = 0; list && list->kind == VALUE_ARRAY && i < list->n; i++) {
		if (list->items[i].kind == VALUE_STRING &&
			is_in_state(c, list->items[i].s, state)) {
			fputs(": ", c->err);
			text_puts(c->err, list->items[i].s);
			fprintf(c->err, " %s", word);
			n++;
		}
	}
	return n;
}

void advice_print_needs(struct ctl *c, const struct props *p)
{
	static const char *const kinds[] = { "Requires", "Requisite", "BindsTo" };
	static const struct {
		const char *state, *word;
	} states[] = { { "failed", "failed" }, { "inactive", "is not active" } };
	unsigned n = 0;

	for (size_t s = 0; s < ELEMENTSOF(states) && !n; s++) {
		for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
			n += print_units(
				c, props_find(p, kinds[i]), states[s].state, states[s].word);
		}
	}
}

const char *advice_of_line(const char *line, size_t size, bool confined)
{
	static const struct {
		const char *words;
		bool of_walls;
		const char *text;
	} rows[] = {
		{ "Address already in use", false,
			"another process listens on that address; ss -lntup tells which" },
		{ "Read-only file system", true,
			"ProtectSystem= leaves nothing to write but /dev, /run of its own and the "
			"like; StateDirectory=, RuntimeDirectory= or ReadWritePaths= let it write "
			"(supctl profile %s)" },
		{ "Permission denied", true,
			"if the file's owner and mode allow it, a wall does not: ProtectHome=, "
			"InaccessiblePaths= and others (supctl profile %s)" },
		{ "Operation not permitted", true,
			"a capability or a system call that it does not have: "
			"CapabilityBoundingSet=, AmbientCapabilities=, SystemCallFilter= (supctl "
			"denials %s)" },
		{ "Address family not supported", true,
			"RestrictAddressFamilies= does not have that one (supctl profile %s)" },
	};

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if ((confined || !rows[i].of_walls) &&
			memmem(line, size, rows[i].words, strlen(rows[i].words))) {
			return rows[i].text;
		}
	}
	return NULL;
}
