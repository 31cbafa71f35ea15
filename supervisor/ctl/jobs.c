// SPDX-License-Identifier: MIT
/* start, stop, restart, try-restart, reload and their kin. */
#include <errno.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/unitname.h"
#include "advice.h"
#include "diagnostics.h"
#include "exitcode.h"
#include "failure.h"
#include "jobwait.h"
#include "text.h"
#include "unitpath.h"
#include "verbs.h"

static const struct job_verb job_verbs[] = {
	{ "start", "StartUnit", GOAL_UP },
	{ "stop", "StopUnit", GOAL_DOWN },
	{ "restart", "RestartUnit", GOAL_ANEW },
	{ "try-restart", "TryRestartUnit", GOAL_UNCHANGED },
	{ "reload", "ReloadUnit", GOAL_UNCHANGED },
	{ "reload-or-restart", "ReloadOrRestartUnit", GOAL_UP },
	{ "try-reload-or-restart", "ReloadOrTryRestartUnit", GOAL_UNCHANGED },
	{ "force-reload", "ReloadOrTryRestartUnit", GOAL_UNCHANGED },
	{ "condrestart", "TryRestartUnit", GOAL_UNCHANGED },
};

static const struct job_verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(job_verbs); i++) {
		if (strcmp(job_verbs[i].name, name) == 0) {
			return &job_verbs[i];
		}
	}
	return NULL;
}

/*
 * An instance that nobody named: a symlink to its template, made with the caller's own rights,
 * then a reload. 0 when the unit may be asked for again; -errno.
 */
static int name_instance(struct job_set *s, const char *unit)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO_FREE char *template = NULL;
	AUTO_FREE char *link = NULL;
	int r = unitpath_find_template(s->c, unit, &template);

	if (r < 0) {
		return r;
	}
	r = unitpath_link_instance(s->c->o.runtime_dir, template, unit, &link);
	if (r < 0) {
		ctl_error(s->c, "%s: cannot make the link %s/units/%s: %s", unit,
			s->c->o.runtime_dir, unit, strerror(-r));
		return r;
	}
	r = diagnostics_reload(s->c, unit, &error);
	if (r < 0) {
		ctl_call_failed(s->c, unit, &error, r);
		unlink(link);
	}
	return r;
}

static bool is_unknown(const sd_bus_error *error)
{
	return sd_bus_error_has_name(error, "org.freedesktop.systemd1.NoSuchUnit");
}

static int request(struct job_set *s, size_t i)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	const char *unit = s->jobs[i].unit;
	int r = job_set_request(s, i, &error);
	bool starts = s->verb->goal == GOAL_UP || s->verb->goal == GOAL_ANEW;

	if (r < 0 && starts && is_unknown(&error) &&
		unit_name_classify(unit) == UNIT_NAME_INSTANCE && name_instance(s, unit) == 0) {
		sd_bus_error_free(&error);
		r = job_set_request(s, i, &error);
	}
	return r < 0 ? ctl_call_failed(s->c, unit, &error, r) : EXIT_OK;
}

/* "upper.service: start failed with result 'dependency': base.service failed" */
static void say_dependency(
	struct ctl *c, const struct job *j, const struct props *p, const char *verb)
{
	fprintf(c->err, "%s: %s failed with result 'dependency'", j->unit, verb);
	advice_print_needs(c, p);
	fputc('\n', c->err);
}

static void say_failed(struct ctl *c, const struct job *j, const struct job_verb *verb)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(props_fini) struct props p = { 0 };
	AUTO_FREE char *why = NULL;
	int r = ctl_unit_props(c, j->unit, &p, &error);

	if (strcmp(j->result, "failed") == 0 && r >= 0) {
		why = advice_of_trigger(c, &p);
		why = why ? why : failure_text(&p);
	}
	fflush(c->out);
	if (strcmp(j->result, "dependency") == 0 && r >= 0) {
		say_dependency(c, j, &p, verb->name);
		return;
	}
	fprintf(c->err, "%s: %s\n", j->unit, why ? why : failure_of_job(j->result));
	fprintf(c->err, "%s of %s: %s. See \"supctl status %s\" and \"supctl logs %s\".\n",
		verb->name, j->unit, failure_of_job(j->result), j->unit, j->unit);
}

static int report(struct job_set *s)
{
	int code = EXIT_OK;

	for (size_t i = 0; i < s->n; i++) {
		const struct job *j = &s->jobs[i];
		int own = j->requests ? exitcode_of_job(j->result) : EXIT_OK;

		if (own != EXIT_OK) {
			code = own;
			say_failed(s->c, j, s->verb);
		}
	}
	return code;
}

int verb_job(struct ctl *c, int n, char *const *args)
{
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	AUTO(job_set_fini) struct job_set set = { 0 };
	int code = ctl_units_up(c, n - 1, args + 1, &units);
	int waited, r;

	if (code != EXIT_OK) {
		return code;
	}
	r = job_set_init(&set, c, find_verb(args[0]), units.n);
	if (r < 0) {
		return ctl_call_failed(c, args[0], NULL, r);
	}
	for (size_t i = 0; i < units.n; i++) {
		int own;

		strcpy(set.jobs[i].unit, units.names[i]);
		own = request(&set, i);
		code = code == EXIT_OK ? own : code; /* the first one's, as systemctl */
	}
	if (c->o.no_block) {
		return code;
	}
	r = job_set_wait(&set);
	if (r < 0) {
		ctl_error(c, "lost the connection to supd and it does not come back: %s",
			strerror(-r));
		return EXIT_FAILED;
	}
	waited = report(&set);
	return waited != EXIT_OK ? waited : code;
}

int verb_isolate_target(struct ctl *c, int n, char *const *args)
{
	static const struct {
		const char *verb, *target;
	} rows[] = {
		{ "default", "default.target" },
		{ "rescue", "rescue.target" },
		{ "emergency", "emergency.target" },
	};

	(void)n;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (strcmp(rows[i].verb, args[0]) == 0) {
			char *isolate[] = { (char *)"isolate", (char *)(uintptr_t)rows[i].target,
				NULL };

			return verb_isolate(c, 2, isolate);
		}
	}
	return EXIT_FAILED;
}

int verb_isolate(struct ctl *c, int n, char *const *args)
{
	char *start[] = { (char *)"start", n > 1 ? args[1] : NULL, NULL };
	int code;

	c->suffix = ".target"; /* as systemctl */
	c->o.job_mode = "isolate";
	code = verb_job(c, n, start);
	c->suffix = NULL;
	return code;
}
