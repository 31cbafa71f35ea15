// SPDX-License-Identifier: MIT
/* The links of [Install]: making and removing them. */
#include <errno.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/enumtable.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/unitname.h"
#include "install.h"

#define DEPTH_MAX 4

static const char *absolute(struct install *in, const char *link, const char *target)
{
	if (*target != '/') {
		target = arena_printf(
			in->arena, "%.*s%s", (int)(install_base_name(link) - link), link, target);
	}
	return target ? fsview_simplify(in->arena, target) : NULL;
}

/* Do two targets of a link mean the same file? */
static bool equivalent(struct install *in, const char *link, const char *a, const char *b)
{
	const char *x = absolute(in, link, a), *y = absolute(in, link, b);

	if (!x || !y || strcmp(x, y) == 0) {
		return x && y;
	}
	x = fsview_resolve(&in->view, x);
	y = fsview_resolve(&in->view, y);
	return x && y && strcmp(x, y) == 0;
}

int install_make_link(struct install *in, const char *path, const char *target, bool force)
{
	enum fsview_kind kind = fsview_look(&in->view, path);
	const char *there;
	int r;

	if (kind != FSVIEW_NONE) {
		there = kind == FSVIEW_LINK ? fsview_readlink(&in->view, path) : NULL;
		if (!there) {
			return install_add_error(in, -EEXIST, path, NULL);
		}
		if (equivalent(in, path, there, target)) {
			return 1;
		}
		if (!force) {
			return install_add_error(in, -EEXIST, path, there);
		}
		r = install_add_change(in, CHANGE_UNLINK, path, NULL);
		if (r < 0) {
			return r;
		}
	}
	r = install_add_change(in, CHANGE_LINK, path, target);
	r = r == 0 ? fsview_make_link(&in->view, path, target) : r;
	return r < 0 ? r : 1;
}

/* The specifiers of a name. NULL after an error, which is in the changes. */
static const char *expand(
	struct install *in, const struct install_info *info, const char *text, int *ret_error)
{
	struct specifier_unit unit = { install_instance_name(in, info), info->path, in->host };
	const char *expanded;
	char bad;
	int r = specifier_expand(&unit, text, in->arena, &expanded, &bad);

	if (r == 0) {
		return expanded;
	}
	*ret_error = install_add_error(in,
		r == -EINVAL   ? -EBADSLT
		: r == -ENOENT ? -EUNATCH
			       : r,
		text, NULL);
	return NULL;
}

/* Instance of a name, in the arena; NULL when it is none. */
static const char *instance_of(struct install *in, const char *name)
{
	struct unit_name_parts parts;

	if (unit_name_classify(name) != UNIT_NAME_INSTANCE || unit_name_split(name, &parts) != 0) {
		return NULL;
	}
	return arena_strndup(in->arena, name + parts.instance, parts.instance_len);
}

/* An alias must be of the unit's type and of its kind: plain, template or the same instance. */
static bool may_alias(struct install *in, const char *alias, const char *name)
{
	enum unit_name_kind a = unit_name_classify(alias), n = unit_name_classify(name);

	if (a == UNIT_NAME_INVALID || unit_type_from_name(alias) != unit_type_from_name(name)) {
		return false;
	}
	if (a == UNIT_NAME_INSTANCE && n == UNIT_NAME_INSTANCE) {
		return strcmp(instance_of(in, alias), instance_of(in, name)) == 0;
	}
	return a == n || (a == UNIT_NAME_INSTANCE && n == UNIT_NAME_TEMPLATE);
}

/* "x.wants/NAME": the way of old files to write WantedBy=. */
static bool may_alias_path(struct install *in, const char *alias, const char *name)
{
	const char *slash = strchr(alias, '/');
	const char *base = slash + 1;
	size_t n = (size_t)(slash - alias);
	char buf[LIMIT_UNIT_NAME];
	bool dir = (n > 6 && memcmp(slash - 6, ".wants", 6) == 0) ||
		   (n > 9 && memcmp(slash - 9, ".requires", 9) == 0);

	(void)in;
	if (!dir || strchr(base, '/') || !unit_name_is_valid(base)) {
		return false;
	}
	return strcmp(base, name) == 0 ||
	       (unit_name_template(base, buf) == 0 && strcmp(buf, name) == 0);
}

static int link_alias(struct install *in, const struct install_info *info, const char *text)
{
	char buf[LIMIT_UNIT_NAME];
	int r = 0;
	const char *alias = expand(in, info, text, &r);
	const char *instance = instance_of(in, info->name);
	const char *path;

	/* Its own name is no alias. */
	if (!alias || strcmp(alias, info->name) == 0) {
		return r;
	}
	/* The instance that is enabled is also that of an alias which is a template. */
	if (instance && unit_name_classify(alias) == UNIT_NAME_TEMPLATE &&
		unit_name_instance(alias, instance, buf) == 0) {
		alias = arena_strdup(in->arena, buf);
	}
	if (strchr(alias, '/') ? !may_alias_path(in, alias, info->name)
			       : !may_alias(in, alias, info->name)) {
		return install_add_error(in, -EXDEV, alias, info->name);
	}
	path = arena_printf(in->arena, "%s/%s", install_config_dir(in), alias);
	if (!path) {
		return -ENOMEM;
	}
	return install_make_link(in, path, info->path,
		(in->flags & INSTALL_FLAG_FORCE) || !fsview_resolve(&in->view, path));
}

/* The name in X.wants/, and which kinds of X are allowed. -ERFKILL: the instance is masked. */
static int wanted_name(
	struct install *in, const struct install_info *info, const char **ret, bool *ret_template)
{
	struct install_info instance = { 0 };
	int r;

	*ret = install_instance_name(in, info);
	*ret_template = unit_name_classify(*ret) == UNIT_NAME_TEMPLATE;
	if (strcmp(*ret, info->name) == 0) {
		return 0;
	}
	instance.name = *ret;
	r = install_search(in, NULL, &instance, SEARCH_FOLLOW_CONFIG);
	if (r == 0 && instance.mode == MODE_MASKED) {
		return install_add_error(in, -ERFKILL, instance.path, NULL);
	}
	return r < 0 ? install_add_error(in, r, instance.name, NULL) : 0;
}

static bool unit_exists(struct install *in, const char *name)
{
	struct install_info info = { .name = name };

	return install_search(in, NULL, &info, SEARCH_FOLLOW_CONFIG) == 0;
}

static int link_wanted(
	struct install *in, const struct install_info *info, const char *text, const char *suffix)
{
	bool is_template;
	const char *name, *by, *path;
	int error = 0, r = wanted_name(in, info, &name, &is_template);

	if (r < 0) {
		return r;
	}
	by = expand(in, info, text, &error);
	if (!by) {
		return error;
	}
	if (!unit_name_is_valid(by) || (is_template && unit_name_classify(by) == UNIT_NAME_PLAIN)) {
		if (in->flags & INSTALL_FLAG_PRESET) {
			return 0;
		}
		return unit_name_is_valid(by) ? install_add_error(in, -EIDRM, by, name)
					      : install_add_error(in, -EUCLEAN, by, NULL);
	}
	path = arena_printf(in->arena, "%s/%s%s%s", install_config_dir(in), by, suffix, name);
	r = path ? install_make_link(in, path, info->path, true) : -ENOMEM;
	if (r > 0 && !unit_exists(in, by)) {
		int noted = install_add_change(in, CHANGE_NO_DESTINATION, by, name);

		r = noted < 0 ? noted : r;
	}
	return r;
}

static void gather(int *sum, int r)
{
	*sum = *sum < 0 ? *sum : r < 0 ? r : *sum + r;
}

static int apply_info(struct install *in, const struct install_info *info)
{
	const struct {
		const struct list *list;
		const char *suffix;
	} kinds[] = {
		{ &info->wanted_by, ".wants/" },
		{ &info->required_by, ".requires/" },
		{ &info->upheld_by, ".upholds/" },
	};
	int sum = 0;

	/* A file from elsewhere is linked itself; that link is none that [Install] asks for. */
	if (!install_in_dir(in, info->path, NULL)) {
		int r = install_make_link(in,
			arena_printf(in->arena, "%s/%s", install_config_dir(in), info->name),
			info->path, in->flags & INSTALL_FLAG_FORCE);

		sum = r < 0 ? r : 0;
	}
	for (size_t i = 0; i < info->alias.n; i++) {
		gather(&sum, link_alias(in, info, ((const char **)info->alias.items)[i]));
	}
	for (size_t k = 0; k < ELEMENTSOF(kinds); k++) {
		const char *const *names = kinds[k].list->items;

		for (size_t i = 0; i < kinds[k].list->n; i++) {
			gather(&sum, link_wanted(in, info, names[i], kinds[k].suffix));
		}
	}
	return sum;
}

int install_apply(struct install *in, struct install_set *set, unsigned search)
{
	int sum = 0;

	for (; set->done < set->infos.n; set->done++) {
		struct install_info *info = ((struct install_info **)set->infos.items)[set->done];
		int r = install_traverse(in, set, info, search, NULL);

		if (r < 0 && info->auxiliary) {
			r = install_add_change(in, CHANGE_AUXILIARY, info->name, NULL);
			gather(&sum, r);
			continue;
		}
		if (r < 0) {
			return install_add_error(in, r, info->name, NULL);
		}
		if (info->mode == MODE_MASKED) {
			r = install_add_change(in, CHANGE_MASKED, info->path, NULL);
			gather(&sum, r < 0 ? r : 1);
			continue;
		}
		if (info->mode == MODE_REGULAR) {
			gather(&sum, apply_info(in, info));
		}
	}
	return sum;
}

/* ---- removing ---- */

/* 1: it was not there yet. */
static int mark(struct install *in, struct list *marks, const char *name)
{
	const char **row;

	if (install_is_list_name(marks, name)) {
		return 0;
	}
	row = list_push(in->arena, marks, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = name;
	return 1;
}

struct removal {
	struct install *in;
	struct list *marks;
	bool again;
};

static bool is_marked(struct removal *rm, const char *path, const char *name)
{
	const char *target = fsview_resolve(&rm->in->view, path);
	char buf[LIMIT_UNIT_NAME];

	if (install_is_list_name(rm->marks, name)) {
		return true;
	}
	if (unit_name_template(name, buf) == 0 && install_is_list_name(rm->marks, buf)) {
		return true;
	}
	return target && (install_is_list_name(rm->marks, target) ||
				 install_is_list_name(rm->marks, install_base_name(target)));
}

static int remove_in(struct removal *rm, const char *dir, int depth);

static int remove_entry(struct removal *rm, const char *path, int depth)
{
	struct install *in = rm->in;
	enum fsview_kind kind = fsview_look(&in->view, path);
	const char *name = install_base_name(path);
	int r;

	if (kind == FSVIEW_DIR) {
		return depth < DEPTH_MAX ? remove_in(rm, path, depth + 1) : 0;
	}
	if (kind != FSVIEW_LINK || !unit_name_is_valid(name) || !is_marked(rm, path, name)) {
		return 0;
	}
	r = install_add_change(in, CHANGE_UNLINK, path, NULL);
	r = r == 0 ? fsview_remove(&in->view, path) : r;
	r = r == 0 ? mark(in, rm->marks, path) : r;
	rm->again = rm->again || r > 0;
	return r < 0 ? r : 0;
}

static int remove_in(struct removal *rm, const char *dir, int depth)
{
	struct list names = { 0 };
	int r = fsview_list(&rm->in->view, dir, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *path =
			arena_printf(rm->in->arena, "%s/%s", dir, ((const char **)names.items)[i]);

		r = path ? remove_entry(rm, path, depth) : -ENOMEM;
	}
	return r;
}

int install_remove_marked(struct install *in, struct list *marks)
{
	struct removal rm = { in, marks, marks->n > 0 };
	int r = 0;

	while (r == 0 && rm.again) {
		rm.again = false;
		r = remove_in(&rm, install_config_dir(in), 0);
	}
	return r;
}

/* The unit's name is marked also when there is no such unit (any more): its links go. */
static int mark_info(
	struct install *in, struct install_set *set, struct install_info *info, struct list *marks)
{
	unsigned search = SEARCH_FOLLOW_CONFIG | (set->keep_also ? 0 : SEARCH_LOAD);
	int r = install_traverse(in, set, info, search, NULL);
	const char *what = info->path ? info->path : info->name;
	int error = 0;

	if (r == -ENOLINK) {
		r = install_add_change(in, CHANGE_DANGLING, what, NULL);
	} else if (r == -ENOENT && info->auxiliary) {
		r = 0;
	} else if (r < 0 && r != -ENOMEM) {
		error = install_add_error(in, r, what, NULL);
		r = 0;
	} else if (r == 0 && info->mode == MODE_MASKED) {
		return install_add_change(in, CHANGE_MASKED, what, NULL);
	} else if (r == 0 && info->mode != MODE_REGULAR) {
		return 0;
	}
	r = r < 0 ? r : mark(in, marks, info->name);
	return r < 0 ? r : error;
}

int install_remove(struct install *in, struct install_set *set)
{
	struct list marks = { 0 };
	int first = 0, r;

	for (; set->done < set->infos.n; set->done++) {
		struct install_info *info = ((struct install_info **)set->infos.items)[set->done];

		r = mark_info(in, set, info, &marks);
		if (r == -ENOMEM) {
			return r;
		}
		first = first < 0 ? first : r;
	}
	r = install_remove_marked(in, &marks);
	return first < 0 ? first : r;
}
