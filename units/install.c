// SPDX-License-Identifier: MIT
/* Looking a unit up: its file, its [Install], what its links mean. */
#include "install.h"

#include <errno.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/enumtable.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/unitname.h"
#include "reader.h"
#include "words.h"

#define FOLLOW_MAX 64

void install_init(struct install *in, struct arena *arena, const char *root,
	const struct install_paths *paths)
{
	*in = (struct install) { .arena = arena, .paths = paths };
	fsview_init(&in->view, arena, root);
}

int install_add_change(
	struct install *in, enum install_change_kind kind, const char *path, const char *source)
{
	struct install_change *row = list_push(in->arena, &in->changes, sizeof(*row));

	if (!row) {
		return -ENOMEM;
	}
	*row = (struct install_change) { kind, path, source, 0 };
	return 0;
}

int install_add_error(struct install *in, int error, const char *path, const char *source)
{
	int r = install_add_change(in, CHANGE_ERROR, path, source);

	if (r == 0) {
		((struct install_change *)in->changes.items)[in->changes.n - 1].error = -error;
	}
	return r == 0 ? error : r;
}

const char *install_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *install_config_dir(const struct install *in)
{
	return in->flags & INSTALL_FLAG_RUNTIME ? in->paths->runtime : in->paths->persistent;
}

bool install_in_dir(const struct install *in, const char *path, const char *dir)
{
	size_t n = (size_t)(install_base_name(path) - path);

	for (size_t i = 0; !dir && i < in->paths->n; i++) {
		if (install_in_dir(in, path, in->paths->dirs[i])) {
			return true;
		}
	}
	return dir && n == strlen(dir) + 1 && strncmp(path, dir, n - 1) == 0;
}

/* Is it in one of the administrator's directories? */
static bool in_config(const struct install *in, const char *path)
{
	return install_in_dir(in, path, in->paths->persistent) ||
	       install_in_dir(in, path, in->paths->runtime);
}

int install_is_list_name(const struct list *list, const char *name)
{
	const char *const *rows = list->items;

	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(rows[i], name) == 0) {
			return 1;
		}
	}
	return 0;
}

bool install_has_rules(const struct install_info *info)
{
	return info->alias.n || info->wanted_by.n || info->required_by.n || info->upheld_by.n;
}

/* ---- the set ---- */

static struct install_info *install_set_find(const struct install_set *set, const char *name)
{
	struct install_info *const *rows = set->infos.items;

	for (size_t i = 0; i < set->infos.n; i++) {
		if (strcmp(rows[i]->name, name) == 0) {
			return rows[i];
		}
	}
	return NULL;
}

int install_set_add(struct install *in, struct install_set *set, const char *name_or_path,
	struct install_info **ret)
{
	const char *name = install_base_name(name_or_path);
	struct install_info *info = install_set_find(set, name), **row;

	if (!unit_name_is_valid(name)) {
		return -EINVAL;
	}
	if (!info) {
		info = arena_alloc(in->arena, sizeof(*info));
		row = list_push(in->arena, &set->infos, sizeof(*row));
		if (!info || !row) {
			return -ENOMEM;
		}
		info->name = name;
		*row = info;
	}
	if (name != name_or_path && !info->path) {
		info->path = fsview_simplify(in->arena, name_or_path);
	}
	*ret = info;
	return 0;
}

/* ---- [Install] ---- */

const char *install_instance_name(struct install *in, const struct install_info *info)
{
	char buf[LIMIT_UNIT_NAME];

	if (info->default_instance && unit_name_classify(info->name) == UNIT_NAME_TEMPLATE &&
		unit_name_instance(info->name, info->default_instance, buf) == 0) {
		return arena_strdup(in->arena, buf);
	}
	return info->name;
}

/* -EINVAL, -ENOENT: a specifier; then the text as written is kept and judged when it is used. */
static const char *expand(struct install *in, const struct install_info *info, const char *text)
{
	struct specifier_unit unit = { install_instance_name(in, info), info->path, in->host };
	const char *expanded;
	char bad;

	return specifier_expand(&unit, text, in->arena, &expanded, &bad) == 0 ? expanded : text;
}

static int add_word(struct install *in, struct install_info *info, struct list *list, char *text)
{
	const char **row = list_push(in->arena, list, sizeof(*row));

	if (!row) {
		return -ENOMEM;
	}
	*row = list == &info->also ? expand(in, info, text) : text;
	return 0;
}

static int take_list(struct install *in, struct install_info *info, struct list *list,
	const struct reader_line *line)
{
	const char *p = line->value;
	struct word word;
	int r;

	if (!*p) {
		list_reset(list);
		return 0;
	}
	while ((r = word_next(&p, line->value, in->arena, &word)) > 0) {
		r = add_word(in, info, list, word.text);
		if (r < 0) {
			return r;
		}
	}
	return r == -ENOMEM ? r : 0;
}

static void take_instance(struct install *in, struct install_info *info, const char *value)
{
	char buf[LIMIT_UNIT_NAME];
	const char *text;

	if (unit_name_classify(info->name) != UNIT_NAME_TEMPLATE) {
		return;
	}
	info->default_instance = NULL;
	text = expand(in, info, value);
	if (*text && unit_name_instance("x@.service", text, buf) == 0) {
		info->default_instance = text;
	}
}

static int take_line(struct install *in, struct install_info *info, const struct reader_line *line)
{
	const struct {
		const char *key;
		struct list *list;
	} keys[] = {
		{ "Alias", &info->alias },
		{ "Also", &info->also },
		{ "RequiredBy", &info->required_by },
		{ "UpheldBy", &info->upheld_by },
		{ "WantedBy", &info->wanted_by },
	};

	if (!line->key || strcmp(line->section, "Install") != 0) {
		return 0;
	}
	if (strcmp(line->key, "DefaultInstance") == 0) {
		take_instance(in, info, line->value);
	}
	for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
		if (strcmp(line->key, keys[i].key) == 0) {
			return take_list(in, info, keys[i].list, line);
		}
	}
	return 0;
}

static int read_install(struct install *in, struct install_info *info, const char *path)
{
	struct reader_file file = { .path = path, .unit = info->name };
	struct diagnostics ignored;
	struct list lines = { 0 };
	const struct reader_line *rows;
	int r = fsview_read(&in->view, path, &file.text, &file.size);

	if (r < 0) {
		return r;
	}
	diag_init(&ignored, in->arena);
	r = reader_parse(&file, in->arena, &ignored, &lines);
	rows = lines.items;
	for (size_t i = 0; r >= 0 && i < lines.n; i++) {
		r = take_line(in, info, &rows[i]);
	}
	return r < 0 ? r : 0;
}

static int add_also(struct install *in, struct install_set *set, struct install_info *info)
{
	const char *const *names = info->also.items;

	for (size_t i = 0; set && i < info->also.n; i++) {
		bool known = install_set_find(set, install_base_name(names[i])) != NULL;
		struct install_info *other;
		int r = install_set_add(in, set, names[i], &other);

		if (r == -ENOMEM) {
			return r;
		}
		if (r == 0 && !known) {
			other->auxiliary = true;
		}
	}
	return 0;
}

/* ---- the file ---- */

/* What lies at path: 0 with mode (and target) set; -ENOENT. */
static int judge(struct install *in, struct install_info *info, const char *path)
{
	enum fsview_kind kind = fsview_look(&in->view, path);
	const char *target;

	if (kind == FSVIEW_FILE || kind == FSVIEW_EMPTY) {
		info->mode = kind == FSVIEW_FILE ? MODE_REGULAR : MODE_MASKED;
		info->path = path;
		return 0;
	}
	if (kind != FSVIEW_LINK) {
		return kind == FSVIEW_DIR ? -EISDIR : -ENOENT;
	}
	target = fsview_readlink(&in->view, path);
	if (target && strcmp(target, "/dev/null") == 0) {
		info->mode = MODE_MASKED;
		info->path = path;
		return 0;
	}
	if (target && *target != '/') {
		target = arena_printf(
			in->arena, "%.*s%s", (int)(install_base_name(path) - path), path, target);
	}
	target = target ? fsview_simplify(in->arena, target) : NULL;
	if (!target) {
		return -ENOMEM;
	}
	info->target = target;
	info->path = path;
	kind = fsview_look(&in->view, target);
	if (kind == FSVIEW_EMPTY) {
		info->mode = MODE_MASKED;
	} else {
		info->mode = install_in_dir(in, target, NULL) ? MODE_ALIAS : MODE_LINKED;
	}
	return 0;
}

static int search_dirs(struct install *in, struct install_info *info, const char *name)
{
	for (size_t i = 0; i < in->paths->n; i++) {
		const char *path = arena_printf(in->arena, "%s/%s", in->paths->dirs[i], name);
		int r = path ? judge(in, info, path) : -ENOMEM;

		if (r != -ENOENT) {
			return r;
		}
	}
	return -ENOENT;
}

/* NAME.d/X.conf of all directories; the highest one of a file name counts. */
static int read_dropins(struct install *in, struct install_info *info, const char *name)
{
	struct list seen = { 0 };

	for (size_t i = 0; i < in->paths->n; i++) {
		const char *dir = arena_printf(in->arena, "%s/%s.d", in->paths->dirs[i], name);
		struct list names = { 0 };
		int r = dir ? fsview_list(&in->view, dir, &names) : -ENOMEM;

		for (size_t k = 0; r == 0 && k < names.n; k++) {
			const char *base = ((const char **)names.items)[k], **row;
			size_t n = strlen(base);

			if (n <= 5 || strcmp(base + n - 5, ".conf") != 0 ||
				install_is_list_name(&seen, base)) {
				continue;
			}
			row = list_push(in->arena, &seen, sizeof(*row));
			if (!row) {
				return -ENOMEM;
			}
			*row = base;
			(void)read_install(in, info, arena_printf(in->arena, "%s/%s", dir, base));
		}
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int load_install(struct install *in, struct install_set *set, struct install_info *info)
{
	char buf[LIMIT_UNIT_NAME];
	int r;

	info->loaded = true;
	r = read_install(in, info, info->path);
	if (r == 0 && unit_name_template(info->name, buf) == 0) {
		r = read_dropins(in, info, arena_strdup(in->arena, buf));
	}
	r = r == 0 ? read_dropins(in, info, info->name) : r;
	return r == 0 ? add_also(in, set, info) : r;
}

int install_search(
	struct install *in, struct install_set *set, struct install_info *info, unsigned search)
{
	char buf[LIMIT_UNIT_NAME];
	int r = 0;

	if (info->mode == MODE_UNKNOWN) {
		if (info->path) {
			r = judge(in, info, info->path);
		} else {
			r = search_dirs(in, info, info->name);
			if (r == -ENOENT && unit_name_template(info->name, buf) == 0) {
				r = search_dirs(in, info, arena_strdup(in->arena, buf));
			}
		}
	}
	if (r == 0 && info->mode == MODE_REGULAR && (search & SEARCH_LOAD) && !info->loaded) {
		r = load_install(in, set, info);
	}
	return r;
}

/* The name that an alias means for this name; NULL: the link is the unit's own. */
static const char *alias_name(struct install *in, const struct install_info *info)
{
	const char *base = install_base_name(info->target);
	struct unit_name_parts parts;
	char buf[LIMIT_UNIT_NAME];

	if (unit_name_classify(info->name) == UNIT_NAME_INSTANCE &&
		unit_name_classify(base) == UNIT_NAME_TEMPLATE &&
		unit_name_split(info->name, &parts) == 0) {
		const char *instance =
			arena_strndup(in->arena, info->name + parts.instance, parts.instance_len);

		if (!instance || unit_name_instance(base, instance, buf) != 0) {
			return base;
		}
		base = arena_strdup(in->arena, buf);
	}
	return base && strcmp(base, info->name) == 0 ? NULL : base;
}

/* One step along a link; *i becomes the unit behind it. */
static int follow(
	struct install *in, struct install_set *set, struct install_info **i, unsigned search)
{
	struct install_info *info = *i;
	const char *name = info->mode == MODE_LINKED ? NULL : alias_name(in, info);
	int r;

	if (!name) {
		info->path = info->target;
		info->mode = MODE_UNKNOWN;
		return install_search(in, set, info, search);
	}
	r = install_set_add(in, set, name, i);
	r = r == 0 ? install_search(in, set, *i, search) : r;
	return r == -ENOENT ? -ENOLINK : r;
}

int install_traverse(struct install *in, struct install_set *set, struct install_info *info,
	unsigned search, struct install_info **ret)
{
	int r = install_search(in, set, info, search);

	for (int n = 0; r == 0 && (info->mode == MODE_ALIAS || info->mode == MODE_LINKED); n++) {
		if (n >= FOLLOW_MAX) {
			return -ELOOP;
		}
		if (!(search & SEARCH_FOLLOW_CONFIG) && in_config(in, info->path)) {
			return -ELOOP;
		}
		r = follow(in, set, &info, search);
	}
	if (r == 0 && ret) {
		*ret = info;
	}
	return r;
}

int install_discover(struct install *in, struct install_set *set, const char *name, unsigned search,
	struct install_info **ret)
{
	struct install_info *info;
	int r = install_set_add(in, set, name, &info);

	r = r == 0 ? install_traverse(in, set, info, search, ret) : r;
	return r < 0 ? install_add_error(in, r, name, NULL) : 0;
}

int install_check(struct install *in, const struct install_info *info)
{
	if (info->mode == MODE_MASKED) {
		return install_add_error(in, -ERFKILL, info->path, NULL);
	}
	if (in->paths->transient && install_in_dir(in, info->path, in->paths->transient)) {
		return install_add_error(in, -EADDRNOTAVAIL, info->path, NULL);
	}
	return 0;
}
