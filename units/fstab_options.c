// SPDX-License-Identifier: MIT
/* The fourth field of a line of fstab(5): what it means for the unit of that line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "defaults.h"
#include "fstab.h"
#include "values.h"

#define PREFIX "x-systemd."

const char *fstab_next_option(struct arena *arena, const char **cursor, const char *name)
{
	size_t n = strlen(name);

	while (**cursor) {
		const char *at = *cursor;
		size_t length = strcspn(at, ",");

		*cursor = at + length + (at[length] == ',');
		if (length >= n && strncmp(at, name, n) == 0 && (length == n || at[n] == '=')) {
			return length == n ? "" : arena_strndup(arena, at + n + 1, length - n - 1);
		}
	}
	return NULL;
}

const char *fstab_option(struct arena *arena, const struct fstab_row *row, const char *name)
{
	const char *at = row->options, *found = NULL, *value;

	while ((value = fstab_next_option(arena, &at, name)) != NULL) {
		found = value; /* the last one counts */
	}
	return found;
}

struct applying {
	const struct fstab_row *row;
	struct arena *arena;
	struct diagnostics *d;
	struct unit *u;
	struct diag_place place;
};

/* A unit's name, or a path: a device's below /dev, a mount's elsewhere. */
static const char *unit_of(struct arena *arena, const char *text)
{
	char name[LIMIT_UNIT_NAME];

	if (text[0] != '/') {
		return unit_name_is_valid(text) ? text : NULL;
	}
	if (unit_name_escape_path(text, name, sizeof(name) - sizeof(".device")) != 0) {
		return NULL;
	}
	return arena_printf(
		arena, "%s.%s", name, strncmp(text, "/dev/", 5) == 0 ? "device" : "mount");
}

static int add_dep(struct applying *a, enum dep_kind kind, const char *name, bool implicit)
{
	struct unit_dep dep = {
		.kind = kind, .name = name, .implicit = implicit, .origin = a->row->origin
	};

	return unit_add_dep(a->u, a->arena, &dep);
}

static int add_deps(struct applying *a)
{
	static const struct {
		const char *option;
		enum dep_kind kinds[2];
		unsigned n;
	} deps[] = {
		{ PREFIX "requires", { DEP_REQUIRES, DEP_AFTER }, 2 },
		{ PREFIX "after", { DEP_AFTER }, 1 },
		{ PREFIX "before", { DEP_BEFORE }, 1 },
	};
	int r = 0;

	for (size_t i = 0; i < ELEMENTSOF(deps); i++) {
		const char *at = a->row->options, *text, *name;

		while (r == 0 &&
			(text = fstab_next_option(a->arena, &at, deps[i].option)) != NULL) {
			name = unit_of(a->arena, text);
			if (!name) {
				diag_add(a->d, &a->place, SEVERITY_WARNING,
					"%s=%.64s is neither a unit nor a path", deps[i].option,
					text);
			}
			for (unsigned k = 0; name && r == 0 && k < deps[i].n; k++) {
				r = add_dep(a, deps[i].kinds[k], name, false);
			}
		}
	}
	return r;
}

static int add_mounts_for(struct applying *a)
{
	const char *at = a->row->options, *path;

	while ((path = fstab_next_option(a->arena, &at, PREFIX "requires-mounts-for")) != NULL) {
		struct unit_item *item;

		if (!value_is_path(path)) {
			diag_add(a->d, &a->place, SEVERITY_WARNING,
				"x-systemd.requires-mounts-for=%.64s is not an absolute path",
				path);
			continue;
		}
		item = list_push(a->arena, &a->u->requires_mounts_for, sizeof(*item));
		if (!item) {
			return -ENOMEM;
		}
		*item = (struct unit_item) { path, a->row->origin };
	}
	return 0;
}

/* fsck, where there is a unit of it: an implied dependency on what is not is dropped. */
static int add_fsck(struct applying *a)
{
	const char *path = a->row->pass ? defaults_device_path(a->arena, a->row->what) : "";
	char name[LIMIT_UNIT_NAME];
	const char *unit;
	int r;

	if (!path || !*path || !a->row->where || defaults_has_option(a->row->options, "bind") ||
		unit_name_escape_path(path, name, sizeof(name) - 64) != 0) {
		return path ? 0 : -ENOMEM;
	}
	unit = arena_printf(a->arena, "systemd-fsck@%s.service", name);
	r = unit ? add_dep(a, DEP_REQUIRES, unit, true) : -ENOMEM;
	return r == 0 ? add_dep(a, DEP_AFTER, unit, true) : r;
}

/* A time of an option; false: it is not there, or no time, which is said. */
static bool read_time(struct applying *a, const char *option, uint64_t *ret)
{
	const char *text = fstab_option(a->arena, a->row, option);

	if (!text) {
		return false;
	}
	if (value_parse_timespan(text, 1000000, ret) == 0) {
		return true;
	}
	diag_add(a->d, &a->place, SEVERITY_WARNING, "%s=%.64s is not a time such as 30s", option,
		text);
	return false;
}

/* What systemd has and is not done here. */
static void refuse_options(struct applying *a)
{
	static const struct {
		const char *option;
		const char *text;
	} rows[] = {
		{ PREFIX "makefs", "no file system is made here: make it before, with mkfs" },
		{ PREFIX "growfs", "the file system keeps its size: use resize2fs or its kin" },
		{ PREFIX "verity-root-hash", "no verity device is set up here" },
		{ PREFIX "pcrfs", "nothing is measured here" },
	};

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (fstab_option(a->arena, a->row, rows[i].option)) {
			diag_add(a->d, &a->place, SEVERITY_WARNING, "%s: %s", rows[i].option,
				rows[i].text);
		}
	}
}

int fstab_apply(
	const struct fstab_row *row, struct arena *arena, struct diagnostics *d, struct unit *u)
{
	struct applying a = { row, arena, d, u, { .file = u->source_path, .unit = u->name } };
	uint64_t us;
	int r;

	a.place.line = (uint32_t)strtoul(row->origin + 6, NULL, 10);
	if (row->trap) {
		u->watch->where = row->where;
		u->watch->idle_us = read_time(&a, PREFIX "idle-timeout", &us) ? us : 0;
		return 0;
	}
	u->mount->what = row->what;
	u->mount->where = row->where;
	u->mount->fs_type = row->where ? row->fs_type : NULL;
	u->mount->options = row->options;
	u->mount->read_write_only = fstab_option(arena, row, PREFIX "rw-only") != NULL;
	if (read_time(&a, PREFIX "mount-timeout", &us)) {
		u->service->timeout_start_us = us ? us : UINT64_MAX;
		u->service->timeout_stop_us = u->service->timeout_start_us;
	}
	refuse_options(&a);
	r = add_deps(&a);
	r = r == 0 ? add_mounts_for(&a) : r;
	return r == 0 ? add_fsck(&a) : r;
}
