// SPDX-License-Identifier: MIT
#include "diagnostics.h"

#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/plan/manifest.h"
#include "text.h"

struct diagnostic {
	const char *file, *unit, *text;
	uint32_t line, column, severity;
};

const char *diagnostics_severity(unsigned severity)
{
	static const char *const words[] = {
		[SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_NOTE] = "note"
	};

	_Static_assert(ELEMENTSOF(words) == SEVERITY_COUNT, "words drifted");
	return severity < SEVERITY_COUNT ? words[severity] : "error";
}

static void print_text(FILE *out, const struct diagnostic *d)
{
	text_puts(out, *d->file ? d->file : d->unit);
	if (d->line) {
		fprintf(out, ":%u", d->line);
	}
	if (d->line && d->column) {
		fprintf(out, ":%u", d->column);
	}
	fprintf(out, ": %s: ", diagnostics_severity(d->severity));
	text_puts(out, d->text);
	putc('\n', out);
}

static void print_json(struct json *j, const struct diagnostic *d)
{
	json_object(j, NULL);
	json_string(j, "file", d->file);
	json_u64(j, "line", d->line);
	json_u64(j, "column", d->column);
	json_string(j, "severity", diagnostics_severity(d->severity));
	json_string(j, "unit", d->unit);
	json_string(j, "text", d->text);
	json_end(j);
}

static int print_rows(struct ctl *c, struct json *j, sd_bus_message *m, const char *only_unit)
{
	bool as_json = c->o.json && !only_unit;
	struct diagnostic d;
	int r = sd_bus_message_enter_container(m, 'a', "(suuuss)");

	while (r >= 0 && (r = sd_bus_message_read(m, "(suuuss)", &d.file, &d.line, &d.column,
				  &d.severity, &d.unit, &d.text)) > 0) {
		if (as_json) {
			print_json(j, &d);
		} else if (!only_unit || strcmp(only_unit, d.unit) == 0) {
			print_text(c->err, &d);
		}
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int print_all(struct ctl *c, sd_bus_message *m, const char *only_unit)
{
	bool as_json = c->o.json && !only_unit;
	struct json j;
	int r;

	json_init(&j, c->out);
	if (as_json) {
		json_array(&j, NULL);
	}
	r = print_rows(c, &j, m, only_unit);
	if (as_json) {
		json_end(&j);
	}
	return r < 0 ? r : 0;
}

struct change {
	const char *unit, *setting, *from, *to;
};

static void print_change(struct ctl *c, struct json *j, const struct change *d)
{
	if (c->o.json) {
		json_object(j, NULL);
		json_string(j, "unit", d->unit);
		json_string(j, "setting", d->setting);
		json_string(j, "from", d->from);
		json_string(j, "to", d->to);
		json_end(j);
		return;
	}
	text_puts(c->out, d->unit);
	fputs(": ", c->out);
	if (*d->setting) {
		text_puts(c->out, d->setting);
		fputs(": ", c->out);
		text_puts(c->out, *d->from ? d->from : "(none)");
		fputs(" → ", c->out);
		text_puts(c->out, *d->to ? d->to : "(none)");
	} else if (*d->from && !*d->to) {
		fputs("gone", c->out);
	} else {
		text_puts(c->out, strcmp(d->to, "loaded") == 0 ? "new" : d->to);
	}
	putc('\n', c->out);
}

static int print_changes(struct ctl *c, struct json *j, sd_bus_message *m)
{
	struct change d;
	uint32_t more = 0;
	int r = sd_bus_message_enter_container(m, 'a', "(ssss)");

	while (r >= 0 &&
		(r = sd_bus_message_read(m, "(ssss)", &d.unit, &d.setting, &d.from, &d.to)) > 0) {
		print_change(c, j, &d);
	}
	r = r < 0 ? r : sd_bus_message_exit_container(m);
	r = r < 0 ? r : sd_bus_message_read(m, "u", &more);
	if (r >= 0 && more && !c->o.json) {
		fprintf(c->out, "(%u more)\n", more);
	}
	return r;
}

int diagnostics_reload_report(struct ctl *c, bool dry, sd_bus_error *error)
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
	struct json j;
	int r = sd_bus_call_method(c->bus, CTL_SERVICE, CTL_PATH, CTL_OWN, "ReloadReport", error,
		&reply, "b", (int)dry);

	if (r < 0) {
		return r;
	}
	json_init(&j, c->out);
	if (c->o.json) {
		json_object(&j, NULL);
		json_array(&j, "diagnostics");
	}
	r = print_rows(c, &j, reply, NULL);
	if (c->o.json) {
		json_end(&j);
		json_array(&j, "changes");
	}
	r = r < 0 ? r : print_changes(c, &j, reply);
	if (c->o.json) {
		json_end(&j);
		json_end(&j);
	}
	return r < 0 ? r : 0;
}

int diagnostics_reload(struct ctl *c, const char *only_unit, sd_bus_error *error)
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
	int r = sd_bus_call_method(
		c->bus, CTL_SERVICE, CTL_PATH, CTL_OWN, "Reload", error, &reply, "");

	return r < 0 ? r : print_all(c, reply, only_unit);
}
