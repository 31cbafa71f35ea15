// SPDX-License-Identifier: MIT
#include "scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"

struct scanner {
	const struct loader_options *opts;
	const struct loader_dir *dir;
	struct arena *arena;
	struct diagnostics *d;
	struct scan *scan;
	bool unread; /* the last directory is there, and not all of it was read */
};

struct scan_entry *scan_get(const struct scan *scan, const char *name)
{
	return namemap_get(&scan->map, name);
}

/* The entry's record, made when absent; NULL without memory. */
struct scan_entry *scan_make(struct scan *scan, struct arena *arena, const char *name)
{
	struct scan_entry *entry = scan_get(scan, name), **row;

	if (entry) {
		return entry;
	}
	entry = arena_alloc(arena, sizeof(*entry));
	row = list_push(arena, &scan->entries, sizeof(*row));
	if (!entry || !row) {
		return NULL;
	}
	entry->name = arena_strdup(arena, name);
	*row = entry;
	return entry->name && namemap_put(&scan->map, arena, entry->name, entry) == 0 ? entry
										      : NULL;
}

static void complain(struct scanner *s, const char *path, const char *text, int error)
{
	struct diag_place place = { .file = path };

	diag_add(s->d, &place, error == ENOENT ? SEVERITY_NOTE : SEVERITY_ERROR, "%s%s%s", text,
		error ? ": " : "", error ? strerror(error) : "");
}

/* NULL: there is none, or it is not read. */
static DIR *open_dir(struct scanner *s, const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	DIR *dir;

	s->unread = false;
	if (fd < 0 || fstat(fd, &st) != 0) {
		s->unread = errno != ENOENT && errno != ENOTDIR;
		if (s->unread) {
			complain(s, path, "cannot read the directory", errno);
		}
		return NULL;
	}
	s->unread = true;
	if (!s->opts->relax_owner && ((st.st_uid != 0 && st.st_uid != s->opts->owner_uid) ||
					     (st.st_mode & (S_IWGRP | S_IWOTH)))) {
		complain(s, path, "directory refused: others than root can write it", 0);
		return NULL;
	}
	dir = fdopendir(fd);
	if (dir) {
		s->unread = false;
		(void)TAKE_FD(fd);
	}
	return dir;
}

struct name {
	const char *text;
	bool may_be_link;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

/* struct name in a directory, sorted; hidden ones left out. An absent directory is empty. */
static int list_dir(struct scanner *s, const char *path, struct list *ret)
{
	DIR *dir = open_dir(s, path);
	struct dirent *de = NULL;
	int r = 0;

	while (dir && r == 0 && (errno = 0, de = readdir(dir))) {
		struct name *row;

		if (de->d_name[0] == '.') {
			continue;
		}
		row = list_push(s->arena, ret, sizeof(*row));
		if (!row) {
			r = -ENOMEM;
			break;
		}
		row->text = arena_strdup(s->arena, de->d_name);
		row->may_be_link = de->d_type != DT_REG && de->d_type != DT_DIR;
		r = row->text ? 0 : -ENOMEM;
	}
	if (dir && !de && errno) {
		s->unread = true;
		complain(s, path, "cannot read the directory", errno);
	}
	if (dir) {
		closedir(dir);
	}
	if (ret->n > 1) {
		qsort(ret->items, ret->n, sizeof(struct name), compare_names);
	}
	return r;
}

/* Target of a symlink in the arena; NULL when it is none (or memory is out). */
static const char *link_target(struct scanner *s, const char *path)
{
	char buf[LIMIT_PATH];
	ssize_t n = readlink(path, buf, sizeof(buf) - 1);

	return n > 0 ? arena_strndup(s->arena, buf, (size_t)n) : NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What the unit must not be started without, and was not read. */
static int note_unread(struct scanner *s, const char *path, const char *owner)
{
	struct scan_entry *entry = scan_make(s->scan, s->arena, owner);

	if (entry) {
		entry->unread = arena_strdup(s->arena, path);
	}
	return entry && entry->unread ? 0 : -ENOMEM;
}

static int add_dropins(struct scanner *s, const char *path, const char *owner)
{
	struct list names = { 0 };
	int r = list_dir(s, path, &names);
	struct scan_entry *entry = r == 0 && names.n ? scan_make(s->scan, s->arena, owner) : NULL;

	if (r == 0 && s->unread) {
		r = note_unread(s, path, owner);
	}
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *name = ((const struct name *)names.items)[i].text;
		size_t n = strlen(name);
		struct scan_dropin *row;
		const char *target;

		if (n <= 5 || strcmp(name + n - 5, ".conf") != 0) {
			continue;
		}
		row = entry ? list_push(s->arena, &entry->dropins, sizeof(*row)) : NULL;
		if (!row) {
			return -ENOMEM;
		}
		row->base = name;
		row->path = arena_concat(s->arena, path, "/", name, NULL);
		if (!row->path) {
			return -ENOMEM;
		}
		target = link_target(s, row->path);
		row->masked = target && strcmp(target, "/dev/null") == 0;
	}
	return r;
}

/* As an empty unit file. What the link leads to need not be there. */
static bool is_null(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && ((S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) ||
					       (S_ISREG(st.st_mode) && st.st_size == 0));
}

static int add_links(struct scanner *s, const char *path, const char *owner, enum dep_kind kind)
{
	struct list names = { 0 };
	int r = list_dir(s, path, &names);
	struct scan_entry *entry = r == 0 && names.n ? scan_make(s->scan, s->arena, owner) : NULL;

	/* What is only wanted may be missing: a machine goes up without it, and says so. */
	if (r == 0 && s->unread && kind == DEP_REQUIRES) {
		r = note_unread(s, path, owner);
	}
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *name = ((const struct name *)names.items)[i].text;
		struct scan_link *row;

		if (!unit_name_is_valid(name)) {
			continue;
		}
		row = entry ? list_push(s->arena, &entry->links, sizeof(*row)) : NULL;
		if (!row) {
			return -ENOMEM;
		}
		row->kind = kind;
		row->name = name;
		row->path = arena_concat(s->arena, path, "/", name, NULL);
		row->masked = row->path && is_null(row->path);
	}
	return r;
}

static const struct {
	const char *suffix;
	int kind; /* -1: drop-ins */
} subdirs[] = {
	{ ".d", -1 },
	{ ".wants", DEP_WANTS },
	{ ".requires", DEP_REQUIRES },
	{ ".upholds", DEP_UPHOLDS },
};

/* NAME.d, NAME.wants …; 1 when the name is such a directory's. */
static int try_subdir(struct scanner *s, const char *path, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < ELEMENTSOF(subdirs); i++) {
		size_t len = strlen(subdirs[i].suffix);
		char *owner;
		int r;

		if (n <= len || strcmp(name + n - len, subdirs[i].suffix) != 0) {
			continue;
		}
		owner = arena_strndup(s->arena, name, n - len);
		if (!owner) {
			return -ENOMEM;
		}
		r = subdirs[i].kind < 0 ? add_dropins(s, path, owner)
					: add_links(s, path, owner, (enum dep_kind)subdirs[i].kind);
		return r < 0 ? r : 1;
	}
	return 0;
}

static int add_file(struct scanner *s, const char *path, const struct name *file)
{
	const char *name = file->text;
	struct scan_entry *entry = scan_make(s->scan, s->arena, name);
	const char *target = file->may_be_link ? link_target(s, path) : NULL;
	const char *base = target ? base_name(target) : name;
	char own_template[LIMIT_UNIT_NAME];

	if (!entry) {
		return -ENOMEM;
	}
	if (entry->fragment || entry->alias_of || entry->masked) {
		return 0;
	}
	if (target && strcmp(target, "/dev/null") == 0) {
		entry->masked = true;
		return 0;
	}
	/* web@7.service -> web@.service only names an instance of whatever the template is. */
	if (target && unit_name_template(name, own_template) == 0 &&
		strcmp(own_template, base) == 0) {
		entry->named = true;
		return 0;
	}
	entry->systemd = s->dir->systemd;
	if (strcmp(base, name) != 0 && unit_name_is_valid(base)) {
		if (unit_type_from_name(base) != unit_type_from_name(name)) {
			complain(s, path, "an alias must be of the same type as its unit", 0);
			return 0;
		}
		entry->alias_of = base;
		return 0;
	}
	entry->fragment = path;
	return 0;
}

static int scan_dir(struct scanner *s)
{
	struct list names = { 0 };
	int r = list_dir(s, s->dir->path, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const struct name *name = (const struct name *)names.items + i;
		const char *path = arena_concat(s->arena, s->dir->path, "/", name->text, NULL);

		if (!path) {
			return -ENOMEM;
		}
		if (unit_name_is_valid(name->text)) {
			r = add_file(s, path, name);
		} else {
			r = try_subdir(s, path, name->text);
			r = r > 0 ? 0 : r;
		}
	}
	return r;
}

int scan_dirs(const struct loader_options *opts, struct arena *arena, struct diagnostics *d,
	struct scan *ret)
{
	struct scanner s = { .opts = opts, .arena = arena, .d = d, .scan = ret };
	int r = 0;

	*ret = (struct scan) { 0 };
	for (size_t i = 0; i < opts->n_masks; i++) {
		struct scan_entry *entry = scan_make(ret, arena, opts->masks[i]);

		if (!entry) {
			return -ENOMEM;
		}
		entry->masked = true;
	}
	for (size_t i = 0; r == 0 && i < opts->n_dirs; i++) {
		s.dir = &opts->dirs[i];
		r = scan_dir(&s);
	}
	return r;
}

int scan_file_dropins(const struct loader_options *opts, const char *file, struct arena *arena,
	struct diagnostics *d, struct scan *scan)
{
	struct scanner s = { .opts = opts, .arena = arena, .d = d, .scan = scan };
	const char *path = arena_printf(arena, "%s.d", file);

	return path ? add_dropins(&s, path, base_name(file)) : -ENOMEM;
}
