// SPDX-License-Identifier: MIT
/*
 * run: a unit file of root's in RUNTIME/transient, a reload, a start. supd never sees the text. The
 * file goes when the unit is done: the loader gives each unit of that directory a clean-up that
 * removes it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/timeutil.h"
#include "diagnostics.h"
#include "exitcode.h"
#include "failure.h"
#include "jobwait.h"
#include "names.h"
#include "relay.h"
#include "runname.h"
#include "runoptions.h"
#include "text.h"
#include "unitwrite.h"
#include "verbs.h"

struct run {
	struct ctl *c;
	struct install_dirs dirs;
	struct setting_names names;
	struct relay relay;
	char unit[LIMIT_UNIT_NAME];
	const char *trigger_type;    /* "timer", "path", "socket"; NULL: none */
	char timer[LIMIT_UNIT_NAME]; /* the unit of that type; "" without one */
	char program[LIMIT_PATH];
};

static void run_fini(struct run *r)
{
	relay_fini(&r->relay);
	setting_names_fini(&r->names);
	install_dirs_fini(&r->dirs);
}

/* --unit, before anything else is looked at. */
static int given_name(struct run *r)
{
	const char *name = r->c->o.unit;

	if (!name) {
		return EXIT_OK;
	}
	if (names_complete(name, r->unit) < 0 || strcmp(strrchr(r->unit, '.'), ".service") != 0) {
		ctl_error(r->c, "%s: not the name of a service", name);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int choose_names(struct run *r)
{
	int e = r->c->o.unit ? 0 : run_name_next(r->dirs.transient, r->unit);

	if (e < 0) {
		ctl_error(r->c, "%s: cannot make a name: %s", r->dirs.transient,
			e == -EBUSY ? "all that there are for run are taken (see reset-failed)"
				    : strerror(-e));
		return EXIT_FAILED;
	}
	if (r->trigger_type && snprintf(r->timer, sizeof(r->timer), "%.*s.%s",
				       (int)(strrchr(r->unit, '.') - r->unit), r->unit,
				       r->trigger_type) >= (int)sizeof(r->timer)) {
		ctl_error(r->c, "%s: too long a name", r->unit);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

/* As execvp(3) would find it, made absolute: a unit file wants that. */
static int find_program(struct run *r, const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/')) {
		char *real = realpath(name, NULL);

		/* The name as given, where it is absolute: some programs look at it. */
		snprintf(r->program, sizeof(r->program), "%s", *name == '/' || !real ? name : real);
		free(real);
		return access(r->program, X_OK) == 0 && *r->program == '/' ? 0 : -ENOENT;
	}
	path = path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	while (*path) {
		size_t n = strcspn(path, ":");

		snprintf(r->program, sizeof(r->program), "%.*s/%s", (int)n, path, name);
		if (*path == '/' && access(r->program, X_OK) == 0) {
			return 0;
		}
		path += n + (path[n] == ':');
	}
	return -ENOENT;
}

static int add_properties(struct run *r, struct unit_text *text)
{
	struct ctl *c = r->c;

	for (size_t i = 0; i < c->o.n_properties; i++) {
		const char *value, *section;
		char setting[128];

		if (unit_write_split(c->o.properties[i], setting, sizeof(setting), &value) < 0) {
			ctl_error(c, "-p %s: not SETTING=VALUE", c->o.properties[i]);
			return EXIT_USAGE;
		}
		section = setting_names_section(&r->names, "service", setting);
		if (!section) {
			ctl_error(c, "-p %s: no such setting (see supd.unit(5))", setting);
			return EXIT_FAILED;
		}
		unit_text_add(text, "[%s]\n%s=%s\n", section, setting, value);
	}
	return EXIT_OK;
}

static void add_streams(const struct run *r, struct unit_text *text)
{
	if (r->relay.tty[0]) {
		unit_text_add(text,
			"StandardInput=tty\nStandardOutput=tty\nStandardError=tty\n"
			"TTYPath=%s\n",
			r->relay.tty);
	} else if (r->relay.dir[0]) {
		unit_text_add(text,
			"StandardInput=file:%s/in\nStandardOutput=file:%s/out\n"
			"StandardError=file:%s/err\n",
			r->relay.dir, r->relay.dir, r->relay.dir);
	}
}

static int make_text(struct run *r, int n, char *const *args, struct unit_text *text)
{
	const char *description = r->c->o.description;
	int code;

	unit_text_add(text, "# made by supctl run; removed when the unit is done\n[Unit]\n");
	unit_text_add(text, "Description=%s\n%s", description ? description : r->program,
		r->c->o.collect ? "CollectMode=inactive-or-failed\n" : "");
	unit_text_add(text, "[Service]\n");
	if (r->c->o.remain_after_exit) {
		unit_text_add(text, "RemainAfterExit=yes\n");
	}
	add_streams(r, text);
	code = run_add_options(r->c, &r->names, "service", text);
	code = code == EXIT_OK ? add_properties(r, text) : code;
	if (code != EXIT_OK) {
		return code;
	}
	unit_text_add(text, "[Service]\nExecStart=:@");
	unit_text_add_word(text, r->program);
	for (int i = 1; i < n; i++) {
		unit_text_add(text, " ");
		unit_text_add_word(text, args[i]);
	}
	unit_text_add(text, "\n");
	if (text->failed || (description && strpbrk(description, "\n\r"))) {
		ctl_error(r->c, "%s", text->failed ? strerror(ENOMEM) : "description: line break");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int write_file(struct run *r, const char *unit, const struct unit_text *text)
{
	const struct unit_write w = { unit, NULL, r->dirs.transient, text->data, text->size };
	int code = unit_write_check(r->c, &r->dirs, &w);

	return code == EXIT_OK ? unit_write_put(r->c, &w) : code;
}

static void unlink_file(const struct run *r, const char *unit)
{
	char path[LIMIT_PATH];

	snprintf(path, sizeof(path), "%s/%s", r->dirs.transient, unit);
	(void)unlink(path);
}

static int write_trigger(struct run *r)
{
	AUTO(unit_text_fini) struct unit_text text = { 0 };
	int code;

	unit_text_add(&text, "# made by supctl run\n[Unit]\nDescription=%s\n", r->unit);
	if (strcmp(r->trigger_type, "timer") == 0) {
		unit_text_add(&text, "[Timer]\nRemainAfterElapse=no\n");
	}
	code = run_add_options(r->c, &r->names, r->trigger_type, &text);
	if (code != EXIT_OK) {
		return code;
	}
	return text.failed ? EXIT_FAILED : write_file(r, r->timer, &text);
}

/* What failed stays to be looked at, with its file: reset-failed removes both. */
static bool has_failed(struct run *r)
{
	AUTO(props_fini) struct props p = { 0 };

	return ctl_unit_props(r->c, r->unit, &p, NULL) >= 0 &&
	       strcmp(props_string(&p, "ActiveState"), "failed") == 0;
}

/* Is there a unit of that name already, with a file of its own? */
static int refuse_known(struct run *r)
{
	AUTO(unitfiles_fini) struct unitfiles files = { .n = 0 };

	if (unitpath_find(&r->dirs.path, r->unit, &files) == 0) {
		const bool failed = has_failed(r);

		ctl_error(r->c, "%s: there is such a unit already: %s%s%s", r->unit, files.paths[0],
			failed ? "; it failed: supctl reset-failed " : "", failed ? r->unit : "");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int prepare(struct run *r, int n, char *const *args)
{
	AUTO(unit_text_fini) struct unit_text text = { 0 };
	struct ctl *c = r->c;
	int code = given_name(r), e;

	code = code == EXIT_OK ? ctl_connect(c) : code;
	code = code == EXIT_OK ? install_dirs_init(&r->dirs, c) : code;
	code = code == EXIT_OK ? setting_names_init(&r->names, c) : code;
	if (code == EXIT_OK && !r->dirs.transient) {
		ctl_error(c, "%s/transient is not in the unit path", c->o.runtime_dir);
		code = EXIT_FAILED;
	}
	code = code == EXIT_OK ? choose_names(r) : code;
	code = code == EXIT_OK ? refuse_known(r) : code;
	if (code == EXIT_OK && find_program(r, args[1]) < 0) {
		ctl_error(c, "%s: no such program", args[1]);
		code = EXIT_FAILED;
	}
	if (code != EXIT_OK) {
		return code;
	}
	e = c->o.pty || c->o.pipe ? relay_open(&r->relay, c->o.pty) : 0;
	if (e < 0) {
		ctl_error(c, "%s: %s", c->o.pty ? "pseudoterminal" : "pipes", strerror(-e));
		return EXIT_FAILED;
	}
	code = make_text(r, n, args, &text);
	code = code == EXIT_OK ? write_file(r, r->unit, &text) : code;
	if (code != EXIT_OK || !r->timer[0]) {
		return code;
	}
	code = write_trigger(r);
	if (code != EXIT_OK) {
		unlink_file(r, r->unit); /* alone it is nothing that anybody asked for */
	}
	return code;
}

/*
 * Starts the service and looks only whether it came to run: how it ended is told by wait_for_end().
 * A command may well be through before its start is.
 */
static int start_and_see(struct run *r)
{
	static const struct job_verb verb = { "start", "StartUnit", GOAL_UP };
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(job_set_fini) struct job_set set = { 0 };
	AUTO(props_fini) struct props p = { 0 };
	AUTO_FREE char *why = NULL;
	int e = job_set_init(&set, r->c, &verb, 1);

	if (e >= 0) {
		strcpy(set.jobs[0].unit, r->unit);
		e = job_set_request(&set, 0, &error);
	}
	e = e < 0 ? e : job_set_wait(&set);
	e = e < 0 ? e : ctl_unit_props(r->c, r->unit, &p, &error);
	if (e < 0) {
		return ctl_call_failed(r->c, r->unit, &error, e);
	}
	if (strcmp(set.jobs[0].result, "done") == 0 ||
		props_u64(&p, "ExecMainStartTimestampMonotonic", 0)) {
		return EXIT_OK;
	}
	why = failure_text(&p);
	ctl_error(r->c, "%s: %s", r->unit, why ? why : failure_of_job(set.jobs[0].result));
	return EXIT_FAILED;
}

static int start(struct run *r)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	struct ctl *c = r->c;
	char *args[] = { (char *)"start", r->timer[0] ? r->timer : r->unit, NULL };
	int code, e = diagnostics_reload(c, "", &error);

	if (e < 0) {
		code = ctl_call_failed(c, "daemon-reload", &error, e);
	} else if (r->timer[0] || !(c->o.wait || c->o.pty || c->o.pipe)) {
		code = verb_job(c, 2, args);
	} else {
		code = start_and_see(r);
	}
	if (code != EXIT_OK) {
		if (r->c->o.collect || !has_failed(r)) {
			unlink_file(r, r->unit);
		}
		if (r->timer[0]) {
			unlink_file(r, r->timer);
		}
		return code;
	}
	if (!c->o.quiet) {
		fprintf(c->err, "Running %s as unit: %s\n",
			r->timer[0] ? r->trigger_type : "service", args[1]);
	}
	return EXIT_OK;
}

/* ---- --wait ---- */

/* Ready properties of the unit when it is down; reconnects when supd was restarted. */
static int wait_down(struct run *r, struct props *ret)
{
	for (;;) {
		__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
		const char *active;
		int e = ctl_connect(r->c) == EXIT_OK ? ctl_unit_props(r->c, r->unit, ret, &error)
						     : -ENOTCONN;

		if (e < 0 && !ctl_is_lost(e)) {
			return ctl_call_failed(r->c, r->unit, &error, e);
		}
		active = e < 0 ? "" : props_string(ret, "ActiveState");
		if (e >= 0 && (strcmp(active, "inactive") == 0 || strcmp(active, "failed") == 0)) {
			return EXIT_OK;
		}
		props_fini(ret);
		if (e < 0) {
			ctl_disconnect(r->c);
			continue;
		}
		/* Signals of the unit wake us; whatever they say, it is asked again. */
		while (sd_bus_process(r->c->bus, NULL) > 0) {
		}
		(void)sd_bus_wait(r->c->bus, 200000);
	}
}

static int exit_code_of(const struct props *p)
{
	int code = (int)props_u64(p, "ExecMainCode", 0),
	    status = (int)props_u64(p, "ExecMainStatus", 0);

	if (code == 1) { /* CLD_EXITED */
		return status;
	}
	if (code > 1) {
		return 128 + status;
	}
	return strcmp(props_string(p, "Result"), "success") == 0 ? EXIT_OK : EXIT_FAILED;
}

static void say_result(struct run *r, const struct props *p)
{
	uint64_t from = props_u64(p, "ExecMainStartTimestampMonotonic", 0);
	uint64_t to = props_u64(p, "ExecMainExitTimestampMonotonic", 0);
	char text[128];

	fputs("Finished with result: ", r->c->err);
	text_puts(r->c->err, props_string(p, "Result"));
	putc('\n', r->c->err);
	if (props_u64(p, "ExecMainCode", 0)) {
		exitcode_describe((int)props_u64(p, "ExecMainCode", 0),
			(int)props_u64(p, "ExecMainStatus", 0), text, sizeof(text));
		fprintf(r->c->err, "Main process: %s\n", text);
	}
	if (to > from) {
		fprintf(r->c->err, "Service runtime: %llu.%03llus\n",
			(unsigned long long)((to - from) / USEC_PER_SEC),
			(unsigned long long)((to - from) / 1000 % 1000));
	}
}

static int wait_for_end(struct run *r)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(props_fini) struct props p = { 0 };
	int code = wait_down(r, &p);

	relay_finish(&r->relay);
	if (code != EXIT_OK) {
		return code;
	}
	if (!r->c->o.quiet) {
		say_result(r, &p);
	}
	if (r->c->o.collect) {
		(void)ctl_manager(r->c, "ResetFailedUnit", &error, NULL, "s", r->unit);
	}
	if (r->c->o.collect || strcmp(props_string(&p, "ActiveState"), "failed") != 0) {
		unlink_file(r, r->unit);
	}
	return exit_code_of(&p);
}

int verb_run(struct ctl *c, int n, char *const *args)
{
	AUTO(run_fini) struct run r = { .c = c, .relay = RELAY_NONE };
	bool streams = c->o.pty || c->o.pipe;
	int code, e;

	code = run_trigger_type(c, &r.trigger_type);
	if (code != EXIT_OK) {
		return code;
	}
	if (streams && r.trigger_type) {
		ctl_error(c, "--pty and --pipe do not go with a %s", r.trigger_type);
		return EXIT_USAGE;
	}
	code = prepare(&r, n, args);
	e = code == EXIT_OK && streams ? relay_start(&r.relay) : 0;
	if (e < 0) {
		ctl_error(c, "%s", strerror(-e));
		return EXIT_FAILED;
	}
	code = code == EXIT_OK ? start(&r) : code;
	return code == EXIT_OK && (c->o.wait || streams) && !r.timer[0] ? wait_for_end(&r) : code;
}
