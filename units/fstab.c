// SPDX-License-Identifier: MIT
#include "fstab.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/mntent.h"
#include "../runtime/base/number.h"
#include "defaults.h"
#include "rootfile.h"
#include "values.h"

#define FIELDS         6
#define LINE_MAX_BYTES 16384

struct reading {
	struct arena *arena;
	struct diagnostics *d;
	struct scan *scan;
	struct diag_place place;
};

static const char *target_of(const struct fstab_row *row)
{
	return !row->where                                      ? "swap.target"
	       : defaults_is_remote(row->fs_type, row->options) ? "remote-fs.target"
								: "local-fs.target";
}

static int add_link(struct reading *r, const char *target, enum dep_kind kind, const char *name)
{
	struct scan_entry *entry = scan_make(r->scan, r->arena, target);
	struct scan_link *link = entry ? list_push(r->arena, &entry->links, sizeof(*link)) : NULL;

	if (!link) {
		return -ENOMEM;
	}
	*link = (struct scan_link) { kind, name, r->place.file };
	return 0;
}

/* Who pulls the unit in: those that the line names, or the target of its kind. */
static int add_links(struct reading *r, const struct fstab_row *row, const char *name)
{
	static const struct {
		const char *option;
		enum dep_kind kind;
	} by[] = {
		{ "x-systemd.wanted-by", DEP_WANTS },
		{ "x-systemd.required-by", DEP_REQUIRES },
	};
	bool named = false;
	int result = 0;

	for (size_t i = 0; i < ELEMENTSOF(by); i++) {
		const char *at = row->options, *target;

		while (result == 0 &&
			(target = fstab_next_option(r->arena, &at, by[i].option)) != NULL) {
			named = true;
			if (!unit_name_is_valid(target)) {
				diag_add(r->d, &r->place, SEVERITY_WARNING,
					"%s=%.64s is no unit's name", by[i].option, target);
				continue;
			}
			result = add_link(r, target, by[i].kind, name);
		}
	}
	if (named || result < 0 || (!row->trap && fstab_option(r->arena, row, "noauto"))) {
		return result;
	}
	return add_link(r, target_of(row),
		fstab_option(r->arena, row, "nofail") ? DEP_WANTS : DEP_REQUIRES, name);
}

/* x-systemd.device-timeout= is the device's, whoever else waits for it. */
static int note_device(struct reading *r, const struct fstab_row *row)
{
	const char *text = fstab_option(r->arena, row, "x-systemd.device-timeout");
	const char *unit = NULL;
	struct scan_entry *entry;
	uint64_t us = 0;
	int result;

	if (!text) {
		return 0;
	}
	result = defaults_device_unit(r->arena, row->what, &unit);
	if (result < 0 || !unit || value_parse_timespan(text, 1000000, &us) != 0) {
		diag_add(r->d, &r->place, SEVERITY_WARNING,
			unit ? "x-systemd.device-timeout=%.64s is not a time such as 30s"
			     : "x-systemd.device-timeout=%.64s: there is no device to wait for",
			text);
		return result;
	}
	entry = scan_make(r->scan, r->arena, unit);
	if (!entry) {
		return -ENOMEM;
	}
	entry->device_timeout_us = us ? us : UINT64_MAX;
	return 0;
}

/* x-systemd.automount: what is pulled in is the automount, and that the mount. */
static int add_trap(struct reading *r, const struct fstab_row *row, const char *mount)
{
	struct fstab_row *trap = arena_memdup(r->arena, row, sizeof(*row));
	struct scan_entry *entry;
	const char *name;

	name = arena_printf(r->arena, "%.*s.automount", (int)(strlen(mount) - 6), mount);
	entry = trap && name ? scan_make(r->scan, r->arena, name) : NULL;
	if (!entry) {
		return -ENOMEM;
	}
	trap->trap = true;
	entry->fstab = entry->fragment || entry->masked ? NULL : trap;
	return add_links(r, trap, entry->name);
}

static int add_row(struct reading *r, const struct fstab_row *from)
{
	struct fstab_row *row = arena_memdup(r->arena, from, sizeof(*from));
	const char *path = row && row->where ? row->where : from->what;
	char name[LIMIT_UNIT_NAME];
	struct scan_entry *entry;
	int result;

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
	result = note_device(r, row);
	if (result == 0 && row->where && fstab_option(r->arena, row, "x-systemd.automount")) {
		return add_trap(r, row, entry->name);
	}
	return result < 0 ? result : add_links(r, row, entry->name);
}

static int read_line(struct reading *r, char *line)
{
	char none[] = "defaults";
	char *fields[FIELDS] = { NULL, NULL, NULL, none, NULL, NULL };
	struct fstab_row row = { 0 };
	const char *path;
	char *save = NULL;
	uint64_t pass = 0;
	size_t n = 0;

	for (char *word = strtok_r(line, " \t\n", &save); word && n < FIELDS;
		word = strtok_r(NULL, " \t\n", &save)) {
		mntent_unescape(word);
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
		/* Swaps are known by path: tags become udev's links. */
		path = defaults_device_path(r->arena, row.what);
		row.what = path && *path ? path : row.what;
		return path ? add_row(r, &row) : -ENOMEM;
	}
	row.where = arena_strdup(r->arena, fields[1]);
	if (!row.where || defaults_is_api(row.where)) {
		return row.where ? 0 : -ENOMEM;
	}
	return add_row(r, &row);
}

/* False: the line does not end in the buffer. Its rest, which is no line, is read over. */
static bool is_whole(const char *line, FILE *file)
{
	int c = 0;

	if (strchr(line, '\n') || strlen(line) + 1 < LINE_MAX_BYTES) {
		return true;
	}
	while (c != EOF && c != '\n') {
		c = getc(file);
	}
	return false;
}

static int read_lines(struct reading *r, FILE *file)
{
	char line[LINE_MAX_BYTES];
	int result = 0;

	while (result == 0 && fgets(line, sizeof(line), file)) {
		r->place.line++;
		if (is_whole(line, file)) {
			result = read_line(r, line);
		} else {
			diag_add(r->d, &r->place, SEVERITY_ERROR,
				"the line is longer than %d bytes; it is left out", LINE_MAX_BYTES);
		}
	}
	return result;
}

int fstab_scan(const char *path, struct arena *arena, struct diagnostics *d, struct scan *scan)
{
	struct reading r = { arena, d, scan, { .file = path } };
	const char *why = NULL;
	int result, fd = rootfile_open(path, S_IWOTH, &why);

	if (fd < 0) {
		if (fd != -ENOENT) {
			diag_add(d, &r.place, SEVERITY_ERROR, "cannot be read: %s", why);
		}
		return 0;
	}
	FILE *file = fdopen(fd, "r");

	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	result = read_lines(&r, file);
	fclose(file);
	return result;
}
