// SPDX-License-Identifier: MIT
/* The verbs, each a plan. */
#include <errno.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/enumtable.h"
#include "../runtime/base/unitname.h"
#include "install.h"

#define SEARCH_ALL (SEARCH_LOAD | SEARCH_FOLLOW_CONFIG)

int install_enable(struct install *in, const struct install_names *names)
{
	struct install_set set = { 0 };

	for (size_t i = 0; i < names->n; i++) {
		struct install_info *info;
		int r = install_discover(in, &set, names->names[i], SEARCH_ALL, &info);

		r = r == 0 ? install_check(in, info) : r;
		if (r < 0) {
			return r;
		}
	}
	return install_apply(in, &set, SEARCH_LOAD);
}

int install_disable(struct install *in, const struct install_names *names)
{
	struct install_set set = { 0 };

	for (size_t i = 0; i < names->n; i++) {
		struct install_info *info;
		int r = install_set_add(in, &set, names->names[i], &info);

		if (r < 0) {
			return install_add_error(
				in, r == -EINVAL ? -EUCLEAN : r, names->names[i], NULL);
		}
	}
	return install_remove(in, &set);
}

/* A unit that is linked from elsewhere loses its link when it is disabled: its file is what is
 * enabled again. */
static const char *lasting_name(struct install *in, const char *name)
{
	struct install_set set = { 0 };
	struct install_info *info;

	if (*name == '/' || unit_name_classify(name) == UNIT_NAME_INSTANCE ||
		install_set_add(in, &set, name, &info) != 0 ||
		install_traverse(in, &set, info, SEARCH_FOLLOW_CONFIG, &info) != 0 ||
		info->mode != MODE_REGULAR) {
		return name;
	}
	return install_in_dir(in, info->path, NULL) ? name : info->path;
}

int install_reenable(struct install *in, const struct install_names *names)
{
	const char **bases = arena_alloc_array(in->arena, 2 * names->n + 1, sizeof(*bases));
	const char **files = bases + names->n;
	struct install_names plain = { bases, names->n }, lasting = { files, names->n };
	int r;

	for (size_t i = 0; bases && i < names->n; i++) {
		bases[i] = install_base_name(names->names[i]);
		files[i] = lasting_name(in, names->names[i]);
	}
	r = bases ? install_disable(in, &plain) : -ENOMEM;
	return r < 0 ? r : install_enable(in, &lasting);
}

static const char *config_path(struct install *in, const char *name)
{
	return arena_printf(in->arena, "%s/%s", install_config_dir(in), name);
}

int install_mask(struct install *in, const struct install_names *names)
{
	int first = 0;

	for (size_t i = 0; i < names->n; i++) {
		int r = -EINVAL;

		if (unit_name_is_valid(names->names[i])) {
			r = install_make_link(in, config_path(in, names->names[i]), "/dev/null",
				in->flags & INSTALL_FLAG_FORCE);
		} else {
			r = install_add_error(in, -EUCLEAN, names->names[i], NULL);
		}
		first = first < 0 || r > 0 ? first : r;
	}
	return first;
}

static int remove_marked(struct install *in, const char *path, struct list *marks)
{
	const char **row = list_push(in->arena, marks, sizeof(*row));
	int r = row ? install_add_change(in, CHANGE_UNLINK, path, NULL) : -ENOMEM;

	if (r == 0) {
		*row = path;
		r = fsview_remove(&in->view, path);
	}
	return r;
}

int install_unmask(struct install *in, const struct install_names *names)
{
	struct list marks = { 0 };
	int r = 0;

	for (size_t i = 0; i < names->n && r == 0; i++) {
		const char *path = config_path(in, names->names[i]), *target;
		enum fsview_kind kind;

		if (!unit_name_is_valid(names->names[i])) {
			return install_add_error(in, -EUCLEAN, names->names[i], NULL);
		}
		kind = path ? fsview_look(&in->view, path) : FSVIEW_NONE;
		if (kind == FSVIEW_LINK) {
			target = fsview_resolve(&in->view, path);
			kind = target && strcmp(target, "/dev/null") == 0 ? FSVIEW_EMPTY
			       : target ? fsview_look(&in->view, target)
					: FSVIEW_NONE;
		}
		if (kind == FSVIEW_EMPTY) {
			r = remove_marked(in, path, &marks);
		}
	}
	return r == 0 ? install_remove_marked(in, &marks) : r;
}

int install_link(struct install *in, const struct install_names *names)
{
	int sum = 0;

	for (size_t i = 0; i < names->n; i++) {
		const char *path = names->names[i], *base = install_base_name(path);
		enum fsview_kind kind;

		if (*path != '/' || !unit_name_is_valid(base)) {
			return install_add_error(in, -EINVAL, path, NULL);
		}
		kind = fsview_look(&in->view, path);
		if (kind != FSVIEW_FILE && kind != FSVIEW_EMPTY) {
			return install_add_error(in,
				kind == FSVIEW_NONE   ? -ENOENT
				: kind == FSVIEW_LINK ? -ELOOP
				: kind == FSVIEW_DIR  ? -EISDIR
						      : -EBADFD,
				path, NULL);
		}
	}
	for (size_t i = 0; i < names->n; i++) {
		const char *path = fsview_simplify(in->arena, names->names[i]);
		int r;

		if (!path || install_in_dir(in, path, NULL)) {
			continue;
		}
		r = install_make_link(in, config_path(in, install_base_name(path)), path,
			in->flags & INSTALL_FLAG_FORCE);
		sum = sum < 0 ? sum : r < 0 ? r : sum + r;
	}
	return sum;
}

/* ---- revert ---- */

static bool is_vendor(const struct install *in, const char *dir)
{
	const struct install_paths *p = in->paths;

	return strcmp(dir, p->persistent) != 0 && strcmp(dir, p->runtime) != 0 &&
	       (!p->transient || strcmp(dir, p->transient) != 0);
}

/* A file, link or drop-in directory that goes. */
static int drop(struct install *in, const char *path, struct list *marks)
{
	enum fsview_kind kind = fsview_look(&in->view, path);
	const char **row;
	int r;

	if (kind == FSVIEW_NONE) {
		return 0;
	}
	row = list_push(in->arena, marks, sizeof(*row));
	r = row ? install_add_change(
			  in, kind == FSVIEW_LINK ? CHANGE_UNLINK : CHANGE_REMOVE_TREE, path, NULL)
		: -ENOMEM;
	if (r == 0) {
		*row = path;
		r = fsview_remove(&in->view, path);
	}
	return r;
}

static int revert_one(struct install *in, const char *name, struct list *marks)
{
	const struct install_paths *p = in->paths;
	bool vendor = false;
	int r = 0;

	for (size_t i = 0; i < p->n && r == 0; i++) {
		const char *path = arena_printf(in->arena, "%s/%s", p->dirs[i], name);
		enum fsview_kind kind = path ? fsview_look(&in->view, path) : FSVIEW_NONE;

		if (is_vendor(in, p->dirs[i])) {
			vendor = vendor || kind == FSVIEW_FILE;
		} else {
			r = drop(in, arena_printf(in->arena, "%s.d", path), marks);
		}
	}
	for (size_t i = 0; i < p->n && r == 0 && vendor; i++) {
		const char *path = arena_printf(in->arena, "%s/%s", p->dirs[i], name);

		r = is_vendor(in, p->dirs[i]) ? 0 : drop(in, path, marks);
	}
	return r;
}

int install_revert(struct install *in, const struct install_names *names)
{
	unsigned flags = in->flags;
	struct list marks = { 0 };
	int r = 0;

	for (size_t i = 0; i < names->n && r == 0; i++) {
		r = unit_name_is_valid(names->names[i])
			    ? revert_one(in, names->names[i], &marks)
			    : install_add_error(in, -EUCLEAN, names->names[i], NULL);
	}
	for (unsigned runtime = 0; runtime < 2 && r == 0; runtime++) {
		in->flags = runtime ? flags | INSTALL_FLAG_RUNTIME : flags & ~INSTALL_FLAG_RUNTIME;
		r = install_remove_marked(in, &marks);
	}
	in->flags = flags;
	return r;
}

/* ---- targets ---- */

int install_set_default(struct install *in, const struct install_names *names)
{
	struct install_set set = { 0 };
	struct install_info *info;
	const char *name = names->names[0];
	int r;

	if (!unit_name_is_valid(name) || unit_type_from_name(name) != UNIT_TARGET ||
		strcmp(name, "default.target") == 0) {
		return install_add_error(in, -EINVAL, name, NULL);
	}
	r = install_discover(in, &set, name, 0, &info);
	r = r == 0 ? install_check(in, info) : r;
	if (r < 0) {
		return r;
	}
	return install_make_link(in,
		arena_printf(in->arena, "%s/default.target", in->paths->persistent), info->path,
		true);
}

static int add_dependency(struct install *in, const struct install_names *names, bool require)
{
	struct install_set targets = { 0 }, set = { 0 };
	struct install_info *target, *info;
	int r = install_discover(in, &targets, names->names[0], SEARCH_FOLLOW_CONFIG, &target);

	r = r == 0 ? install_check(in, target) : r;
	for (size_t i = 1; r == 0 && i < names->n; i++) {
		struct list *list;
		const char **row;

		r = install_discover(in, &set, names->names[i], SEARCH_FOLLOW_CONFIG, &info);
		r = r == 0 ? install_check(in, info) : r;
		if (r < 0) {
			return r;
		}
		list = require ? &info->required_by : &info->wanted_by;
		list_reset(list);
		row = list_push(in->arena, list, sizeof(*row));
		if (!row) {
			return -ENOMEM;
		}
		*row = target->name;
	}
	return r < 0 ? r : install_apply(in, &set, SEARCH_FOLLOW_CONFIG);
}

int install_add_wants(struct install *in, const struct install_names *names)
{
	return add_dependency(in, names, false);
}

int install_add_requires(struct install *in, const struct install_names *names)
{
	return add_dependency(in, names, true);
}

/* ---- presets ---- */

/* The directories of preset files: beside those of units, whichever maker's they are. */
static int read_presets(struct install *in)
{
	static const char *const own[] = { "/etc/supd/system-preset", "/run/supd/system-preset",
		"/usr/local/lib/supd/system-preset", "/usr/lib/supd/system-preset",
		"/etc/systemd/system-preset", "/run/systemd/system-preset",
		"/usr/local/lib/systemd/system-preset", "/usr/lib/systemd/system-preset",
		"/lib/systemd/system-preset" };
	bool systemd = false;

	if (in->presets) {
		return 0;
	}
	for (size_t i = 0; i < in->paths->n; i++) {
		systemd = systemd || strstr(in->paths->dirs[i], "/systemd/");
	}
	in->presets = arena_alloc(in->arena, sizeof(*in->presets));
	if (!in->presets) {
		return -ENOMEM;
	}
	return presets_read(in->presets, &in->view, own, systemd ? ELEMENTSOF(own) : 4);
}

struct preset_sets {
	struct install_set plus, minus;
};

static int add_all(struct install *in, struct install_set *set, const struct list *names)
{
	const char *const *rows = names->items;
	int r = 0;

	for (size_t i = 0; i < names->n && r == 0; i++) {
		struct install_info *info;

		r = install_discover(in, set, rows[i], SEARCH_ALL, &info);
		r = r == 0 ? install_check(in, info) : r;
	}
	return r;
}

static int prepare(struct install *in, struct preset_sets *sets, const char *name)
{
	struct install_set tmp = { 0 };
	struct install_info *info;
	const struct list *instances;
	struct list one = { &name, 1, 1 };
	int r = install_discover(in, &tmp, name, SEARCH_FOLLOW_CONFIG, &info);

	if (r < 0 || strcmp(info->name, name) != 0) {
		return r; /* an alias is left to the unit that is meant */
	}
	switch (presets_query(in->presets, name, &instances)) {
	case PRESET_ENABLE:
		return add_all(in, &sets->plus, instances ? instances : &one);
	case PRESET_DISABLE:
		return install_discover(in, &sets->minus, name, SEARCH_FOLLOW_CONFIG, &info);
	case PRESET_IGNORE:
	case PRESET_ACTION_COUNT:
		return 0;
	}
	return 0;
}

static int carry_out(struct install *in, struct preset_sets *sets)
{
	int r, q;

	sets->minus.keep_also = true;
	r = install_remove(in, &sets->minus);
	in->flags |= INSTALL_FLAG_PRESET;
	q = install_apply(in, &sets->plus, SEARCH_LOAD);
	return r < 0 ? r : q;
}

int install_preset(struct install *in, const struct install_names *names)
{
	struct preset_sets sets = { 0 };
	int r = read_presets(in);

	for (size_t i = 0; i < names->n && r == 0; i++) {
		r = unit_name_is_valid(names->names[i])
			    ? prepare(in, &sets, names->names[i])
			    : install_add_error(in, -EINVAL, names->names[i], NULL);
	}
	return r < 0 ? r : carry_out(in, &sets);
}

int install_preset_all(struct install *in, const struct install_names *names)
{
	struct preset_sets sets = { 0 };
	struct list files = { 0 };
	int r = read_presets(in);

	(void)names;
	r = r == 0 ? install_list(in, &files) : r;
	for (size_t i = 0; i < files.n && r == 0; i++) {
		r = prepare(in, &sets, ((const char **)files.items)[i]);
		/* What is masked, transient or broken is left as it is. */
		r = r == -ENOMEM ? r : 0;
	}
	return r < 0 ? r : carry_out(in, &sets);
}

int install_preset_state(struct install *in, const char *name, const char **ret)
{
	int r = read_presets(in);

	if (r < 0) {
		return r;
	}
	switch (presets_query(in->presets, name, NULL)) {
	case PRESET_ENABLE:
		*ret = "enabled";
		break;
	case PRESET_DISABLE:
		*ret = "disabled";
		break;
	case PRESET_IGNORE:
	case PRESET_ACTION_COUNT:
		*ret = "ignored";
		break;
	}
	return 0;
}
