// SPDX-License-Identifier: MIT
/* set-property: settings of a unit as drop-ins 50-SETTING.conf. */
#include <errno.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "names.h"
#include "unitwrite.h"
#include "verbs.h"

/* All assignments of one setting: the first of them leads. */
struct property {
	const char *setting, *section;
	int first;
};

/* Is this assignment of the setting the first one on the command line? */
static bool is_first(char *const *args, int i, const char *setting)
{
	char other[128];
	const char *value;

	for (int k = 2; k < i; k++) {
		if (unit_write_split(args[k], other, sizeof(other), &value) == 0 &&
			strcmp(other, setting) == 0) {
			return false;
		}
	}
	return true;
}

static void add_assignments(
	struct unit_text *text, int n, char *const *args, const struct property *p)
{
	char setting[128];
	const char *value;

	unit_text_add(text, "# made by supctl set-property\n[%s]\n", p->section);
	for (int i = p->first; i < n; i++) {
		if (unit_write_split(args[i], setting, sizeof(setting), &value) == 0 &&
			strcmp(setting, p->setting) == 0) {
			unit_text_add(text, "%s=%s\n", setting, value);
		}
	}
}

/* One setting: text, check, and with put set the file itself. Exit code. */
static int set_one(struct ctl *c, const struct install_dirs *d, const struct unit_write *proto,
	const struct unit_text *text, bool put)
{
	struct unit_write w = *proto;

	if (text->failed) {
		ctl_error(c, "%s", strerror(ENOMEM));
		return EXIT_FAILED;
	}
	w.text = text->data;
	w.size = text->size;
	return put ? unit_write_put(c, &w) : unit_write_check(c, d, &w);
}

/* First all are checked, then all are written. */
static int each(struct ctl *c, const struct install_dirs *d, const struct setting_names *names,
	const char *unit, bool put)
{
	char *const *args = c->o.args;
	int n = (int)c->o.n_args, code = EXIT_OK;

	for (int i = 2; i < n && code == EXIT_OK; i++) {
		AUTO(unit_text_fini) struct unit_text text = { 0 };
		char setting[128], dropin[160];
		struct property p = { setting, NULL, i };
		struct unit_write w = { .unit = unit, .dropin = dropin };
		const char *value;

		if (unit_write_split(args[i], setting, sizeof(setting), &value) < 0) {
			ctl_error(c, "%s: not SETTING=VALUE", args[i]);
			return EXIT_USAGE;
		}
		p.section = setting_names_section(names, strrchr(unit, '.') + 1, setting);
		if (!p.section || strcmp(p.section, "Install") == 0) {
			ctl_error(c, "%s: no such setting of %s (see supd.unit(5))", setting, unit);
			return EXIT_FAILED;
		}
		if (!is_first(args, i, setting)) {
			continue;
		}
		snprintf(dropin, sizeof(dropin), "50-%s.conf", setting);
		w.dir = install_dirs_config(d, c);
		add_assignments(&text, n, args, &p);
		code = set_one(c, d, &w, &text, put);
	}
	return code;
}

int verb_set_property(struct ctl *c, int n, char *const *args)
{
	AUTO(install_dirs_fini) struct install_dirs d = { .persistent = NULL };
	AUTO(setting_names_fini) struct setting_names names = { NULL, 0 };
	char unit[LIMIT_UNIT_NAME];
	int code;

	(void)n;
	if (names_complete(args[1], unit) < 0) {
		ctl_error(c, "%s: not a unit name", args[1]);
		return EXIT_USAGE;
	}
	code = setting_names_init(&names, c);
	code = code == EXIT_OK ? install_dirs_init(&d, c) : code;
	code = code == EXIT_OK ? each(c, &d, &names, unit, false) : code;
	code = code == EXIT_OK ? each(c, &d, &names, unit, true) : code;
	return code == EXIT_OK ? install_reload(c) : code;
}
