// SPDX-License-Identifier: MIT
#include "filenews.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/unitname.h"
#include "../runtime/plan/filemark.h"

#define OWNERS 3u

/* Whose drop-ins count, and where. */
struct search {
	const char *unit_path;
	const struct manifest_unit *def;
	const char *owners[OWNERS]; /* the unit, its template, its type */
	char template_name[LIMIT_UNIT_NAME];
};

static void closedirp(DIR **dir)
{
	if (*dir) {
		closedir(*dir);
	}
}

/* The next directory of "DIR:DIR"; false at the end. */
static bool next_dir(const char **path, char buf[LIMIT_PATH])
{
	size_t n = strcspn(*path, ":");

	if (n == 0 || n >= LIMIT_PATH) {
		return false;
	}
	memcpy(buf, *path, n);
	buf[n] = '\0';
	*path += n + ((*path)[n] == ':');
	return true;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_changed(const struct manifest_unit *def)
{
	uint64_t mark = 0;
	struct stat st;

	if (stat(def->fragment_path, &st) < 0) {
		return true;
	}
	mark = filemark_add(mark, &st);
	for (uint32_t i = 0; i < def->dropin_paths.n; i++) {
		if (stat(def->dropin_paths.items[i], &st) < 0) {
			return true;
		}
		mark = filemark_add(mark, &st);
	}
	return mark != def->files_mark;
}

/* A file of the same name in a directory that comes first. */
static bool is_shadowed(const char *unit_path, const struct manifest_unit *def)
{
	const char *base = base_of(def->fragment_path);
	char dir[LIMIT_PATH], path[LIMIT_PATH + LIMIT_UNIT_NAME];
	struct stat own, st;

	if (stat(def->fragment_path, &own) < 0) {
		return true;
	}
	while (next_dir(&unit_path, dir)) {
		snprintf(path, sizeof(path), "%s/%s", dir, base);
		if (strcmp(path, def->fragment_path) == 0) {
			return false;
		}
		if (stat(path, &st) == 0) {
			return st.st_ino != own.st_ino || st.st_dev != own.st_dev;
		}
	}
	return false;
}

static bool is_known(const struct manifest_unit *def, const char *base)
{
	for (uint32_t i = 0; i < def->dropin_paths.n; i++) {
		if (strcmp(base_of(def->dropin_paths.items[i]), base) == 0) {
			return true;
		}
	}
	return false;
}

/* An empty file or a link to /dev/null somewhere says that the drop-ins of that name do not count.
 */
static bool is_masked(const struct search *s, const char *base)
{
	const char *path = s->unit_path;
	char dir[LIMIT_PATH], file[2 * LIMIT_PATH];
	struct stat st;

	while (next_dir(&path, dir)) {
		for (size_t i = 0; i < OWNERS; i++) {
			snprintf(file, sizeof(file), "%s/%s.d/%s", dir,
				s->owners[i] ? s->owners[i] : "", base);
			if (stat(file, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_size == 0)) {
				return true;
			}
		}
	}
	return false;
}

static bool has_new(const struct search *s, const char *dir, const char *owner)
{
	__attribute__((cleanup(closedirp))) DIR *entries = NULL;
	char path[LIMIT_PATH + LIMIT_UNIT_NAME];
	struct dirent *entry;

	snprintf(path, sizeof(path), "%s/%s.d", dir, owner);
	entries = opendir(path);
	while (entries && (entry = readdir(entries))) {
		size_t n = strlen(entry->d_name);

		if (n > 5 && entry->d_name[0] != '.' &&
			strcmp(entry->d_name + n - 5, ".conf") == 0 &&
			!is_known(s->def, entry->d_name) && !is_masked(s, entry->d_name)) {
			return true;
		}
	}
	return false;
}

bool filenews_of(const char *unit_path, const struct manifest_unit *def)
{
	struct search s = { .unit_path = unit_path, .def = def };
	char dir[LIMIT_PATH];

	if (!def || !def->files_mark || !def->fragment_path || !*def->fragment_path || !unit_path) {
		return false;
	}
	if (is_changed(def) || is_shadowed(unit_path, def)) {
		return true;
	}
	s.owners[0] = def->name;
	s.owners[1] = unit_name_template(def->name, s.template_name) == 0 ? s.template_name : NULL;
	s.owners[2] = base_of(strrchr(def->name, '.') ? strrchr(def->name, '.') + 1 : def->name);
	while (next_dir(&unit_path, dir)) {
		for (size_t i = 0; i < OWNERS; i++) {
			if (s.owners[i] && has_new(&s, dir, s.owners[i])) {
				return true;
			}
		}
	}
	return false;
}
