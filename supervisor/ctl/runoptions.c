// SPDX-License-Identifier: MIT
#include "runoptions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "ctl.h"
#include "exitcode.h"

/* What the option means: a setting of a unit of that type; NULL: the option names it. */
static const struct run_row {
	const char *option;
	const char *type;
	const char *setting;
} rows[] = {
	{ "gid", "service", "Group" },
	{ "nice", "service", "Nice" },
	{ "on-active", "timer", "OnActiveSec" },
	{ "on-boot", "timer", "OnBootSec" },
	{ "on-calendar", "timer", "OnCalendar" },
	{ "on-clock-change", "timer", "OnClockChange" },
	{ "on-startup", "timer", "OnStartupSec" },
	{ "on-timezone-change", "timer", "OnTimezoneChange" },
	{ "on-unit-active", "timer", "OnUnitActiveSec" },
	{ "on-unit-inactive", "timer", "OnUnitInactiveSec" },
	{ "path-property", "path", NULL },
	{ "same-dir", "service", "WorkingDirectory" },
	{ "service-type", "service", "Type" },
	{ "setenv", "service", "Environment" },
	{ "slice", "service", "Slice" },
	{ "socket-property", "socket", NULL },
	{ "timer-property", "timer", NULL },
	{ "uid", "service", "User" },
	{ "working-directory", "service", "WorkingDirectory" },
};

static const struct run_row *row_of(const char *option)
{
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (strcmp(rows[i].option, option) == 0) {
			return &rows[i];
		}
	}
	return NULL;
}

int run_trigger_type(struct ctl *c, const char **ret_type)
{
	const char *type = NULL;

	if (c->o.scope) {
		ctl_error(c, "--scope: supd starts what it supervises, a process that runs already "
			     "cannot become a unit; without --scope it is a service");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < c->o.n_settings; i++) {
		const struct run_row *row = row_of(c->o.settings[i].option);

		if (!row || strcmp(row->type, "service") == 0) {
			continue;
		}
		if (type && strcmp(type, row->type) != 0) {
			ctl_error(c, "--%s: the unit is started by a %s already, not by a %s too",
				row->option, type, row->type);
			return EXIT_USAGE;
		}
		type = row->type;
	}
	*ret_type = type;
	return EXIT_OK;
}

/* NAME=VALUE, or NAME alone: as it stands in our own environment. */
static int add_variable(struct ctl *c, const char *value, struct unit_text *text)
{
	const char *own = strchr(value, '=') ? "" : getenv(value);
	char line[4096];

	if (!own) {
		ctl_error(c, "--setenv=%s: there is no such variable", value);
		return EXIT_USAGE;
	}
	if (snprintf(line, sizeof(line), strchr(value, '=') ? "%s%s" : "%s=%s", value, own) >=
		(int)sizeof(line)) {
		ctl_error(c, "--setenv=%s: too long", value);
		return EXIT_USAGE;
	}
	unit_text_add(text, "[Service]\nEnvironment=");
	unit_text_add_word(text, line);
	unit_text_add(text, "\n");
	return EXIT_OK;
}

static int add_one(struct ctl *c, const struct setting_names *names, const struct run_row *row,
	const char *value, struct unit_text *text)
{
	char setting[128], here[4096];
	const char *section;

	if (row->setting) {
		snprintf(setting, sizeof(setting), "%s", row->setting);
	} else if (unit_write_split(value, setting, sizeof(setting), &value) < 0) {
		ctl_error(c, "--%s=%s: not SETTING=VALUE", row->option, value);
		return EXIT_USAGE;
	}
	section = setting_names_section(names, row->type, setting);
	if (!section) {
		ctl_error(c, "--%s=%s: no such setting of a %s (see supd.unit(5))", row->option,
			setting, row->type);
		return EXIT_USAGE;
	}
	if (strcmp(row->option, "setenv") == 0) {
		return add_variable(c, value, text);
	}
	if (strcmp(row->option, "same-dir") == 0 && !getcwd(here, sizeof(here))) {
		ctl_error(c, "--same-dir: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (!value) { /* a flag */
		value = strcmp(row->option, "same-dir") == 0 ? here : "yes";
	}
	unit_text_add(text, "[%s]\n%s=%s\n", section, setting, value);
	return EXIT_OK;
}

int run_add_options(
	struct ctl *c, const struct setting_names *names, const char *type, struct unit_text *text)
{
	for (size_t i = 0; i < c->o.n_settings; i++) {
		const struct run_row *row = row_of(c->o.settings[i].option);
		int code = row && strcmp(row->type, type) == 0
				   ? add_one(c, names, row, c->o.settings[i].value, text)
				   : EXIT_OK;

		if (code != EXIT_OK) {
			return code;
		}
	}
	return EXIT_OK;
}
