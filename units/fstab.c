// SPDX-License-Identifier: MIT
#include "fstab.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/number.h"
#include "defaults.h"
#include "values.h"

#define FIELDS         6
#define LINE_MAX_BYTES 16384

struct reading {
	struct arena *arena;
	struct diagnostics *d;
	struct scan *scan;
	struct diag_place place;
};

static bool is_octal(const char *p)
{
	return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' &&
	       p[2] <= '7';
}

/* Blanks are written as \040. In place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at; at++) {
		if (*at == '\\' && is_octal(at + 1)) {
			*to++ = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 3;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
}

/* Value of an option: "" when it has none, NULL when it is not there. */
static const char *option_of(struct arena *arena, const struct fstab_row *row, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = row->options; *at; at += *at == ',') {
		size_t length = strcspn(at, ",");

		if (length >= n && strncmp(at, name, n) == 0 && (length == n || at[n] == '=')) {
			return length == n ? "" : arena_strndup(arena, at + n + 1, length - n - 1);
		}
		at += length;
	}
	return NULL;
}

/* Swaps are known by path: tags become udev's links. */
static const char *swap_path(struct arena *arena, const char *what)
{
	static const struct {
		const char *tag;
		const char *dir;
	} tags[] = {
		{ "UUID=", "/dev/disk/by-uuid/" },
		{ "LABEL=", "/dev/disk/by-label/" },
		{ "PARTUUID=", "/dev/disk/by-partuuid/" },
		{ "PARTLABEL=", "/dev/disk/by-partlabel/" },
	};

	for (size_t i = 0; i < ELEMENTSOF(tags); i++) {
		size_t n = strlen(tags[i].tag);

		if (strncmp(what, tags[i].tag, n) == 0) {
			return arena_printf(arena, "%s%s", tags[i].dir, what + n);
		}
	}
	return what;
}

static int add_link(struct reading *r, const struct fstab_row *row, const char *name)
{
	bool remote = row->where && defaults_is_remote(row->fs_type, row->options);
	const char *target = !row->where ? "swap.target"
			     : remote    ? "remote-fs.target"
					 : "local-fs.target";
	struct scan_entry *entry = scan_make(r->scan, r->arena, target);
	struct scan_link *link = entry ? list_push(r->arena, &entry->links, sizeof(*link)) : NULL;
	bool weak = option_of(r->arena, row, "nofail") != NULL;

	if (!link) {
		return -ENOMEM;
	}
	*link = (struct scan_link) { weak ? DEP_WANTS : DEP_REQUIRES, name, r->place.file };
	return 0;
}

static int add_row(struct reading *r, const struct fstab_row *from)
{
	struct fstab_row *row = arena_memdup(r->arena, from, sizeof(*from));
	const char *path = row && row->where ? row->where : from->what;
	char name[LIMIT_UNIT_NAME];
	struct scan_entry *entry;

	if (!row) {
		return -ENOMEM;
	}
	if (!value_is_path(path) || unit_name_escape_path(path, name, sizeof(name) - 6) != 0) {
		diag_add(r->d, &r->place, SEVERITY_ERROR,
			"\"%.128s\" is not an absolute path that a unit can be named after; the "
			"line is left out",
			path);
		return 0;
	}
	strcat(name, row->where ? ".mount" : ".swap");
	entry = scan_make(r->scan, r->arena, name);
	if (!entry) {
		return -ENOMEM;
	}
	if (entry->fstab) {
		diag_add(r->d, &r->place, SEVERITY_ERROR,
			"a second line for %s (the first is %s); it is left out", path,
			entry->fstab->origin);
		return 0;
	}
	entry->fstab = row;
	return option_of(r->arena, row, "noauto") ? 0 : add_link(r, row, entry->name);
}

static int read_line(struct reading *r, char *line)
{
	char none[] = "defaults";
	char *fields[FIELDS] = { NULL, NULL, NULL, none, NULL, NULL };
	struct fstab_row row = { 0 };
	char *save = NULL;
	uint64_t pass = 0;
	size_t n = 0;

	for (char *word = strtok_r(line, " \t\n", &save); word && n < FIELDS;
		word = strtok_r(NULL, " \t\n", &save)) {
		unescape(word);
		fields[n++] = word;
	}
	if (n == 0 || fields[0][0] == '#') {
		return 0;
	}
	if (n < 3 || (fields[5] && number_parse_u64(fields[5], &pass) < 0)) {
		diag_add(r->d, &r->place, SEVERITY_ERROR,
			n < 3 ? "a line of fstab has at least three fields: what, where, type; it "
				"is left out"
			      : "the sixth field is not a number; the line is left out");
		return 0;
	}
	row.what = arena_strdup(r->arena, fields[0]);
	row.fs_type = arena_strdup(r->arena, fields[2]);
	row.options = arena_strdup(r->arena, fields[3]);
	row.pass = (uint32_t)pass;
	row.origin = arena_printf(r->arena, "fstab:%u", r->place.line);
	if (!row.what || !row.fs_type || !row.options || !row.origin) {
		return -ENOMEM;
	}
	if (strcmp(row.fs_type, "swap") == 0) {
		row.what = swap_path(r->arena, row.what);
		return row.what ? add_row(r, &row) : -ENOMEM;
	}
	row.where = arena_strdup(r->arena, fields[1]);
	if (!row.where || defaults_is_api(row.where)) {
		return row.where ? 0 : -ENOMEM;
	}
	return add_row(r, &row);
}

int fstab_scan(const char *path, struct arena *arena, struct diagnostics *d, struct scan *scan)
{
	struct reading r = { arena, d, scan, { .file = path } };
	FILE *file = fopen(path, "re");
	char line[LINE_MAX_BYTES];
	int result = 0;

	if (!file && errno != ENOENT) {
		diag_add(d, &r.place, SEVERITY_ERROR, "cannot be read: %s", strerror(errno));
	}
	while (file && result == 0 && fgets(line, sizeof(line), file)) {
		r.place.line++;
		result = read_line(&r, line);
	}
	if (file) {
		fclose(file);
	}
	return result;
}

/* ---- into a unit ---- */

static int add_deps(const struct fstab_row *row, struct arena *arena, struct unit *u)
{
	static const struct {
		const char *option;
		enum dep_kind kinds[2];
	} deps[] = {
		{ "x-systemd.requires", { DEP_REQUIRES, DEP_AFTER } },
		{ "x-systemd.after", { DEP_AFTER, DEP_AFTER } },
		{ "x-systemd.before", { DEP_BEFORE, DEP_BEFORE } },
	};

	for (size_t i = 0; i < ELEMENTSOF(deps); i++) {
		const char *name = option_of(arena, row, deps[i].option);

		for (size_t k = 0; name && unit_name_is_valid(name) && k < 2; k++) {
			struct unit_dep dep = {
				.kind = deps[i].kinds[k], .name = name, .origin = row->origin
			};

			if (unit_add_dep(u, arena, &dep) < 0) {
				return -ENOMEM;
			}
		}
	}
	return 0;
}

/* fsck, where systemd's unit of it is there: an implied dependency on what is not is dropped. */
static int add_fsck(const struct fstab_row *row, struct arena *arena, struct unit *u)
{
	static const enum dep_kind kinds[] = { DEP_REQUIRES, DEP_AFTER };
	char name[LIMIT_UNIT_NAME];

	if (!row->where || row->pass == 0 || strncmp(row->what, "/dev/", 5) != 0 ||
		unit_name_escape_path(row->what, name, sizeof(name) - 64) != 0) {
		return 0;
	}
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		struct unit_dep dep = { .kind = kinds[i],
			.name = arena_printf(arena, "systemd-fsck@%s.service", name),
			.implicit = true,
			.origin = row->origin };

		if (!dep.name || unit_add_dep(u, arena, &dep) < 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

int fstab_apply(
	const struct fstab_row *row, struct arena *arena, struct diagnostics *d, struct unit *u)
{
	const char *timeout = option_of(arena, row, "x-systemd.mount-timeout");
	struct diag_place place = { .file = u->source_path, .unit = u->name };
	uint64_t us;

	u->mount->what = row->what;
	u->mount->where = row->where;
	u->mount->fs_type = row->where ? row->fs_type : NULL;
	u->mount->options = row->options;
	u->mount->read_write_only = option_of(arena, row, "x-systemd.rw-only") != NULL;
	place.line = (uint32_t)strtoul(row->origin + 6, NULL, 10);
	if (timeout && value_parse_timespan(timeout, 1000000, &us) == 0) {
		u->service->timeout_start_us = us ? us : UINT64_MAX;
		u->service->timeout_stop_us = u->service->timeout_start_us;
	} else if (timeout) {
		diag_add(d, &place, SEVERITY_WARNING,
			"x-systemd.mount-timeout=%.64s is not a time such as 30s", timeout);
	}
	if (option_of(arena, row, "x-systemd.automount")) {
		diag_add(d, &place, SEVERITY_WARNING,
			"x-systemd.automount: mounted at once, not at the first access");
	}
	return add_deps(row, arena, u) < 0 ? -ENOMEM : add_fsck(row, arena, u);
}
