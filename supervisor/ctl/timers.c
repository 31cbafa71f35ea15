// SPDX-License-Identifier: MIT
/* list-timers, and when one timer is due for `status`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "table.h"
#include "text.h"
#include "timers.h"
#include "verbs.h"
#include "when.h"

struct timer_row {
	char unit[LIMIT_UNIT_NAME];
	char activates[LIMIT_UNIT_NAME];
	usec_t next, last; /* CLOCK_REALTIME; next USEC_INFINITY: not due; last 0: never */
};

struct timer_rows {
	struct timer_row *items;
	size_t n;
};

static void rows_fini(struct timer_rows *r)
{
	free(r->items);
}

usec_t timers_next(const struct props *p, usec_t real_us, usec_t mono_us)
{
	usec_t real = props_u64(p, "NextElapseUSecRealtime", USEC_INFINITY);
	usec_t mono = props_u64(p, "NextElapseUSecMonotonic", USEC_INFINITY);

	real = real == 0 ? USEC_INFINITY : real;
	if (mono != 0 && mono != USEC_INFINITY) {
		mono = mono > mono_us ? real_us + (mono - mono_us) : real_us - (mono_us - mono);
		return mono < real ? mono : real;
	}
	return real;
}

static int by_next(const void *a, const void *b)
{
	const struct timer_row *x = a, *y = b;

	if (x->next != y->next) {
		return x->next < y->next ? -1 : 1;
	}
	return strcmp(x->unit, y->unit);
}

/* One that is not started and never was is shown with --all only. */
static int read_row(struct ctl *c, const char *unit, struct timer_rows *rows)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(props_fini) struct props p = { 0 };
	struct timer_row *row = &rows->items[rows->n];
	int r = ctl_unit_props(c, unit, &p, &error);

	if (r < 0) {
		return ctl_call_failed(c, unit, &error, r);
	}
	if (!c->o.all && strcmp(props_string(&p, "ActiveState"), "inactive") == 0) {
		return EXIT_OK;
	}
	snprintf(row->unit, sizeof(row->unit), "%s", unit);
	snprintf(row->activates, sizeof(row->activates), "%s", props_string(&p, "Unit"));
	row->next = timers_next(&p, clock_us(CLOCK_REALTIME), clock_us(CLOCK_MONOTONIC));
	row->last = props_u64(&p, "LastTriggerUSec", 0);
	rows->n++;
	return EXIT_OK;
}

static void print_json(struct ctl *c, const struct timer_rows *rows)
{
	struct json j;

	json_init(&j, c->out);
	json_array(&j, NULL);
	for (size_t i = 0; i < rows->n; i++) {
		const struct timer_row *row = &rows->items[i];

		json_object(&j, NULL);
		json_string(&j, "unit", row->unit);
		json_string(&j, "activates", row->activates);
		if (row->next != USEC_INFINITY) {
			json_u64(&j, "next", row->next);
		}
		json_u64(&j, "last", row->last);
		json_end(&j);
	}
	json_end(&j);
}

static int print_rows(struct ctl *c, const struct timer_rows *rows)
{
	static const char *const titles[] = { "NEXT", "LEFT", "LAST", "PASSED", "UNIT",
		"ACTIVATES" };
	AUTO(table_fini) struct table t = { 0 };
	usec_t now = clock_us(CLOCK_REALTIME);
	int r = 0;

	table_init(&t, titles, ELEMENTSOF(titles));
	for (size_t i = 0; r == 0 && i < rows->n; i++) {
		const struct timer_row *row = &rows->items[i];
		char next[WHEN_TEXT] = "-", left[WHEN_TEXT] = "-", last[WHEN_TEXT] = "-",
		     passed[WHEN_TEXT] = "-";

		if (row->next != USEC_INFINITY) {
			when_format(row->next, next);
			when_relative(row->next, now, left);
		}
		if (row->last) {
			when_format(row->last, last);
			when_relative(row->last, now, passed);
		}
		r = table_add(&t, (const char *const[]) {
					  next, left, last, passed, row->unit, row->activates });
	}
	table_print(&t, c->out, !c->o.no_legend);
	if (!c->o.no_legend) {
		fprintf(c->out, "\n%zu timers listed.\n", rows->n);
	}
	return r < 0 ? EXIT_FAILED : EXIT_OK;
}

int verb_list_timers(struct ctl *c, int n, char *const *args)
{
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	AUTO(rows_fini) struct timer_rows rows = { 0 };
	int code = ctl_units_of(c, ".timer", n - 1, args + 1, &units);

	if (code != EXIT_OK) {
		return code;
	}
	rows.items = calloc(units.n + 1, sizeof(*rows.items));
	if (!rows.items) {
		return EXIT_FAILED;
	}
	for (size_t i = 0; code == EXIT_OK && i < units.n; i++) {
		const char *dot = strrchr(units.names[i], '.');

		if (dot && strcmp(dot, ".timer") == 0) {
			code = read_row(c, units.names[i], &rows);
		}
	}
	if (code != EXIT_OK) {
		return code;
	}
	qsort(rows.items, rows.n, sizeof(*rows.items), by_next);
	if (c->o.json) {
		print_json(c, &rows);
		return EXIT_OK;
	}
	return print_rows(c, &rows);
}
