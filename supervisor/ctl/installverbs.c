// SPDX-License-Identifier: MIT
/* enable, disable, reenable, mask, unmask, preset, preset-all, link, revert, add-wants,
 * add-requires, set-default, get-default, is-enabled, list-unit-files. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"
#include "../../runtime/base/unitname.h"
#include "exitcode.h"
#include "install.h"
#include "names.h"
#include "nearunit.h"
#include "table.h"
#include "text.h"
#include "verbs.h"

static const struct install_verb {
	const char *name;
	const char *now;   /* job of --now, or NULL */
	bool wants_rules;  /* a unit without [Install] is worth a word */
	bool may_be_path;  /* operands may be paths of files */
	const char *doing; /* for messages */
} install_verbs[] = {
	{ "add-requires", NULL, false, false, "add dependency to" },
	{ "add-wants", NULL, false, false, "add dependency to" },
	{ "disable", "stop", false, false, "disable" },
	{ "enable", "start", true, true, "enable" },
	{ "link", NULL, false, true, "link" },
	{ "mask", "stop", false, false, "mask" },
	{ "preset", NULL, false, false, "preset" },
	{ "preset-all", NULL, false, false, "preset" },
	{ "reenable", "start", true, true, "reenable" },
	{ "revert", NULL, false, false, "revert" },
	{ "set-default", NULL, false, false, "set default" },
	{ "unmask", NULL, false, false, "unmask" },
};

static const struct install_verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(install_verbs); i++) {
		if (strcmp(install_verbs[i].name, name) == 0) {
			return &install_verbs[i];
		}
	}
	return NULL;
}

static void free_words(char ***words)
{
	for (char **w = *words; w && *w; w++) {
		free(*w);
	}
	free(*words);
}

/* A path as the caller sees it, made absolute; inside --root it must be absolute already. */
static char *complete_path(const struct ctl *c, const char *text)
{
	char *path = NULL, *cwd;

	if (*text == '/' || c->o.root) {
		return strdup(text);
	}
	cwd = get_current_dir_name();
	if (cwd && asprintf(&path, "%s/%s", cwd, text) < 0) {
		path = NULL;
	}
	free(cwd);
	return path;
}

/* The operands as full names or absolute paths, behind the verb. Exit code. */
static int complete(
	struct ctl *c, const struct install_verb *v, int n, char *const *args, char ***ret)
{
	AUTO(free_words) char **words = calloc((size_t)n + 1, sizeof(*words));
	char name[LIMIT_UNIT_NAME];

	for (int i = 0; words && i < n; i++) {
		bool path = i && v && v->may_be_path && strchr(args[i], '/');
		bool target = i && strcmp(args[0], "set-default") == 0 && !strchr(args[i], '.');

		if (i == 0) {
			words[i] = strdup(args[i]);
		} else if (path) {
			words[i] = complete_path(c, args[i]);
		} else if (names_is_pattern(args[i])) {
			ctl_error(c, "%s: %s takes no patterns", args[i], args[0]);
			return EXIT_FAILED;
		} else if (target && asprintf(&words[i], "%s.target", args[i]) < 0) {
			words[i] = NULL;
		} else if (!target && names_complete(args[i], name) < 0) {
			ctl_error(c, "%s: not a unit name", args[i]);
			return EXIT_FAILED;
		} else if (!target) {
			words[i] = strdup(name);
		}
		if (!words[i]) {
			ctl_error(c, "%s", strerror(ENOMEM));
			return EXIT_FAILED;
		}
	}
	*ret = TAKE_PTR(words);
	return EXIT_OK;
}

/* The last record's number of links that were asked for; 0 when there is none. */
static bool asks_for_links(const struct install_plan *plan)
{
	const char *cursor = plan->data, *end = cursor + plan->size;
	struct install_record record;
	bool links = false;

	while (install_next(&cursor, end, &record)) {
		if (strcmp(record.kind, "result") == 0) {
			links = strcmp(record.path, "0") != 0;
		}
	}
	return links;
}

static const char no_rules[] =
	"The unit files have no [Install] settings (WantedBy=, RequiredBy=, UpheldBy=, Also=,\n"
	"Alias=): there is nothing to enable. Such units are started by another unit, by a socket\n"
	"or timer, or by hand; a template without DefaultInstance= needs the name of an "
	"instance.\n";

static int start_now(struct ctl *c, const struct install_verb *v, int n, char **words)
{
	AUTO_FREE char **args = calloc((size_t)n + 1, sizeof(*args));

	if (!args) {
		return EXIT_FAILED;
	}
	args[0] = (char *)(uintptr_t)v->now;
	for (int i = 1; i < n; i++) {
		char *slash = strrchr(words[i], '/');

		args[i] = slash ? slash + 1 : words[i];
	}
	return verb_job(c, n, args);
}

int verb_install(struct ctl *c, int n, char *const *args)
{
	const struct install_verb *v = find_verb(args[0]);
	AUTO(install_dirs_fini) struct install_dirs d = { .persistent = NULL };
	AUTO(free_words) char **words = NULL;
	AUTO(install_plan_fini) struct install_plan plan = { NULL, 0 };
	int code, reloaded;

	if (c->o.now && (c->o.root || !v->now)) {
		ctl_error(c, c->o.root ? "--now and --root exclude each other"
				       : "--now goes with enable, reenable, disable and mask");
		return EXIT_FAILED;
	}
	code = complete(c, v, n, args, &words);
	code = code == EXIT_OK ? install_dirs_init(&d, c) : code;
	code = code == EXIT_OK ? install_plan_make(c, &d, n, words, &plan) : code;
	if (code != EXIT_OK) {
		return code;
	}
	code = install_carry_out(c, &d, v->doing, &plan);
	if (code == EXIT_OK && v->wants_rules && !c->o.quiet && !asks_for_links(&plan)) {
		fputs(no_rules, c->err);
	}
	reloaded = install_reload(c);
	code = code == EXIT_OK ? reloaded : code;
	return code == EXIT_OK && c->o.now ? start_now(c, v, n, words) : code;
}

/* ---- asking ---- */

/* Plans a verb that only asks. Exit code. */
static int ask(struct ctl *c, int n, char *const *args, struct install_plan *ret)
{
	AUTO(install_dirs_fini) struct install_dirs d = { .persistent = NULL };
	AUTO(free_words) char **words = NULL;
	int code = complete(c, NULL, n, args, &words);

	code = code == EXIT_OK ? install_dirs_init(&d, c) : code;
	return code == EXIT_OK ? install_plan_make(c, &d, n, words, ret) : code;
}

static void say_missing(struct ctl *c, const struct install_record *record)
{
	int error = atoi(record->error);
	char hint[NEAREST_HINT] = "";

	if (error == ENOENT) {
		nearest_unit(c, record->path, hint);
	}
	ctl_error(c, "%s: %s%s", record->path, strerror(error), hint);
}

int verb_is_enabled(struct ctl *c, int n, char *const *args)
{
	AUTO(install_plan_fini) struct install_plan plan = { NULL, 0 };
	struct install_record record;
	const char *cursor;
	bool enabled = false, absent = false;
	struct json j;
	int code = ask(c, n, args, &plan);

	if (code != EXIT_OK) {
		return code;
	}
	json_init(&j, c->out);
	if (c->o.json) {
		json_object(&j, NULL);
	}
	cursor = plan.data;
	while (install_next(&cursor, plan.data + plan.size, &record)) {
		bool missing = strcmp(record.kind, "error") == 0;

		if (missing && !c->o.json && !c->o.quiet) {
			say_missing(c, &record);
		}
		if (strcmp(record.kind, "state") != 0 && !missing) {
			continue;
		}
		absent = absent || missing;
		enabled = enabled || (!missing && exitcode_is_enabled(record.source) == EXIT_OK);
		if (c->o.json) {
			json_string(&j, record.path, missing ? "not-found" : record.source);
		} else if (!c->o.quiet) {
			text_puts(c->out, missing ? "not-found" : record.source);
			putc('\n', c->out);
		}
	}
	if (c->o.json) {
		json_end(&j);
	}
	return enabled && !absent ? EXIT_OK : EXIT_FAILED;
}

int verb_get_default(struct ctl *c, int n, char *const *args)
{
	AUTO(install_plan_fini) struct install_plan plan = { NULL, 0 };
	struct install_record record;
	const char *cursor;
	struct json j;
	int code = ask(c, n, args, &plan);

	if (code != EXIT_OK) {
		return code;
	}
	json_init(&j, c->out);
	cursor = plan.data;
	code = EXIT_FAILED;
	while (install_next(&cursor, plan.data + plan.size, &record)) {
		if (strcmp(record.kind, "error") == 0) {
			ctl_error(c, "%s: %s", record.path, strerror(atoi(record.error)));
		}
		if (strcmp(record.kind, "default") != 0) {
			continue;
		}
		code = EXIT_OK;
		if (c->o.json) {
			json_string(&j, NULL, record.path);
		} else {
			text_puts(c->out, record.path);
			putc('\n', c->out);
		}
	}
	return code;
}

static bool in_list(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *s = list; s; s = strchr(s, ',')) {
		s += *s == ',';
		if (strncmp(s, word, n) == 0 && (s[n] == '\0' || s[n] == ',')) {
			return true;
		}
	}
	return !list;
}

static bool is_shown(
	const struct ctl *c, const char *name, const char *state, int n, char *const *patterns)
{
	const char *type = strrchr(name, '.');
	bool match = n == 0;

	for (int i = 0; i < n && !match; i++) {
		char pattern[LIMIT_UNIT_NAME];

		match = names_complete_any(patterns[i], pattern) == 0 &&
			fnmatch(pattern, name, FNM_NOESCAPE) == 0;
	}
	return match && in_list(c->o.type, type ? type + 1 : "") && in_list(c->o.state, state);
}

static void file_json(struct json *j, const struct install_record *record, const char *name)
{
	json_object(j, NULL);
	json_string(j, "unit_file", name);
	json_string(j, "path", record->path);
	json_string(j, "state", record->source);
	json_string(j, "preset", record->error);
	json_end(j);
}

int verb_list_unit_files(struct ctl *c, int n, char *const *args)
{
	static const char *const titles[] = { "UNIT FILE", "STATE", "PRESET" };
	AUTO(table_fini) struct table t = { 0 };
	AUTO(install_plan_fini) struct install_plan plan = { NULL, 0 };
	struct install_record record;
	const char *cursor;
	struct json j;
	int code = ask(c, 1, args, &plan);
	size_t shown = 0;
	int r = 0;

	if (code != EXIT_OK) {
		return code;
	}
	table_init(&t, titles, ELEMENTSOF(titles));
	json_init(&j, c->out);
	if (c->o.json) {
		json_array(&j, NULL);
	}
	cursor = plan.data;
	while (r >= 0 && install_next(&cursor, plan.data + plan.size, &record)) {
		const char *slash = strrchr(record.path, '/');
		const char *name = slash ? slash + 1 : record.path;

		if (strcmp(record.kind, "state") != 0 ||
			!is_shown(c, name, record.source, n - 1, args + 1)) {
			continue;
		}
		shown++;
		if (c->o.json) {
			file_json(&j, &record, name);
		} else {
			r = table_add(&t, (const char *const[]) { name, record.source,
						  *record.error ? record.error : "-" });
		}
	}
	if (c->o.json) {
		json_end(&j);
	} else {
		table_print(&t, c->out, !c->o.no_legend);
	}
	if (!c->o.json && !c->o.no_legend) {
		fprintf(c->out, "\n%zu unit files listed.\n", shown);
	}
	return r < 0 || (n > 1 && !shown) ? EXIT_FAILED : EXIT_OK;
}
