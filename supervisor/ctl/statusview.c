// SPDX-License-Identifier: MIT
/* status.h */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "failure.h"
#include "status.h"
#include "text.h"
#include "timers.h"
#include "when.h"

/* "●", "○", "×" by ActiveState. */
static const char *dot_of(const char *active_state)
{
	static const struct {
		const char *state, *dot;
	} dots[] = {
		{ "inactive", "○" },
		{ "maintenance", "○" },
		{ "failed", "×" },
		{ "reloading", "↻" },
	};

	for (size_t i = 0; i < ELEMENTSOF(dots); i++) {
		if (strcmp(dots[i].state, active_state) == 0) {
			return dots[i].dot;
		}
	}
	return "●";
}

/* In auto-restart again and again: "crash-looping", else the ActiveState itself. */
static const char *shown_state(const struct props *p)
{
	return props_bool(p, "CrashLooping") ? "crash-looping" : props_string(p, "ActiveState");
}

static void label(struct ctl *c, const char *text)
{
	fprintf(c->out, "%11s: ", text);
}

static void print_text(
	struct ctl *c, const struct props *p, const char *property, const char *title)
{
	const char *text = props_string(p, property);

	if (*text) {
		label(c, title);
		text_puts(c->out, text);
		putc('\n', c->out);
	}
}

static void print_loaded(struct ctl *c, const struct props *p)
{
	const char *load = props_string(p, "LoadState");
	const char *file = props_string(p, "FragmentPath");
	const char *enabled = props_string(p, "UnitFileState");
	const struct value *error = props_find(p, "LoadError");

	label(c, "Loaded");
	text_puts(c->out, load);
	if (error && error->n == 2 && error->items[1].kind == VALUE_STRING && *error->items[1].s) {
		fputs(" (Reason: ", c->out);
		text_puts(c->out, error->items[1].s);
		fputs(")", c->out);
	} else if (*file) {
		fputs(" (", c->out);
		text_puts(c->out, file);
		fputs(*enabled ? "; " : "", c->out);
		text_puts(c->out, enabled);
		fputs(")", c->out);
	} else if (strcmp(load, "not-found") == 0) {
		fputs(" (Reason: no unit file of this name)", c->out);
	}
	putc('\n', c->out);
}

static void print_dropins(struct ctl *c, const struct props *p)
{
	const struct value *v = props_find(p, "DropInPaths");
	const char *directory = "";
	size_t length = 0;

	for (size_t i = 0; v && v->kind == VALUE_ARRAY && i < v->n; i++) {
		const char *path = v->items[i].kind == VALUE_STRING ? v->items[i].s : "";
		const char *base = strrchr(path, '/');
		bool last = i + 1 == v->n;

		if (!base) {
			continue;
		}
		if (length != (size_t)(base - path) || strncmp(directory, path, length) != 0) {
			if (i == 0) {
				label(c, "Drop-In");
			} else {
				fprintf(c->out, "%13s", "");
			}
			text_print(c->out, path, (size_t)(base - path), 0);
			putc('\n', c->out);
			directory = path;
			length = (size_t)(base - path);
		}
		fprintf(c->out, "%13s%s", "", last ? "└─" : "├─");
		text_puts(c->out, base + 1);
		putc('\n', c->out);
	}
}

/* The timestamp that tells since when, by ActiveState. */
static usec_t since(const struct props *p)
{
	static const struct {
		const char *state, *property;
	} rows[] = {
		{ "active", "ActiveEnterTimestamp" },
		{ "reloading", "ActiveEnterTimestamp" },
		{ "inactive", "InactiveEnterTimestamp" },
		{ "failed", "InactiveEnterTimestamp" },
		{ "activating", "InactiveExitTimestamp" },
		{ "deactivating", "ActiveExitTimestamp" },
	};
	const char *active = props_string(p, "ActiveState");

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (strcmp(rows[i].state, active) == 0) {
			return props_u64(p, rows[i].property, 0);
		}
	}
	return props_u64(p, "StateChangeTimestamp", 0);
}

static void print_active(struct ctl *c, const struct props *p, usec_t now_us)
{
	const char *active = shown_state(p), *sub = props_string(p, "SubState");
	const char *result = props_string(p, "Result"), *frozen = props_string(p, "FreezerState");
	char point[WHEN_TEXT], ago[WHEN_TEXT];
	usec_t then = since(p);

	label(c, "Active");
	fputs(ctl_color(c, active), c->out);
	text_puts(c->out, active);
	if (*result && strcmp(result, "success") != 0) {
		fputs(" (Result: ", c->out);
		text_puts(c->out, result);
		fputs(")", c->out);
	} else if (*sub && strcmp(sub, active) != 0) {
		fputs(" (", c->out);
		text_puts(c->out, sub);
		fputs(")", c->out);
	}
	fputs(ctl_color_end(c), c->out);
	if (*frozen && strcmp(frozen, "running") != 0) {
		fputs(" (", c->out);
		text_puts(c->out, frozen);
		fputs(")", c->out);
	}
	if (then && then != USEC_INFINITY) {
		when_format(then, point);
		when_relative(then, now_us, ago);
		fprintf(c->out, " since %s; %s", point, ago);
	}
	putc('\n', c->out);
}

static void print_strings(
	struct ctl *c, const struct props *p, const char *property, const char *title)
{
	const struct value *v = props_find(p, property);

	for (size_t i = 0; v && v->kind == VALUE_ARRAY && i < v->n; i++) {
		if (i == 0) {
			label(c, title);
		} else {
			fprintf(c->out, "%13s", "");
		}
		value_print(c->out, "", &v->items[i]);
		putc('\n', c->out);
	}
}

static uint64_t field(const struct value *v, size_t i)
{
	const struct value *f = &v->items[i];

	return f->kind == VALUE_UNSIGNED ? f->u : f->kind == VALUE_SIGNED ? (uint64_t)f->i : 0;
}

/* Commands that have ended: "Process: 12 ExecStartPre=/bin/x -y (code=exited, status=0/SUCCESS)".
 */
static void print_processes(struct ctl *c, const struct props *p, const char *property)
{
	const struct value *v = props_find(p, property);
	char end[64];

	for (size_t i = 0; v && v->kind == VALUE_ARRAY && i < v->n; i++) {
		const struct value *row = &v->items[i];

		if (row->kind != VALUE_STRUCT || row->n < 10 || field(row, 7) == 0 ||
			field(row, 8) == 0) {
			continue;
		}
		label(c, "Process");
		fprintf(c->out, "%" PRIu64 " %s=", field(row, 7), property);
		value_print(c->out, "", &row->items[1]);
		exitcode_describe((int)field(row, 8), (int)field(row, 9), end, sizeof(end));
		fprintf(c->out, " (code=%s)\n", end);
	}
}

static void print_comm(FILE *out, uint64_t pid)
{
	char path[40], text[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%" PRIu64 "/comm", pid);
	file = fopen(path, "re");
	if (!file) {
		return;
	}
	if (fgets(text, sizeof(text), file)) {
		text[strcspn(text, "\n")] = '\0';
		fputs(" (", out);
		text_puts(out, text);
		fputs(")", out);
	}
	fclose(file);
}

static void print_main(struct ctl *c, const struct props *p)
{
	uint64_t pid = props_u64(p, "MainPID", 0), old = props_u64(p, "ExecMainPID", 0);
	int code = (int)props_u64(p, "ExecMainCode", 0);
	char end[64];

	if (pid) {
		label(c, "Main PID");
		fprintf(c->out, "%" PRIu64, pid);
		print_comm(c->out, pid);
		putc('\n', c->out);
	} else if (old && code) {
		exitcode_describe(code, (int)props_u64(p, "ExecMainStatus", 0), end, sizeof(end));
		label(c, "Main PID");
		fprintf(c->out, "%" PRIu64 " (code=%s)\n", old, end);
	}
}

bool status_is_down(const struct props *p)
{
	const char *active = props_string(p, "ActiveState");

	return strcmp(active, "inactive") == 0 || strcmp(active, "failed") == 0;
}

/* " (min: 1.0M, max: 2.0M, peak: 1.5M)": what is set and known. */
static void print_memory_rest(struct ctl *c, const struct props *p)
{
	static const struct {
		const char *name, *property;
	} rows[] = {
		{ "min", "MemoryMin" },
		{ "low", "MemoryLow" },
		{ "high", "MemoryHigh" },
		{ "max", "MemoryMax" },
		{ "swap max", "MemorySwapMax" },
		{ "available", "MemoryAvailable" },
		{ "peak", "MemoryPeak" },
		{ "swap", "MemorySwapCurrent" },
	};
	const char *before = " (";
	char buf[WHEN_TEXT];

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		uint64_t value = props_u64(p, rows[i].property, UINT64_MAX);
		bool zero = strstr(rows[i].property, "Max") || i == 5;

		if (value != UINT64_MAX && (value != 0 || zero)) {
			when_bytes(value, buf);
			fprintf(c->out, "%s%s: %s", before, rows[i].name, buf);
			before = ", ";
		}
	}
	fputs(*before == ',' ? ")\n" : "\n", c->out);
}

static void print_io(struct ctl *c, const struct props *p)
{
	uint64_t in = props_u64(p, "IOReadBytes", UINT64_MAX);
	uint64_t out = props_u64(p, "IOWriteBytes", UINT64_MAX);
	char read_text[WHEN_TEXT], write_text[WHEN_TEXT];

	if (in != UINT64_MAX && out != UINT64_MAX) {
		when_bytes(in, read_text);
		when_bytes(out, write_text);
		label(c, "IO");
		fprintf(c->out, "%s read, %s written\n", read_text, write_text);
	}
}

static void print_tasks(struct ctl *c, const struct props *p)
{
	uint64_t tasks = props_u64(p, "TasksCurrent", UINT64_MAX);
	uint64_t tasks_max = props_u64(p, "TasksMax", UINT64_MAX);

	if (tasks != UINT64_MAX) {
		label(c, "Tasks");
		fprintf(c->out, "%" PRIu64, tasks);
		if (tasks_max != UINT64_MAX) {
			fprintf(c->out, " (limit: %" PRIu64 ")", tasks_max);
		}
		putc('\n', c->out);
	}
}

/* Of a run that is over: what it has used, as systemctl has it, not what it uses. */
static void print_use(struct ctl *c, const struct props *p)
{
	uint64_t tasks = props_u64(p, "TasksCurrent", UINT64_MAX);
	uint64_t memory = props_u64(p, "MemoryCurrent", UINT64_MAX);
	uint64_t cpu = props_u64(p, "CPUUsageNSec", UINT64_MAX);
	bool over = status_is_down(p) && (tasks == 0 || tasks == UINT64_MAX);
	char buf[WHEN_TEXT];

	if (!over) {
		print_tasks(c, p);
	}
	if (!over && memory != UINT64_MAX) {
		when_bytes(memory, buf);
		label(c, "Memory");
		fputs(buf, c->out);
		print_memory_rest(c, p);
	}
	print_io(c, p);
	if (cpu != UINT64_MAX) {
		when_span(cpu / 1000000 * USEC_PER_MSEC, buf);
		label(c, "CPU");
		fprintf(c->out, "%s\n", buf);
	}
}

/* The condition or assertion that held back the last start. */
static void print_unmet(
	struct ctl *c, const struct props *p, const char *property, const char *title)
{
	const struct value *v = props_find(p, property);

	for (size_t i = 0; v && v->kind == VALUE_ARRAY && i < v->n; i++) {
		const struct value *row = &v->items[i];

		if (row->n != 5 || row->items[0].kind != VALUE_STRING ||
			row->items[3].kind != VALUE_STRING || row->items[4].kind != VALUE_SIGNED ||
			row->items[4].i >= 0) {
			continue;
		}
		label(c, title);
		text_puts(c->out, row->items[0].s);
		fprintf(c->out, "=%s%s",
			row->items[1].kind == VALUE_BOOL && row->items[1].b ? "|" : "",
			row->items[2].kind == VALUE_BOOL && row->items[2].b ? "!" : "");
		text_puts(c->out, row->items[3].s);
		fputs(" was not met\n", c->out);
	}
}

/* "/run/x.sock (Stream)", of sockets; what is watched, of paths. */
static void print_pairs(
	struct ctl *c, const struct props *p, const char *property, const char *title)
{
	const struct value *v = props_find(p, property);

	for (size_t i = 0; v && v->kind == VALUE_ARRAY && i < v->n; i++) {
		const struct value *row = &v->items[i];

		if (row->n == 2 && row->items[0].kind == VALUE_STRING &&
			row->items[1].kind == VALUE_STRING) {
			if (i) {
				fprintf(c->out, "%13s", "");
			} else {
				label(c, title);
			}
			text_puts(c->out, row->items[1].s);
			fputs(" (", c->out);
			text_puts(c->out, row->items[0].s);
			fputs(")\n", c->out);
		}
	}
}

static void print_connections(struct ctl *c, const struct props *p)
{
	if (props_bool(p, "Accept")) {
		label(c, "Accepted");
		fprintf(c->out, "%" PRIu64 "; Connected: %" PRIu64 "\n",
			props_u64(p, "NAccepted", 0), props_u64(p, "NConnections", 0));
	}
}

static void print_failure(struct ctl *c, const struct props *p)
{
	bool failed = strcmp(props_string(p, "ActiveState"), "failed") == 0;
	AUTO_FREE char *why = failed || *props_string(p, "FailureText") ? failure_text(p) : NULL;
	char span[WHEN_TEXT];

	if (why) {
		label(c, "Failure");
		fprintf(c->out, "%s\n", why);
	}
	if (failed && props_bool(p, "StartLimitHit")) {
		when_span(props_u64(p, "StartLimitIntervalUSec", 0), span);
		label(c, "Given up");
		fprintf(c->out,
			"after %" PRIu64 " restarts within %s (StartLimitBurst=, "
			"StartLimitIntervalSec=); supctl start tries again\n",
			props_u64(p, "StartLimitBurst", 0), span);
	}
}

/* A timer: when it is due. */
static void print_trigger(struct ctl *c, const struct props *p, usec_t now_us)
{
	char point[WHEN_TEXT], left[WHEN_TEXT];
	usec_t next;

	if (!props_find(p, "NextElapseUSecRealtime")) {
		return;
	}
	next = timers_next(p, now_us, clock_us(CLOCK_MONOTONIC));
	label(c, "Trigger");
	if (next == USEC_INFINITY) {
		fputs("n/a\n", c->out);
		return;
	}
	when_format(next, point);
	when_relative(next, now_us, left);
	fprintf(c->out, "%s; %s\n", point, left);
}

void status_print_unit(struct ctl *c, const struct props *p, usec_t now_us)
{
	static const char *const commands[] = { "ExecCondition", "ExecStartPre", "ExecStart",
		"ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost" };
	const char *active = shown_state(p), *description = props_string(p, "Description");
	const char *id = props_string(p, "Id");

	if (!c->o.plain) {
		fprintf(c->out, "%s%s%s ", ctl_color(c, active),
			dot_of(props_string(p, "ActiveState")), ctl_color_end(c));
	}
	text_puts(c->out, id);
	if (*description && strcmp(description, id) != 0) {
		fputs(" - ", c->out);
		text_puts(c->out, description);
	}
	putc('\n', c->out);
	print_loaded(c, p);
	print_text(c, p, "LoadWarning", "Warning");
	print_dropins(c, p);
	print_active(c, p, now_us);
	print_failure(c, p);
	if (!props_bool(p, "ConditionResult")) {
		print_unmet(c, p, "Conditions", "Condition");
	}
	if (!props_bool(p, "AssertResult")) {
		print_unmet(c, p, "Asserts", "Assert");
	}
	print_trigger(c, p, now_us);
	print_strings(c, p, "TriggeredBy", "TriggeredBy");
	print_strings(c, p, "Triggers", "Triggers");
	print_pairs(c, p, "Listen", "Listen");
	print_connections(c, p);
	print_pairs(c, p, "Paths", "Paths");
	print_strings(c, p, "Documentation", "Docs");
	for (size_t i = 0; i < ELEMENTSOF(commands); i++) {
		print_processes(c, p, commands[i]);
	}
	print_main(c, p);
	print_text(c, p, "StatusText", "Status");
	print_text(c, p, "Profile", "Profile");
	if (props_u64(p, "NRestarts", 0)) {
		label(c, "Restarts");
		fprintf(c->out, "%" PRIu64 "\n", props_u64(p, "NRestarts", 0));
	}
	print_use(c, p);
}
