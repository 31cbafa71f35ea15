// SPDX-License-Identifier: MIT
/* denials: which system calls a unit was denied, by which setting, and what would allow them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "nearunit.h"
#include "table.h"
#include "verbs.h"

struct denied {
	const char *text, *comm;
	uint32_t number, killed;
	uint64_t count, at_us;
	int32_t pid;
};

static void when_text(uint64_t at_us, char *buf, size_t size)
{
	time_t at = (time_t)(at_us / 1000000u);
	struct tm tm;

	if (!localtime_r(&at, &tm) || !strftime(buf, size, "%F %T", &tm)) {
		*buf = '\0';
	}
}

static void row_json(struct json *j, const struct denied *d)
{
	json_object(j, NULL);
	json_string(j, "text", d->text);
	json_u64(j, "number", d->number);
	json_bool(j, "killed", d->killed);
	json_u64(j, "count", d->count);
	json_string(j, "comm", d->comm);
	json_i64(j, "pid", d->pid);
	json_u64(j, "last", d->at_us);
	json_end(j);
}

static void row_text(struct table *t, const struct denied *d)
{
	char count[24], by[64], when[32];

	snprintf(count, sizeof(count), "%llu", (unsigned long long)d->count);
	snprintf(by, sizeof(by), "%.24s[%d]", d->comm, (int)d->pid);
	when_text(d->at_us, when, sizeof(when));
	table_add(t, (const char *const[]) { count, when, by, d->text });
}

static int read_rows(sd_bus_message *m, struct json *j, struct table *t)
{
	struct denied d;
	int r = sd_bus_message_enter_container(m, 'a', "(suutsit)");

	while (r > 0 && (r = sd_bus_message_read(m, "(suutsit)", &d.text, &d.number, &d.killed,
				 &d.count, &d.comm, &d.pid, &d.at_us)) > 0) {
		if (j) {
			row_json(j, &d);
		} else {
			row_text(t, &d);
		}
	}
	return r;
}

static int show_denials(struct ctl *c, struct json *j, const char *unit)
{
	static const char *const titles[] = { "TIMES", "LAST", "FIRST BY", "WHAT" };
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	AUTO(table_fini) struct table t = { 0 };
	int told = 0;
	int r;

	if (nearest_is_missing(c, unit)) {
		return EXIT_NO_UNIT;
	}
	r = sd_bus_call_method(
		c->bus, CTL_SERVICE, CTL_PATH, CTL_OWN, "GetDenials", &error, &reply, "s", unit);

	table_init(&t, titles, ELEMENTSOF(titles));
	r = r < 0 ? r : sd_bus_message_read(reply, "b", &told);
	if (c->o.json) {
		json_object(j, NULL);
		json_string(j, "unit", unit);
		json_bool(j, "known", told);
		json_array(j, "denials");
	}
	r = r < 0 ? r : read_rows(reply, c->o.json ? j : NULL, &t);
	if (c->o.json) {
		json_end(j);
		json_end(j);
	}
	if (r < 0) {
		return ctl_call_failed(c, unit, &error, r);
	}
	if (!told) {
		ctl_error(c,
			"%s: the kernel's audit records cannot be read here (CONFIG_AUDIT, "
			"CAP_AUDIT_READ, the initial network and PID namespaces)",
			unit);
		return EXIT_FAILED;
	}
	if (!c->o.json && t.n_rows) {
		table_print(&t, c->out, !c->o.no_legend);
	} else if (!c->o.json && !c->o.quiet) {
		fprintf(c->out, "%s: no system call was denied since supd runs.\n", unit);
	}
	return EXIT_OK;
}

int verb_denials(struct ctl *c, int n, char *const *args)
{
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	int code = ctl_units(c, n - 1, args + 1, &units);
	struct json j;

	if (code != EXIT_OK) {
		return code;
	}
	json_init(&j, c->out);
	return ctl_show_units(c, &units, &j, show_denials);
}
