// SPDX-License-Identifier: MIT
/* logs. */
#include <errno.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "logsource.h"
#include "names.h"
#include "nearunit.h"
#include "verbs.h"
#include "when.h"

static int format_of(struct ctl *c, enum log_format *ret)
{
	int format = c->o.json ? LOG_FORMAT_JSON
			       : log_format_from_string(c->o.output ? c->o.output : "short");

	if (format < 0) {
		ctl_error(c, "%s: unknown output format; short, cat or json", c->o.output);
		return EXIT_FAILED;
	}
	*ret = (enum log_format)format;
	return EXIT_OK;
}

static int print_rest(struct ctl *c, struct logsource *s, enum log_format format, size_t *shown)
{
	struct log_entry e;
	int r;

	while ((r = logsource_next(s, &e)) > 0) {
		log_entry_print(c->out, &e, format);
		(*shown)++;
	}
	/* A reader that went away is seen here, not after the next million lines. */
	return fflush(c->out) != 0 ? -EPIPE : r;
}

static int show(
	struct ctl *c, struct logsource *s, usec_t since, enum log_format format, size_t *shown)
{
	long lines = c->o.lines;
	int r;

	if (lines < 0 && c->o.follow && !since) {
		lines = OPTIONS_LINES_DEFAULT;
	}
	r = logsource_seek(s, since, lines);
	if (r >= 0) {
		r = print_rest(c, s, format, shown);
	}
	while (r >= 0 && c->o.follow) {
		r = logsource_wait(s, -1);
		if (r >= 0) {
			r = print_rest(c, s, format, shown);
		} else if (r == -EINTR) {
			r = 0;
		}
	}
	return r;
}

/* Where supd can be asked and does not know a unit, that is worth an error. Exit code. */
static int check_known(struct ctl *c, const struct unit_list *units)
{
	int code = EXIT_OK;

	for (size_t i = 0; i < units->n && ctl_try_connect(c) >= 0; i++) {
		__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
		AUTO(props_fini) struct props p = { 0 };
		char hint[NEAREST_HINT];
		int r = ctl_unit_props(c, units->names[i], &p, &error);

		if (!sd_bus_error_has_name(&error, CTL_SERVICE ".NoSuchUnit") &&
			(r < 0 || strcmp(props_string(&p, "LoadState"), "not-found") != 0)) {
			continue;
		}
		nearest_unit(c, units->names[i], hint);
		ctl_error(c, "%s: no such unit, and nothing was logged of it%s", units->names[i],
			hint);
		code = EXIT_FAILED;
	}
	return code;
}

/* `logs -u UNIT`, as with journalctl. Exit code. */
static int add_unit_option(struct ctl *c, struct unit_list *units)
{
	char name[LIMIT_UNIT_NAME];

	if (names_complete(c->o.unit, name) < 0 || unit_list_add(units, name) < 0) {
		ctl_error(c, "--unit: %s: not a unit name", c->o.unit);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

/* What supd could add to the files is not worth a long wait for it. */
#define PATIENCE_US (2 * USEC_PER_SEC)

int verb_logs(struct ctl *c, int n, char *const *args)
{
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	AUTO(logsource_fini) struct logsource source = { .ops = NULL };
	enum log_format format;
	usec_t since = 0;
	size_t shown = 0;
	int code = format_of(c, &format);
	int r;

	if (code == EXIT_OK) {
		code = ctl_expand(c, n - 1, args + 1, &units);
	}
	if (code == EXIT_OK && c->o.unit) {
		code = add_unit_option(c, &units);
	}
	if (code != EXIT_OK) {
		return code;
	}
	if (c->o.since && when_parse(c->o.since, clock_us(CLOCK_REALTIME), &since) < 0) {
		ctl_error(c, "%s: not a time; try \"5 min ago\", -1h, today, \"2026-01-02 03:04\"",
			c->o.since);
		return EXIT_FAILED;
	}
	if (n > 1 && units.n == 0) {
		return EXIT_OK;
	}
	c->patience_us = PATIENCE_US;
	r = logsource_open(&source, c, &units);
	if (r >= 0) {
		r = show(c, &source, since, format, &shown);
	}
	if (r < 0 && r != -EPIPE) {
		ctl_error(c, "cannot read logs: %s", strerror(-r));
		return EXIT_FAILED;
	}
	return shown == 0 && !c->o.log_dir ? check_known(c, &units) : EXIT_OK;
}
