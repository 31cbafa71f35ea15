// SPDX-License-Identifier: MIT
/* Files that are given by name (`supctl verify`), with what they name of the unit path. */
#include "loader_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../runtime/base/limits.h"

/* What is no file with settings: a directory, a mask. True when that is all there is to say. */
static bool is_no_text(struct loader *l, const char *file)
{
	struct diag_place place = { .file = file };
	struct stat st;

	if (stat(file, &st) != 0) {
		return false;
	}
	if (S_ISDIR(st.st_mode)) {
		diag_add(l->d, &place, SEVERITY_ERROR, "a directory; name the unit files in it");
		return true;
	}
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) {
		diag_add(l->d, &place, SEVERITY_NOTE, "masked: a link to /dev/null");
		return true;
	}
	return false;
}

/* A good file may still be one that nothing here starts. */
static void note_idle(struct loader *l, const struct unit *u, const char *file)
{
	struct diag_place place = { .file = file, .unit = u->name };

	if (u->load_state == LOAD_MASKED) {
		diag_add(l->d, &place, SEVERITY_NOTE, "masked: an empty file");
	} else if (u->load_state == LOAD_ERROR && !u->refused && u->load_error) {
		diag_add(
			l->d, &place, SEVERITY_WARNING, "%s; nothing will start it", u->load_error);
	}
}

static int load_given(struct loader *l, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash ? slash + 1 : file;
	struct diag_place place = { .file = file };
	struct unit *u;
	int r;

	if (is_no_text(l, file)) {
		return 0;
	}
	if (!unit_name_is_valid(name)) {
		diag_add(l->d, &place, SEVERITY_ERROR,
			"\"%.128s\" is not a unit name such as web.service", name);
		return 0;
	}
	if (namemap_get(&l->loaded, name)) {
		return 0;
	}
	if (scan_file_dropins(l->opts, file, l->arena, l->d, &l->scan) != 0) {
		return -ENOMEM;
	}
	r = loader_load_unit(l, name, file, &u);
	if (r == 0) {
		note_idle(l, u, file);
	}
	return r;
}

/* The file of this unit, or of its template, in the directory of another one: is it there? */
static bool find_beside(const char *file, const char *name, char path[LIMIT_PATH])
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	int length = slash ? (int)(slash - file) + 1 : 0;
	char template_name[LIMIT_UNIT_NAME];

	snprintf(path, LIMIT_PATH, "%.*s%s", length, file ? file : "", name);
	if (access(path, F_OK) == 0) {
		return true;
	}
	if (unit_name_template(name, template_name) != 0) {
		return false;
	}
	snprintf(path, LIMIT_PATH, "%.*s%s", length, file ? file : "", template_name);
	return access(path, F_OK) == 0;
}

/* An alias is another unit's file under a name that is not its own. */
static bool is_own_file(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* What given units name and has its file beside theirs is loaded from there, and so on. */
static int load_beside(struct loader *l)
{
	for (size_t i = 0; i < l->units.n; i++) {
		const struct unit *u = ((struct unit **)l->units.items)[i];

		for (size_t k = 0; k < u->deps.n; k++) {
			const struct unit_dep *dep = &((struct unit_dep *)u->deps.items)[k];
			const char *name = dep->name;
			char path[LIMIT_PATH];
			struct unit *other;

			if (dep->implicit || namemap_get(&l->loaded, name) ||
				loader_knows(l, name) ||
				!find_beside(u->fragment_path, name, path) || !is_own_file(path)) {
				continue;
			}
			if (scan_file_dropins(l->opts, path, l->arena, l->d, &l->scan) != 0 ||
				loader_load_unit(l, name, arena_strdup(l->arena, path), &other) !=
					0) {
				return -ENOMEM;
			}
			other->beside = true;
		}
	}
	return 0;
}

/* The absence of what a given unit requires is worth a word. */
static void warn_absent(struct loader *l, size_t n_given)
{
	for (size_t i = 0; i < n_given; i++) {
		const struct unit *u = ((struct unit **)l->units.items)[i];
		const struct unit_dep *deps = u->deps.items;

		for (size_t k = 0; k < u->deps.n; k++) {
			struct unit *other = namemap_get(&l->loaded, deps[k].name);
			struct diag_place place = { .file = u->fragment_path, .unit = u->name };
			char path[LIMIT_PATH];
			bool strong = deps[k].kind == DEP_REQUIRES ||
				      deps[k].kind == DEP_REQUISITE || deps[k].kind == DEP_BINDS_TO;

			if (strong && other && other->load_state == LOAD_NOT_FOUND &&
				!find_beside(u->fragment_path, deps[k].name, path)) {
				diag_add(l->d, &place, SEVERITY_WARNING, "%s=%s: no such unit (%s)",
					dep_kind_to_string(deps[k].kind), deps[k].name,
					deps[k].origin);
			}
		}
	}
}

int loader_load_files(const struct loader_options *opts, const char *const *files,
	struct arena *arena, struct diagnostics *d, struct unit_set *ret)
{
	struct diagnostics others;
	struct loader l;
	size_t n_given;
	int r;

	/* What is wrong with units that were not given is not asked for. */
	diag_init(&others, arena);
	r = loader_start(&l, opts, arena, &others);
	l.d = d;
	for (size_t i = 0; r == 0 && files[i]; i++) {
		r = load_given(&l, files[i]);
	}
	n_given = l.units.n;
	l.d = &others;
	r = r == 0 ? load_beside(&l) : r;
	r = r == 0 ? loader_load_closure(&l) : r;
	if (r == 0) {
		l.d = d;
		warn_absent(&l, n_given);
		r = loader_finish_set(&l, ret);
	}
	return r;
}
