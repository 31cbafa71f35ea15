// SPDX-License-Identifier: MIT
#include "fsview.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"
#include "../runtime/base/limits.h"

#define LINKS_MAX 40

/* Stands for "removed" in the map. */
static const char gone[] = "";

void fsview_init(struct fsview *v, struct arena *arena, const char *root)
{
	*v = (struct fsview) { .arena = arena, .root = strcmp(root, "/") == 0 ? "" : root };
}

/* One name behind a path, "." and ".." understood. */
static void append_part(char *path, size_t *len, const char *part, size_t n)
{
	if (n == 0 || (n == 1 && part[0] == '.')) {
		return;
	}
	if (n == 2 && part[0] == '.' && part[1] == '.') {
		while (*len > 0 && path[--*len] != '/') {
		}
		path[*len] = '\0';
		return;
	}
	path[(*len)++] = '/';
	memcpy(path + *len, part, n);
	*len += n;
	path[*len] = '\0';
}

const char *fsview_simplify(struct arena *arena, const char *path)
{
	char *simple = arena_alloc(arena, strlen(path) + 2);
	size_t len = 0;

	while (simple && *path) {
		size_t n = strcspn(path, "/");

		append_part(simple, &len, path, n);
		path += n + (path[n] == '/');
	}
	if (simple && len == 0) {
		strcpy(simple, "/");
	}
	return simple;
}

/* The last part of a path whose directories are resolved. */
static const char *link_at(struct fsview *v, const char *path)
{
	const char *planned = namemap_get(&v->links, path);
	char buf[LIMIT_PATH];
	const char *full;
	ssize_t n;

	if (planned) {
		return planned == gone ? NULL : planned;
	}
	full = arena_printf(v->arena, "%s%s", v->root, path);
	n = full ? readlink(full, buf, sizeof(buf) - 1) : -1;
	return n > 0 ? arena_strndup(v->arena, buf, (size_t)n) : NULL;
}

const char *fsview_resolve(struct fsview *v, const char *path)
{
	const char *rest = path;
	const char *done = "";
	int links = 0;

	while (*rest) {
		size_t n = strcspn(rest, "/");
		char *next = arena_alloc(v->arena, strlen(done) + n + 2);
		size_t len = strlen(done);
		const char *target;

		if (!next) {
			errno = ENOMEM;
			return NULL;
		}
		strcpy(next, done);
		append_part(next, &len, rest, n);
		rest += n + (rest[n] == '/');
		target = strcmp(next, done) == 0 || len < strlen(done) ? NULL : link_at(v, next);
		if (!target) {
			done = next;
			continue;
		}
		if (++links > LINKS_MAX) {
			errno = ELOOP;
			return NULL;
		}
		rest = arena_printf(v->arena, "%s/%s", target, rest);
		done = *target == '/' ? "" : done;
		if (!rest) {
			errno = ENOMEM;
			return NULL;
		}
	}
	return *done ? done : "/";
}

/* The path with its directory resolved and its last part as it is; errno as fsview_resolve(). */
static const char *settle(struct fsview *v, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dir = arena_strndup(v->arena, path, (size_t)(slash - path));
	const char *at;

	errno = ENOMEM;
	dir = dir ? fsview_resolve(v, dir) : NULL;
	if (!dir) {
		return NULL;
	}
	at = arena_printf(v->arena, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, slash + 1);
	errno = ENOMEM;
	return at;
}

const char *fsview_readlink(struct fsview *v, const char *path)
{
	const char *at = settle(v, path);

	return at ? link_at(v, at) : NULL;
}

enum fsview_kind fsview_look(struct fsview *v, const char *path)
{
	const char *at = settle(v, path);
	const char *planned = at ? namemap_get(&v->links, at) : NULL;
	const char *full;
	struct stat st;

	if (planned) {
		return planned == gone ? FSVIEW_NONE : FSVIEW_LINK;
	}
	full = at ? arena_printf(v->arena, "%s%s", v->root, at) : NULL;
	if (!full || lstat(full, &st) != 0) {
		return FSVIEW_NONE;
	}
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return st.st_size == 0 ? FSVIEW_EMPTY : FSVIEW_FILE;
	case S_IFCHR:
		return FSVIEW_EMPTY;
	case S_IFLNK:
		return FSVIEW_LINK;
	case S_IFDIR:
		return FSVIEW_DIR;
	default:
		return FSVIEW_OTHER;
	}
}

static int add_name(struct fsview *v, struct list *ret, const char *name)
{
	const char *copy = arena_strdup(v->arena, name);
	const char **row = copy ? list_push(v->arena, ret, sizeof(*row)) : NULL;

	if (!row) {
		return -ENOMEM;
	}
	*row = copy;
	return 0;
}

static int list_made(struct fsview *v, const char *dir, struct list *ret)
{
	const char *const *made = v->made.items;
	size_t n = strlen(dir);
	int r = 0;

	for (size_t i = 0; r == 0 && i < v->made.n; i++) {
		const char *planned = namemap_get(&v->links, made[i]);

		if (planned != gone && strncmp(made[i], dir, n) == 0 && made[i][n] == '/' &&
			!strchr(made[i] + n + 1, '/')) {
			r = add_name(v, ret, made[i] + n + 1);
		}
	}
	return r;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A link that was made twice, or removed in between, is one name. */
static void sort_names(struct list *names)
{
	const char **rows = names->items;
	size_t n = 0;

	if (names->n < 2) {
		return;
	}
	qsort(rows, names->n, sizeof(*rows), compare_names);
	for (size_t i = 0; i < names->n; i++) {
		if (i == 0 || strcmp(rows[i], rows[n - 1]) != 0) {
			rows[n++] = rows[i];
		}
	}
	names->n = n;
}

static int list_dir(struct fsview *v, const char *dir, bool files, struct list *ret)
{
	const char *at = fsview_resolve(v, dir);
	const char *full;
	struct dirent *de;
	DIR *d;
	int r = 0;

	if (!at) {
		return errno == ELOOP ? 0 : -ENOMEM;
	}
	at = strcmp(at, "/") == 0 ? "" : at;
	full = arena_printf(v->arena, "%s%s/", v->root, at);
	if (!full) {
		return -ENOMEM;
	}
	d = opendir(full);
	while (d && r == 0 && (de = readdir(d))) {
		const char *path;

		if (de->d_name[0] == '.' || (!files && de->d_type == DT_REG)) {
			continue;
		}
		path = v->links.n ? arena_concat(v->arena, at, "/", de->d_name, NULL) : "";
		/* What the plan has touched is listed from the plan. */
		r = !path                          ? -ENOMEM
		    : namemap_get(&v->links, path) ? 0
						   : add_name(v, ret, de->d_name);
	}
	if (d) {
		closedir(d);
	}
	r = r == 0 ? list_made(v, at, ret) : r;
	sort_names(ret);
	return r;
}

int fsview_list(struct fsview *v, const char *dir, struct list *ret)
{
	return list_dir(v, dir, true, ret);
}

int fsview_list_links(struct fsview *v, const char *dir, struct list *ret)
{
	return list_dir(v, dir, false, ret);
}

int fsview_read(struct fsview *v, const char *path, const char **ret, size_t *ret_size)
{
	const char *at = settle(v, path);
	int error = errno;
	const char *full = at ? arena_printf(v->arena, "%s%s", v->root, at) : NULL;
	AUTO_CLOSE int fd = full ? open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
	struct stat st;
	char *text;
	ssize_t n;

	if (!full) {
		return at ? -ENOMEM : -error;
	}
	if (fd < 0 || fstat(fd, &st) != 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)LIMIT_UNIT_FILE) {
		return S_ISREG(st.st_mode) ? -EFBIG : -EINVAL;
	}
	text = arena_alloc(v->arena, (size_t)st.st_size + 1);
	if (!text) {
		return -ENOMEM;
	}
	n = fd_read_full(fd, text, (size_t)st.st_size);
	if (n < 0) {
		return (int)n;
	}
	*ret = text;
	*ret_size = (size_t)n;
	return 0;
}

int fsview_make_link(struct fsview *v, const char *path, const char *target)
{
	const char *at = settle(v, path);
	const char **row;
	char *copy;

	if (!at) {
		return -errno;
	}
	copy = arena_strdup(v->arena, target);
	row = copy ? list_push(v->arena, &v->made, sizeof(*row)) : NULL;
	if (!row) {
		return -ENOMEM;
	}
	*row = at;
	return namemap_put(&v->links, v->arena, at, copy);
}

int fsview_remove(struct fsview *v, const char *path)
{
	const char *at = settle(v, path);

	return at ? namemap_put(&v->links, v->arena, at, (void *)(uintptr_t)gone) : -errno;
}
