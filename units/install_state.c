// SPDX-License-Identifier: MIT
/* Whether a unit file is enabled, and by what. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/enumtable.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/unitname.h"
#include "install.h"

/* The administrator's directory of systemd, where ImportSystemdUnits= has it in the path: enabled
 * there is enabled. */
#define IMPORTED_DIR "/etc/systemd/system"

/* A link in a directory of the search path, or in one of its .wants/, .requires/, .upholds/. */
struct state_link {
	size_t dir; /* index in the search path */
	const char *name;
	const char *target; /* its last part; of an instance that is wanted: its template */
	bool wants;
};

/* All links by their name and by the last part of their target, so that a listing is linear. */
struct install_links {
	struct namemap by_name; /* name -> struct list of struct state_link * */
};

/* Looking for the links of one unit. */
struct hunt {
	struct install *in;
	const struct install_info *info;
	const struct list *links; /* struct state_link *, in the order of the search path */
	bool known_names;         /* only links that [Install] would make */
};

/* What was found in one directory. */
struct found {
	bool link;
	bool same_name; /* a link of the unit's own name to a file elsewhere */
};

static bool is_known_name(const struct hunt *h, const char *name)
{
	return strcmp(name, h->info->name) == 0 || install_is_list_name(&h->info->alias, name) ||
	       strcmp(name, install_instance_name(h->in, h->info)) == 0;
}

static struct found links_in(const struct hunt *h, size_t dir, bool below)
{
	struct found found = { false, false };

	for (size_t i = 0; h->links && i < h->links->n; i++) {
		const struct state_link *l = ((struct state_link **)h->links->items)[i];
		bool by_name = strcmp(l->name, h->info->name) == 0;
		bool by_target = strcmp(l->target, h->info->name) == 0;

		if (l->dir != dir) {
			continue;
		}
		if (!l->wants && by_name && by_target) {
			found.same_name = found.same_name || !below;
		} else if ((by_name && (l->wants || !below)) || by_target) {
			found.link = found.link || !h->known_names || is_known_name(h, l->name);
		}
	}
	return found;
}

static int add_key(
	struct install *in, struct install_links *links, const char *key, struct state_link *link)
{
	struct list *list = namemap_get(&links->by_name, key);
	struct state_link **row;

	if (!list) {
		list = arena_alloc(in->arena, sizeof(*list));
		if (!list || namemap_put(&links->by_name, in->arena, key, list) != 0) {
			return -ENOMEM;
		}
	}
	row = list_push(in->arena, list, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = link;
	return 0;
}

static int add_link(
	struct install *in, struct install_links *links, const char *path, struct state_link link)
{
	const char *target = fsview_readlink(&in->view, path);
	char template_name[LIMIT_UNIT_NAME];
	struct state_link *copy;
	int r;

	if (!target) {
		return 0;
	}
	link.target = install_base_name(target);
	if (link.wants) {
		link.target = unit_name_template(link.name, template_name) == 0
				      ? arena_strdup(in->arena, template_name)
				      : link.name;
	}
	copy = link.target ? arena_memdup(in->arena, &link, sizeof(link)) : NULL;
	r = copy ? add_key(in, links, copy->name, copy) : -ENOMEM;
	if (r == 0 && strcmp(copy->name, copy->target) != 0) {
		r = add_key(in, links, copy->target, copy);
	}
	return r;
}

static bool is_wants_dir(const char *name)
{
	static const char *const suffixes[] = { ".wants", ".requires", ".upholds" };
	size_t n = strlen(name);

	for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
		size_t len = strlen(suffixes[i]);

		if (n > len && strcmp(name + n - len, suffixes[i]) == 0) {
			return true;
		}
	}
	return false;
}

static int read_dir(
	struct install *in, struct install_links *links, const char *path, struct state_link link)
{
	struct list names = { 0 };
	int r = fsview_list_links(&in->view, path, &names);

	for (size_t i = 0; i < names.n && r == 0; i++) {
		const char *entry;

		link.name = ((const char **)names.items)[i];
		entry = arena_printf(in->arena, "%s/%s", path, link.name);
		if (!entry) {
			return -ENOMEM;
		}
		if (!link.wants && is_wants_dir(link.name)) {
			struct state_link inner = { .dir = link.dir, .wants = true };

			r = read_dir(in, links, entry, inner);
		} else {
			r = add_link(in, links, entry, link);
		}
	}
	return r;
}

static int read_links(struct install *in)
{
	const struct install_paths *p = in->paths;
	int r = 0;

	if (in->links) {
		return 0;
	}
	in->links = arena_alloc(in->arena, sizeof(*in->links));
	for (size_t i = 0; in->links && i < p->n && r == 0; i++) {
		struct state_link link = { .dir = i };

		if (!p->transient || strcmp(p->dirs[i], p->transient) != 0) {
			r = read_dir(in, in->links, p->dirs[i], link);
		}
	}
	return in->links ? r : -ENOMEM;
}

/* NULL: no link. */
static const char *hunt_links(struct install *in, const struct install_info *info, bool known)
{
	const struct list *links = namemap_get(&in->links->by_name, info->name);
	struct hunt h = { in, info, links, known };
	const struct install_paths *p = in->paths;
	bool runtime = false, anywhere = false, same_config = false, same_runtime = false;
	bool below = false;

	for (size_t i = 0; links && i < p->n; i++) {
		bool persistent_dir = strcmp(p->dirs[i], p->persistent) == 0 ||
				      strcmp(p->dirs[i], IMPORTED_DIR) == 0;
		bool runtime_dir = strcmp(p->dirs[i], p->runtime) == 0;
		struct found found = links_in(&h, i, below);

		if (found.link && persistent_dir) {
			return "enabled";
		}
		if (found.link) {
			runtime = runtime || runtime_dir;
			anywhere = anywhere || !runtime_dir;
		} else if (found.same_name) {
			same_config = same_config || persistent_dir;
			same_runtime = same_runtime || runtime_dir;
		}
		below = below || install_in_dir(in, info->path, p->dirs[i]);
	}
	if (runtime) {
		return "enabled-runtime";
	}
	/* A maker's link instantiates; of a plain name it would be an alias only. */
	if (anywhere && unit_name_classify(info->name) == UNIT_NAME_INSTANCE) {
		return "static";
	}
	return same_config ? "linked" : same_runtime ? "linked-runtime" : NULL;
}

static const char *state_of(struct install *in, const char *name, const struct install_info *info)
{
	const char *state;

	if (info->mode == MODE_MASKED) {
		return install_in_dir(in, info->path, in->paths->runtime) ? "masked-runtime"
									  : "masked";
	}
	if (strcmp(name, install_base_name(info->path)) != 0 &&
		unit_name_classify(info->name) != UNIT_NAME_INSTANCE) {
		return "alias";
	}
	if (in->paths->transient && install_in_dir(in, info->path, in->paths->transient)) {
		return "transient";
	}
	state = hunt_links(in, info, true);
	if (state) {
		return state;
	}
	if (hunt_links(in, info, false)) {
		return "indirect";
	}
	return install_has_rules(info) ? "disabled" : info->also.n ? "indirect" : "static";
}

int install_state(struct install *in, const char *name, const char **ret)
{
	struct install_set set = { 0 };
	struct install_info *info;
	int r = install_set_add(in, &set, name, &info);

	r = r == 0 ? install_traverse(in, &set, info, SEARCH_LOAD | SEARCH_FOLLOW_CONFIG, &info)
		   : r;
	r = r == 0 ? read_links(in) : r;
	if (r < 0) {
		return r;
	}
	*ret = state_of(in, name, info);
	return 0;
}

int install_state_known(struct install *in, const struct install_info *info, const char **ret)
{
	int r = read_links(in);

	if (r == 0) {
		*ret = state_of(in, info->name, info);
	}
	return r;
}

int install_get_default(struct install *in, const char **ret)
{
	struct install_set set = { 0 };
	struct install_info *info;
	int r = install_discover(in, &set, "default.target", SEARCH_FOLLOW_CONFIG, &info);

	if (r == 0) {
		*ret = info->name;
	}
	return r;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int install_list(struct install *in, struct list *ret)
{
	struct namemap seen = { 0 };
	int r = 0;

	for (size_t i = 0; i < in->paths->n && r == 0; i++) {
		struct list names = { 0 };

		r = fsview_list(&in->view, in->paths->dirs[i], &names);
		for (size_t k = 0; k < names.n && r == 0; k++) {
			const char *name = ((const char **)names.items)[k], **row;
			const char *path =
				arena_printf(in->arena, "%s/%s", in->paths->dirs[i], name);

			if (!path || !unit_name_is_valid(name) || namemap_get(&seen, name) ||
				fsview_look(&in->view, path) == FSVIEW_DIR) {
				continue;
			}
			row = list_push(in->arena, ret, sizeof(*row));
			r = row ? namemap_put(&seen, in->arena, name, (void *)(uintptr_t)path)
				: -ENOMEM;
			if (row) {
				*row = name;
			}
		}
	}
	if (ret->n > 1) {
		qsort(ret->items, ret->n, sizeof(const char *), compare_names);
	}
	return r;
}
