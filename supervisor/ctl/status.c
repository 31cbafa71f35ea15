// SPDX-License-Identifier: MIT
/* status. */
#include "status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"
#include "advice.h"
#include "exitcode.h"
#include "logsource.h"
#include "nearunit.h"
#include "proctree.h"
#include "text.h"
#include "verbs.h"

/* More processes of one unit than this are not shown. */
#define PROCESSES_MAX 4096u

struct processes {
	struct proctree_process *list; /* strings belong to reply */
	size_t n;
	sd_bus_message *reply;
};

static void processes_fini(struct processes *p)
{
	free(p->list);
	sd_bus_message_unref(p->reply);
}

/* unit "": all. */
static int get_processes(struct ctl *c, const char *unit, struct processes *ret)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	struct proctree_process one;
	int r = ctl_manager(c, "GetUnitProcesses", &error, &ret->reply, "s", unit);

	if (r >= 0) {
		r = sd_bus_message_enter_container(ret->reply, 'a', "(sus)");
	}
	if (r < 0) {
		return r;
	}
	ret->list = calloc(PROCESSES_MAX, sizeof(*ret->list));
	if (!ret->list) {
		return -ENOMEM;
	}
	while (ret->n < PROCESSES_MAX && (r = sd_bus_message_read(ret->reply, "(sus)", &one.cgroup,
						  &one.pid, &one.command)) > 0) {
		ret->list[ret->n++] = one;
	}
	return r < 0 ? r : 0;
}

/* idle: the unit is down, and an empty group is not worth a line. */
static void print_cgroup(struct ctl *c, const char *unit, const char *cgroup, bool idle)
{
	AUTO(processes_fini) struct processes p = { .n = 0 };
	size_t columns = c->o.full || !c->columns ? 0 : c->columns > 40 ? c->columns - 24 : 20;

	if (!*cgroup || get_processes(c, unit, &p) < 0 || (idle && !p.n)) {
		return;
	}
	fprintf(c->out, "%11s: ", "CGroup");
	text_puts(c->out, cgroup);
	putc('\n', c->out);
	const struct proctree tree = { cgroup, p.list, p.n, "             ", columns };

	proctree_print(c->out, &tree);
}

/* What cannot be read (no rights, no log yet) is left out. */
static int open_log(struct ctl *c, const char *unit, struct logsource *ret)
{
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	long lines = c->o.lines >= 0 ? c->o.lines : (long)OPTIONS_LINES_DEFAULT;
	int r = unit_list_add(&units, unit);

	if (r >= 0) {
		r = logsource_open(ret, c, &units);
	}
	return r < 0 ? r : logsource_seek(ret, 0, lines);
}

static bool is_confined(const struct props *p)
{
	const char *profile = props_string(p, "Profile");

	return *profile && strcmp(profile, "trusted") != 0;
}

/* The hint's %s is the unit. */
static void print_hint(struct ctl *c, const char *hint, const char *unit)
{
	const char *place = strstr(hint, "%s");

	fprintf(c->out, "%.*s%s%s\n", place ? (int)(place - hint) : (int)strlen(hint), hint,
		place ? unit : "", place ? place + 2 : "");
}

/* The log's last lines, and of a unit that has failed what the last telling one points at. */
static void print_log(struct ctl *c, const char *unit, const struct props *p)
{
	AUTO(logsource_fini) struct logsource s = { .ops = NULL };
	bool failed = strcmp(props_string(p, "ActiveState"), "failed") == 0;
	const char *hint = NULL;
	struct log_entry e;

	if (c->o.lines == 0 || open_log(c, unit, &s) < 0) {
		return;
	}
	for (bool first = true; logsource_next(&s, &e) > 0; first = false) {
		if (first) {
			putc('\n', c->out);
		}
		log_entry_print(c->out, &e, LOG_FORMAT_SHORT);
		if (failed && strcmp(e.identifier, "supd") != 0) {
			const char *own = advice_of_line(e.message, e.size, is_confined(p));

			hint = own ? own : hint;
		}
	}
	if (hint) {
		fputs("\nHint: ", c->out);
		print_hint(c, hint, unit);
	}
}

static void processes_json(struct ctl *c, struct json *j, const char *unit)
{
	AUTO(processes_fini) struct processes p = { .n = 0 };

	json_array(j, "Processes");
	if (get_processes(c, unit, &p) >= 0) {
		for (size_t i = 0; i < p.n; i++) {
			json_object(j, NULL);
			json_string(j, "cgroup", p.list[i].cgroup);
			json_u64(j, "pid", p.list[i].pid);
			json_string(j, "command", p.list[i].command);
			json_end(j);
		}
	}
	json_end(j);
}

static void log_json(struct ctl *c, struct json *j, const char *unit)
{
	AUTO(logsource_fini) struct logsource s = { .ops = NULL };
	struct log_entry e;
	int r = open_log(c, unit, &s);

	json_array(j, "Log");
	while (r >= 0 && logsource_next(&s, &e) > 0) {
		json_object(j, NULL);
		json_u64(j, "realtime_us", e.realtime_us);
		json_string(j, "identifier", e.identifier);
		json_u64(j, "pid", e.pid);
		json_u64(j, "priority", e.priority);
		json_string_n(j, "message", e.message, e.size);
		json_end(j);
	}
	json_end(j);
}

static int show_unit(struct ctl *c, struct json *j, const char *unit)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(props_fini) struct props p = { 0 };
	int r = ctl_unit_props(c, unit, &p, &error);
	int code;

	if (r < 0) {
		return ctl_call_failed(c, unit, &error, r);
	}
	code = exitcode_status(props_string(&p, "LoadState"), props_string(&p, "ActiveState"));
	if (code == EXIT_NO_UNIT && !c->o.json) {
		nearest_say_missing(c, unit);
		return code;
	}
	if (c->o.json) {
		json_object(j, NULL);
		for (size_t i = 0; i < p.n; i++) {
			value_json(j, p.list[i].name, &p.list[i].value);
		}
		processes_json(c, j, unit);
		log_json(c, j, unit);
		json_end(j);
		return code;
	}
	status_print_unit(c, &p, clock_us(CLOCK_REALTIME));
	print_cgroup(c, unit, props_string(&p, "ControlGroup"), status_is_down(&p));
	print_log(c, unit, &p);
	return code;
}

static int show_manager(struct ctl *c)
{
	static const struct {
		const char *title, *property, *after;
	} rows[] = {
		{ "State", "SystemState", "" },
		{ "Units", "NNames", " loaded" },
		{ "Jobs", "NJobs", " queued" },
		{ "Failed", "NFailedUnits", " units" },
		{ "Since", "UserspaceTimestamp", "" },
		{ "Version", "Version", "" },
	};
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(props_fini) struct props p = { 0 };
	int r = ctl_props(c, CTL_PATH, &p, &error);
	char host[64] = "localhost";
	struct json j;
	const char *state;

	if (r < 0) {
		return ctl_call_failed(c, "status", &error, r);
	}
	if (c->o.json) {
		json_init(&j, c->out);
		json_object(&j, NULL);
		for (size_t i = 0; i < p.n; i++) {
			value_json(&j, p.list[i].name, &p.list[i].value);
		}
		json_end(&j);
		return EXIT_OK;
	}
	gethostname(host, sizeof(host) - 1);
	state = strcmp(props_string(&p, "SystemState"), "running") == 0 ? "active" : "failed";
	fprintf(c->out, "%s●%s %s\n", ctl_color(c, state), ctl_color_end(c), host);
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		const struct value *v = props_find(&p, rows[i].property);

		if (v) {
			fprintf(c->out, "%11s: ", rows[i].title);
			value_print(c->out, rows[i].property, v);
			fprintf(c->out, "%s\n", rows[i].after);
		}
	}
	print_cgroup(c, "", props_string(&p, "ControlGroup"), false);
	return EXIT_OK;
}

/* A number is a process: the unit that it belongs to. ret: the unit's name. */
static int unit_of_pid(struct ctl *c, const char *arg, char ret[LIMIT_UNIT_NAME])
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
	AUTO_FREE char *name = NULL;
	const char *path = NULL;
	uint32_t pid;
	int r;

	if (number_parse_u32(arg, &pid) < 0) {
		ctl_error(c, "%s: no number of a process", arg);
		return EXIT_FAILED;
	}
	r = ctl_manager(c, "GetUnitByPID", &error, &m, "u", pid);
	r = r < 0 ? r : sd_bus_message_read(m, "o", &path);
	if (r < 0) {
		ctl_call_failed(c, arg, &error, r);
		return EXIT_FAILED;
	}
	r = sd_bus_path_decode(path, CTL_UNIT_PATH, &name);
	snprintf(ret, LIMIT_UNIT_NAME, "%s", r > 0 ? name : "");
	return r > 0 ? EXIT_OK : EXIT_FAILED;
}

static int find_units(struct ctl *c, int n, char *const *args, struct unit_list *ret)
{
	AUTO_FREE char **named = calloc((size_t)n + 1, sizeof(*named));
	char name[LIMIT_UNIT_NAME];
	int code = named ? ctl_connect(c) : EXIT_FAILED;

	for (int i = 0; i < n && code == EXIT_OK; i++) {
		bool is_pid = *args[i] && strspn(args[i], "0123456789") == strlen(args[i]);

		code = is_pid ? unit_of_pid(c, args[i], name) : EXIT_OK;
		named[i] = strdup(is_pid && code == EXIT_OK ? name : args[i]);
		code = named[i] ? code : EXIT_FAILED;
	}
	code = code == EXIT_OK ? ctl_units_up(c, n, named, ret) : code;
	for (int i = 0; named && i < n; i++) {
		free(named[i]);
	}
	return code;
}

int verb_status(struct ctl *c, int n, char *const *args)
{
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	int code = find_units(c, n - 1, args + 1, &units);
	struct json j;

	if (code != EXIT_OK) {
		return code;
	}
	if (n == 1) {
		return show_manager(c);
	}
	json_init(&j, c->out);
	return ctl_show_units(c, &units, &j, show_unit);
}
