// SPDX-License-Identifier: MIT
#include "preset.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/unitname.h"

#define SUFFIX ".preset"

struct preset_file {
	const char *base;
	const char *path;
};

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct preset_file *)a)->base, ((const struct preset_file *)b)->base);
}

static bool is_known(const struct list *files, const char *base)
{
	const struct preset_file *rows = files->items;

	for (size_t i = 0; i < files->n; i++) {
		if (strcmp(rows[i].base, base) == 0) {
			return true;
		}
	}
	return false;
}

static int add_files(struct fsview *v, const char *dir, struct list *files)
{
	struct list names = { 0 };
	int r = fsview_list(v, dir, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *name = ((const char **)names.items)[i];
		size_t n = strlen(name);
		struct preset_file *row;

		if (n <= strlen(SUFFIX) || strcmp(name + n - strlen(SUFFIX), SUFFIX) != 0 ||
			is_known(files, name)) {
			continue;
		}
		row = list_push(v->arena, files, sizeof(*row));
		if (!row) {
			return -ENOMEM;
		}
		row->base = name;
		row->path = arena_printf(v->arena, "%s/%s", dir, name);
	}
	return r;
}

static char *next_word(char **p)
{
	char *word = *p + strspn(*p, " \t\r");

	if (!*word) {
		return NULL;
	}
	*p = word + strcspn(word, " \t\r");
	if (**p) {
		*(*p)++ = '\0';
	}
	return word;
}

/* The instances behind the name of a template. */
static int add_instances(struct presets *p, struct fsview *v, char *rest, const char *pattern)
{
	struct preset_rule *rule = (struct preset_rule *)p->rules.items + p->rules.n - 1;
	char name[LIMIT_UNIT_NAME];
	char *word;

	while ((word = next_word(&rest))) {
		const char **row;

		if (unit_name_instance(pattern, word, name) != 0) {
			continue;
		}
		row = list_push(v->arena, &rule->instances, sizeof(*row));
		if (!row || !(*row = arena_strdup(v->arena, name))) {
			return -ENOMEM;
		}
	}
	return 0;
}

static int add_line(struct presets *p, struct fsview *v, char *line)
{
	static const char *const words[] = {
		[PRESET_ENABLE] = "enable",
		[PRESET_DISABLE] = "disable",
		[PRESET_IGNORE] = "ignore",
	};
	char *word = next_word(&line);
	char *pattern = word && !strchr("#;", *word) ? next_word(&line) : NULL;

	for (unsigned i = 0; pattern && i < PRESET_ACTION_COUNT; i++) {
		struct preset_rule *rule;

		if (strcmp(word, words[i]) != 0) {
			continue;
		}
		rule = list_push(v->arena, &p->rules, sizeof(*rule));
		if (!rule) {
			return -ENOMEM;
		}
		rule->action = (enum preset_action)i;
		rule->pattern = pattern;
		return i == PRESET_ENABLE ? add_instances(p, v, line, pattern) : 0;
	}
	return 0;
}

static int read_file(struct presets *p, struct fsview *v, const char *path)
{
	const char *real = fsview_resolve(v, path), *bytes;
	size_t size;
	char *text, *line;
	int r;

	if (!real) {
		return errno == ELOOP ? 0 : -ENOMEM;
	}
	r = fsview_read(v, real, &bytes, &size);
	if (r < 0) {
		return r == -ENOMEM ? r : 0;
	}
	text = arena_strndup(v->arena, bytes, size);
	if (!text) {
		return -ENOMEM;
	}
	while (r == 0 && (line = strsep(&text, "\n"))) {
		r = add_line(p, v, line);
	}
	return r;
}

int presets_read(struct presets *p, struct fsview *v, const char *const *dirs, size_t n)
{
	struct list files = { 0 };
	const struct preset_file *rows;
	int r = 0;

	*p = (struct presets) { 0 };
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = add_files(v, dirs[i], &files);
	}
	if (files.n > 1) {
		qsort(files.items, files.n, sizeof(struct preset_file), compare_files);
	}
	rows = files.items;
	for (size_t i = 0; r == 0 && i < files.n; i++) {
		r = rows[i].path ? read_file(p, v, rows[i].path) : -ENOMEM;
	}
	return r;
}

/* A rule with instances matches its template, and those of its instances. */
static bool matches_instances(const struct preset_rule *rule, const char *name)
{
	const char *const *names = rule->instances.items;

	if (rule->instances.n && strcmp(rule->pattern, name) == 0) {
		return true;
	}
	for (size_t i = 0; i < rule->instances.n; i++) {
		if (strcmp(names[i], name) == 0) {
			return true;
		}
	}
	return false;
}

enum preset_action presets_query(
	const struct presets *p, const char *name, const struct list **ret_instances)
{
	const struct preset_rule *rules = p->rules.items;

	if (ret_instances) {
		*ret_instances = NULL;
	}
	for (size_t i = 0; i < p->rules.n; i++) {
		bool listed = matches_instances(&rules[i], name);

		if (!listed && fnmatch(rules[i].pattern, name, FNM_NOESCAPE) != 0) {
			continue;
		}
		if (ret_instances && listed && unit_name_classify(name) == UNIT_NAME_TEMPLATE) {
			*ret_instances = &rules[i].instances;
		}
		return rules[i].action;
	}
	return PRESET_ENABLE;
}
