// SPDX-License-Identifier: MIT
#include "loader_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "fstab.h"
#include "namemap.h"
#include "scan.h"
#include "unitfile.h"

#define ALIAS_DEPTH 8

/* The name that stands behind an alias, or the name itself; NULL without memory or in a loop. */
static const char *resolve(struct loader *l, const char *name)
{
	char buf[LIMIT_UNIT_NAME];

	for (int depth = 0; depth < ALIAS_DEPTH; depth++) {
		const struct scan_entry *entry = scan_get(&l->scan, name);
		struct unit_name_parts parts;

		if (entry && entry->alias_of) {
			if (unit_name_classify(entry->alias_of) == UNIT_NAME_TEMPLATE &&
				unit_name_split(name, &parts) == 0 && parts.instance_len) {
				name = arena_strndup(
					l->arena, name + parts.instance, parts.instance_len);
				if (!name || unit_name_instance(entry->alias_of, name, buf) != 0) {
					return NULL;
				}
				name = arena_strdup(l->arena, buf);
				continue;
			}
			name = entry->alias_of;
			continue;
		}
		if ((entry && (entry->fragment || entry->masked)) ||
			unit_name_template(name, buf) != 0) {
			return name;
		}
		entry = scan_get(&l->scan, buf);
		if (!entry || !entry->alias_of ||
			unit_name_classify(entry->alias_of) != UNIT_NAME_TEMPLATE) {
			return name;
		}
		unit_name_split(name, &parts);
		name = arena_strndup(l->arena, name + parts.instance, parts.instance_len);
		if (!name || unit_name_instance(entry->alias_of, name, buf) != 0) {
			return NULL;
		}
		name = arena_strdup(l->arena, buf);
		if (!name) {
			return NULL;
		}
	}
	return NULL;
}

/* The entry that holds a unit's fragment: its own, or its template's. */
static const struct scan_entry *fragment_entry(struct loader *l, const char *name)
{
	const struct scan_entry *entry = scan_get(&l->scan, name);
	char template_name[LIMIT_UNIT_NAME];

	if (entry && (entry->fragment || entry->masked || entry->fstab)) {
		return entry;
	}
	return unit_name_template(name, template_name) == 0 ? scan_get(&l->scan, template_name)
							    : NULL;
}

/* Slices and devices need no file. */
static bool exists_without_file(const char *name)
{
	int type = unit_type_from_name(name);

	return type == UNIT_SLICE || type == UNIT_DEVICE;
}

/* As loader_split_path() judges directories. */
static bool file_is_systemd(const char *file)
{
	char real[PATH_MAX];

	return strstr(realpath(file, real) ? real : file, "/systemd/") != NULL;
}

/* An alias of a template is one of each instance too: i@x.service is j@x.service. */
static int alias_instance(struct loader *l, struct unit *u)
{
	char template_name[LIMIT_UNIT_NAME], name[LIMIT_UNIT_NAME];
	struct unit_name_parts parts;
	const struct list *aliases;
	const char *instance;

	if (unit_name_template(u->name, template_name) != 0 ||
		!(aliases = namemap_get(&l->aliases, template_name)) ||
		unit_name_split(u->name, &parts) != 0) {
		return 0;
	}
	instance = arena_strndup(l->arena, u->name + parts.instance, parts.instance_len);
	for (size_t i = 0; instance && i < aliases->n; i++) {
		const char *of = ((const char *const *)aliases->items)[i];
		const char **row, *copy;

		if (unit_name_classify(of) != UNIT_NAME_TEMPLATE ||
			unit_name_instance(of, instance, name) != 0) {
			continue;
		}
		copy = arena_strdup(l->arena, name);
		row = copy ? list_push(l->arena, &u->aliases, sizeof(*row)) : NULL;
		if (!row) {
			return -ENOMEM;
		}
		*row = copy;
	}
	return instance ? 0 : -ENOMEM;
}

/* Drop-ins count all the same. */
static int load_without_file(const struct unitfile_context *c, struct unit *u)
{
	const struct scan_entry *entry = scan_get(c->scan, u->name);

	if (strcmp(u->name, "-.slice") == 0 || strcmp(u->name, "system.slice") == 0) {
		u->flags |= UNIT_PERPETUAL;
		u->flags &= ~(uint32_t)UNIT_DEFAULT_DEPENDENCIES;
	}
	if (u->type == UNIT_DEVICE && entry && entry->device_timeout_us) {
		u->job_running_timeout_us = entry->device_timeout_us;
	}
	return unitfile_load_bare(c, u);
}

static void set_timeout(uint64_t *to, uint64_t otherwise_us)
{
	*to = otherwise_us ? otherwise_us : *to;
}

int loader_load_unit(struct loader *l, const char *name, const char *path, struct unit **ret)
{
	const struct unitfile_context context = { l->opts, l->arena, l->d, &l->scan, l->host_used,
		&l->profiles, &l->chosen };
	const struct scan_entry *entry = fragment_entry(l, name);
	struct list *aliases = namemap_get(&l->aliases, name);
	struct unit *u = arena_alloc(l->arena, sizeof(*u)), **row;

	if (l->units.n >= LIMIT_UNITS) {
		return -E2BIG;
	}
	row = u ? list_push(l->arena, &l->units, sizeof(*row)) : NULL;
	if (!row || unit_init(u, l->arena, name) != 0 ||
		namemap_put(&l->loaded, l->arena, u->name, u) != 0) {
		return -ENOMEM;
	}
	*row = u;
	*ret = u;
	if (u->type == UNIT_DEVICE && l->opts->device_timeout_us) {
		u->job_running_timeout_us = l->opts->device_timeout_us;
	}
	if (u->service) {
		set_timeout(&u->service->timeout_start_us, l->opts->timeout_start_us);
		set_timeout(&u->service->timeout_stop_us, l->opts->timeout_stop_us);
	}
	if (aliases) {
		u->aliases = *aliases;
	}
	if (alias_instance(l, u) != 0) {
		return -ENOMEM;
	}
	u->from_systemd = path ? file_is_systemd(path) : entry && entry->systemd;
	if (!path && entry) {
		path = entry->fragment;
	}
	if (entry && entry->masked) {
		u->load_state = LOAD_MASKED;
		u->install_state = INSTALL_MASKED;
		return 0;
	}
	if (!path && exists_without_file(name)) {
		return load_without_file(&context, u);
	}
	if (!path && entry && entry->fstab) {
		return unitfile_load_fstab(&context, u, entry->fstab);
	}
	return unitfile_load(&context, u, path);
}

/* Loads a unit by any of its names, once. */
static int want_unit(struct loader *l, const char *name, struct unit **ret)
{
	const char *canonical = resolve(l, name);

	if (!canonical) {
		canonical = name;
	}
	*ret = namemap_get(&l->loaded, canonical);
	return *ret ? 0 : loader_load_unit(l, canonical, NULL, ret);
}

/* Every entry that is a symlink is an alias of what it resolves to. */
static int collect_aliases(struct loader *l)
{
	struct scan_entry *const *entries = l->scan.entries.items;

	for (size_t i = 0; i < l->scan.entries.n; i++) {
		const char *name = entries[i]->alias_of ? resolve(l, entries[i]->name) : NULL;
		struct diag_place place = { .unit = entries[i]->name };
		struct list *list;
		const char **row;

		if (!entries[i]->alias_of) {
			continue;
		}
		if (!name) {
			diag_add(l->d, &place, SEVERITY_ERROR,
				"alias leads in a circle, or over more than %d others",
				ALIAS_DEPTH);
			entries[i]->alias_of = NULL;
			continue;
		}
		list = namemap_get(&l->aliases, name);
		if (!list) {
			list = arena_alloc(l->arena, sizeof(*list));
			if (!list || namemap_put(&l->aliases, l->arena, name, list) != 0) {
				return -ENOMEM;
			}
		}
		row = list_push(l->arena, list, sizeof(*row));
		if (!row) {
			return -ENOMEM;
		}
		*row = entries[i]->name;
	}
	return 0;
}

bool loader_knows(struct loader *l, const char *name)
{
	const char *canonical = resolve(l, name);
	const struct scan_entry *entry = canonical ? fragment_entry(l, canonical) : NULL;

	return entry && (entry->fragment || entry->masked || entry->fstab);
}

/* Implied dependencies on what is not there are dropped; written ones make a not-found unit. */
static bool dep_counts(struct loader *l, const struct unit_dep *dep)
{
	const char *name = resolve(l, dep->name);

	if (!dep->implicit || exists_without_file(dep->name)) {
		return true;
	}
	if (name && namemap_get(&l->loaded, name)) {
		return true;
	}
	return loader_knows(l, dep->name);
}

/* Loads what a unit names. */
static int close_unit(struct loader *l, struct unit *u)
{
	struct unit_dep *deps = u->deps.items;
	size_t n = 0;

	for (size_t k = 0; k < u->deps.n; k++) {
		struct unit *other = NULL;
		int r;

		if (!dep_counts(l, &deps[k])) {
			continue;
		}
		r = want_unit(l, deps[k].name, &other);
		if (r != 0) {
			return r;
		}
		deps[n] = deps[k];
		deps[n++].name = other->name;
	}
	u->deps.n = n;
	return 0;
}

/* The number of a connection is not known before there is one. */
static void check_many(struct loader *l, struct unit *u)
{
	const struct unit_assignment *rows = u->assignments.items;

	for (size_t i = 0; i < u->assignments.n; i++) {
		struct diag_place place = { .file = u->fragment_path, .unit = u->name };
		const char *colon = strrchr(rows[i].origin, ':');
		char letter = specifier_of_instance(rows[i].value);

		if (!letter || strcmp(rows[i].name, "Description") == 0 ||
			strcmp(rows[i].name, "Documentation") == 0) {
			continue;
		}
		place.line = colon ? (uint32_t)strtoul(colon + 1, NULL, 10) : 0;
		diag_add(l->d, &place, SEVERITY_ERROR,
			"%s=: %%%c has no value here: connections number the instances; use "
			"$REMOTE_ADDR or standard input",
			rows[i].name, letter);
		u->refused = true;
		u->load_state = LOAD_BAD_SETTING;
		u->load_error = diag_format(l->arena, diag_first_error(l->d, u->name));
	}
}

/* Accept=yes: the template is compiled once, for all connections. */
static int mark_many(struct loader *l, const struct unit *socket)
{
	struct unit *u = NULL;
	int r = want_unit(l, socket->socket->service, &u);

	if (r != 0 || u->many || u->load_state != LOAD_LOADED || !u->is_template) {
		return r;
	}
	u->many = true;
	u->is_template = false;
	u->flags |= UNIT_MANY;
	check_many(l, u);
	return close_unit(l, u);
}

/* Loads what the units name; the list grows meanwhile. */
int loader_load_closure(struct loader *l)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->units.n; i++) {
		struct unit *u = ((struct unit **)l->units.items)[i];

		if (u->socket && u->socket->accept && !u->is_template &&
			u->load_state == LOAD_LOADED) {
			r = mark_many(l, u);
		}
		if (r == 0 && !u->is_template && !u->many) {
			r = close_unit(l, u);
		}
	}
	for (size_t i = 0; r == 0 && i < l->units.n; i++) {
		struct unit *u = ((struct unit **)l->units.items)[i];

		if (u->is_template) {
			list_reset(&u->deps);
		}
	}
	return r;
}

int loader_start(struct loader *l, const struct loader_options *opts, struct arena *arena,
	struct diagnostics *d)
{
	int r;

	*l = (struct loader) { .opts = opts, .arena = arena, .d = d };
	l->host_used = opts->host;
	if (!l->host_used) {
		specifier_host_read(&l->host);
		l->host_used = &l->host;
	}
	r = scan_dirs(opts, arena, d, &l->scan);
	if (r == 0 && opts->fstab) {
		r = fstab_scan(opts->fstab, arena, d, &l->scan);
	}
	if (r == 0 && opts->fstab_more) {
		r = fstab_scan(opts->fstab_more, arena, d, &l->scan);
	}
	return r == 0 ? collect_aliases(l) : r;
}

int loader_load_all(const struct loader_options *opts, struct arena *arena, struct diagnostics *d,
	struct unit_set *ret)
{
	struct loader l;
	int r = loader_start(&l, opts, arena, d);

	for (size_t i = 0; r == 0 && i < l.scan.entries.n; i++) {
		const struct scan_entry *entry = ((struct scan_entry **)l.scan.entries.items)[i];
		struct unit *u;

		if (entry->fragment || entry->masked || entry->named || entry->fstab) {
			r = want_unit(&l, entry->name, &u);
		}
	}
	r = r == 0 ? loader_load_closure(&l) : r;
	return r == 0 ? loader_finish_set(&l, ret) : r;
}

int loader_split_path(const char *text, struct arena *arena, struct loader_dir **ret, size_t *ret_n)
{
	struct list dirs = { 0 };

	while (*text) {
		size_t n = strcspn(text, ":");
		struct loader_dir *row;

		if (n > 0) {
			row = list_push(arena, &dirs, sizeof(*row));
			if (!row) {
				return -ENOMEM;
			}
			row->path = arena_strndup(arena, text, n);
			if (!row->path) {
				return -ENOMEM;
			}
			row->systemd = strstr(row->path, "/systemd/") != NULL;
		}
		text += n + (text[n] == ':');
	}
	*ret = dirs.items;
	*ret_n = dirs.n;
	return 0;
}
