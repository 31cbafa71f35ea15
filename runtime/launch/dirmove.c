// SPDX-License-Identifier: MIT
#include "dirmove.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/limits.h"
#include "../plan/plan.h"
#include "dirs.h"

#define PRIVATE "/private"

enum found {
	FOUND_NOTHING,
	FOUND_DIRECTORY,
	FOUND_OUR_LINK,
	FOUND_OTHER,
};

/* "private/NAME" as it is reached from the directory of TOP/NAME: "../private/a/b" for a/b. */
static int link_text(const struct plan_dir *dir, char *buf, size_t size)
{
	const char *name = dir->path + strlen(plan_dir_top(dir->kind)) + 1;
	size_t n = 0;

	for (const char *p = name; *p; p++) {
		if (*p == '/' && n + 3 < size) {
			memcpy(buf + n, "../", 3);
			n += 3;
		}
	}
	if (n + sizeof(PRIVATE) + strlen(name) >= size) {
		return -ENAMETOOLONG;
	}
	strcpy(buf + n, PRIVATE + 1);
	strcat(buf + n, "/");
	strcat(buf + n, name);
	return 0;
}

static bool link_is(int dir, const char *name, const char *text)
{
	char found[LIMIT_PATH];
	ssize_t n = readlinkat(dir, name, found, sizeof(found) - 1);

	if (n < 0) {
		return false;
	}
	found[n] = '\0';
	return strcmp(found, text) == 0;
}

static int look(int parent, const char *name, const char *text, enum found *ret)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		*ret = FOUND_NOTHING;
		return errno == ENOENT ? 0 : -errno;
	}
	*ret = S_ISDIR(st.st_mode) ? FOUND_DIRECTORY : FOUND_OTHER;
	if (S_ISLNK(st.st_mode) && st.st_uid == 0 && link_is(parent, name, text)) {
		*ret = FOUND_OUR_LINK;
	}
	return 0;
}

/* The directory above path, made where it lacks. */
static int open_above(const char *path, const char **ret_name)
{
	char above[LIMIT_PATH];
	const char *slash = strrchr(path, '/');
	int r;

	if (!slash || (size_t)(slash - path) >= sizeof(above)) {
		return -EINVAL;
	}
	memcpy(above, path, (size_t)(slash - path));
	above[slash - path] = '\0';
	r = dir_ensure(above);
	return r < 0 ? r : dir_open_parent(path, ret_name);
}

static int make_private_top(const struct plan_dir *dir)
{
	static const struct dir_owner owner = { 0, 0, 0700 };
	char path[64];

	strcpy(path, plan_dir_top(dir->kind));
	strcat(path, PRIVATE);
	return dir_make(path, &owner);
}

/* Never over something: RENAME_NOREPLACE. */
static int move(int from, const char *a, int to, const char *b)
{
	return syscall(SYS_renameat2, from, a, to, b, RENAME_NOREPLACE) < 0 ? -errno : 0;
}

/* To the private form: TOP/NAME may be a directory of a time when the user was another. */
static int to_private(const struct plan_dir *dir, const char *text)
{
	const char *name, *real_name;
	AUTO_CLOSE int parent = open_above(dir->path, &name);
	AUTO_CLOSE int real_parent = -1;
	enum found found;
	int r = make_private_top(dir);

	real_parent = r < 0 ? r : open_above(dir->real, &real_name);
	if (parent < 0 || real_parent < 0) {
		return parent < 0 ? parent : real_parent;
	}
	r = look(parent, name, text, &found);
	if (r < 0 || found == FOUND_NOTHING || found == FOUND_OUR_LINK) {
		return r;
	}
	return found == FOUND_OTHER ? -EEXIST : move(parent, name, real_parent, real_name);
}

/* And back. */
static int to_public(const struct plan_dir *dir, const char *text)
{
	char real[LIMIT_PATH];
	const char *top = plan_dir_top(dir->kind);
	const char *name, *real_name;
	AUTO_CLOSE int parent = dir_open_parent(dir->path, &name);
	AUTO_CLOSE int real_parent = -1;
	enum found found;
	int r;

	if (parent < 0) {
		return parent == -ENOENT ? 0 : parent;
	}
	r = look(parent, name, text, &found);
	if (r < 0 || found != FOUND_OUR_LINK) {
		return r;
	}
	if (strlen(dir->path) + sizeof(PRIVATE) > sizeof(real)) {
		return -ENAMETOOLONG;
	}
	strcpy(real, top);
	strcat(real, PRIVATE);
	strcat(real, dir->path + strlen(top));
	real_parent = dir_open_parent(real, &real_name);
	if (unlinkat(parent, name, 0) < 0) {
		return -errno;
	}
	if (real_parent < 0) {
		return real_parent == -ENOENT ? 0 : real_parent;
	}
	r = move(real_parent, real_name, parent, name);
	return r == -ENOENT ? 0 : r;
}

int dirmove_settle(const struct plan_dir *dir)
{
	char text[LIMIT_PATH];
	int r;

	if (!plan_dir_may_be_private(dir->kind)) {
		return 0;
	}
	r = link_text(dir, text, sizeof(text));
	if (r < 0) {
		return r;
	}
	return dir->real ? to_private(dir, text) : to_public(dir, text);
}

static int make_link(const char *path, const char *text)
{
	const char *name;
	AUTO_CLOSE int parent = open_above(path, &name);

	if (parent < 0) {
		return parent;
	}
	if (symlinkat(text, parent, name) == 0 ||
		(errno == EEXIST && link_is(parent, name, text))) {
		return 0;
	}
	return -errno;
}

int dirmove_link(const struct plan_dir *dir)
{
	char text[LIMIT_PATH];
	int r = link_text(dir, text, sizeof(text));

	return r < 0 ? r : make_link(dir->path, text);
}

int dirmove_alias(const char *link, const char *path)
{
	return make_link(link, path);
}

int dirmove_unalias(const char *link, const char *path)
{
	const char *name;
	AUTO_CLOSE int parent = dir_open_parent(link, &name);

	if (parent < 0) {
		return parent == -ENOENT ? 0 : parent;
	}
	if (!link_is(parent, name, path)) {
		return 0;
	}
	return unlinkat(parent, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}
