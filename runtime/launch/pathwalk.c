// SPDX-License-Identifier: MIT
#include "pathwalk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../base/cleanup.h"

#define OPEN_DIR (O_PATH | O_DIRECTORY | O_CLOEXEC)

static int go_to_root(struct pathwalk *w)
{
	pathwalk_fini(w);
	w->done[0] = '\0';
	w->dir = w->root < 0 ? open("/", OPEN_DIR) : fcntl(w->root, F_DUPFD_CLOEXEC, 3);
	return w->dir < 0 ? -errno : 0;
}

int pathwalk_begin(struct pathwalk *w, const char *path)
{
	return pathwalk_begin_at(w, -1, path);
}

/* With all of the path to go, and nowhere yet. */
static int prepare(struct pathwalk *w, int root, const char *path)
{
	size_t n = strlen(path);

	memset(w, 0, offsetof(struct pathwalk, rest));
	w->fixed = true;
	w->dir = -1;
	w->root = root;
	if (n >= sizeof(w->rest)) {
		return -ENAMETOOLONG;
	}
	memcpy(w->rest, path, n + 1);
	w->done[0] = '\0';
	return 0;
}

int pathwalk_begin_at(struct pathwalk *w, int root, const char *path)
{
	int r = prepare(w, root, path);

	return r < 0 ? r : go_to_root(w);
}

void pathwalk_fini(struct pathwalk *w)
{
	if (w->dir >= 0) {
		close(w->dir);
	}
	w->dir = -1;
}

/* ---- links ---- */

static bool is_roots_alone(const struct pathwalk *w)
{
	struct stat st;

	return fstat(w->dir, &st) == 0 && st.st_uid == 0 && !(st.st_mode & 022);
}

static bool is_proc(int dir)
{
	struct statfs fs;

	return fstatfs(dir, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* What is behind the link comes after what it says. */
static int put_before_rest(struct pathwalk *w, const char *target, size_t n)
{
	size_t after = strlen(w->rest);

	if (n + 1 + after >= sizeof(w->rest)) {
		return -ENAMETOOLONG;
	}
	memmove(w->rest + n + 1, w->rest, after + 1);
	memcpy(w->rest, target, n);
	w->rest[n] = '/';
	if (after == 0) {
		w->rest[n] = '\0';
	}
	return 0;
}

/*
 * name is a symbolic link: 0, and its target is what is to be walked next; 1 when it is one of
 * /proc, whose text does not say where it leads: the kernel may follow it. -ELOOP when others than
 * root can have made it.
 */
static int follow(struct pathwalk *w)
{
	char target[LIMIT_PATH];
	struct stat st;
	ssize_t n;
	int r;

	if (fstatat(w->dir, w->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return -errno;
	}
	if (!S_ISLNK(st.st_mode)) {
		return -ENOTDIR;
	}
	if (st.st_uid != 0 || !is_roots_alone(w) || w->links++ >= PATHWALK_LINKS) {
		return -ELOOP;
	}
	if (is_proc(w->dir)) {
		return 1;
	}
	n = readlinkat(w->dir, w->name, target, sizeof(target));
	if (n <= 0 || n >= (ssize_t)sizeof(target)) {
		return n < 0 ? -errno : -ENAMETOOLONG;
	}
	r = put_before_rest(w, target, (size_t)n);
	return r == 0 && target[0] == '/' ? go_to_root(w) : r;
}

/* ---- components ---- */

/* Takes the next one into name; false at the end, where name stays. */
static int take_name(struct pathwalk *w)
{
	char *p = w->rest + strspn(w->rest, "/");
	size_t n = strcspn(p, "/");

	if (n == 0) {
		return 0;
	}
	if (n >= sizeof(w->name)) {
		return -ENAMETOOLONG;
	}
	memcpy(w->name, p, n);
	w->name[n] = '\0';
	p += n + strspn(p + n, "/");
	memmove(w->rest, p, strlen(p) + 1);
	return 1;
}

/* Whether root alone can put another directory in this one's place. */
static bool is_fixed(int dir, int child)
{
	struct stat above, below;

	if (fstat(dir, &above) < 0 || fstat(child, &below) < 0 || above.st_uid != 0) {
		return false;
	}
	return !(above.st_mode & 022) || (above.st_mode & S_ISVTX && below.st_uid == 0);
}

static int open_child(struct pathwalk *w)
{
	int fd = openat(w->dir, w->name, OPEN_DIR | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT && w->make) {
		if (mkdirat(w->dir, w->name, 0755) < 0 && errno != EEXIST) {
			return -errno;
		}
		fd = openat(w->dir, w->name, OPEN_DIR | O_NOFOLLOW);
	}
	return fd < 0 ? -errno : fd;
}

/* How far it is, without links and dots. */
static int note_done(struct pathwalk *w)
{
	size_t n = strlen(w->done);

	if (strcmp(w->name, ".") == 0) {
		return 0;
	}
	if (strcmp(w->name, "..") == 0) {
		char *slash = strrchr(w->done, '/');

		w->done[slash ? (size_t)(slash - w->done) : 0] = '\0';
		return 0;
	}
	if (n + 1 + strlen(w->name) >= sizeof(w->done)) {
		return -ENAMETOOLONG;
	}
	w->done[n] = '/';
	strcpy(w->done + n + 1, w->name);
	return 0;
}

static int enter(struct pathwalk *w)
{
	int fd = open_child(w);

	if (fd == -ENOTDIR) {
		int r = follow(w);

		if (r <= 0) {
			return r;
		}
		fd = openat(w->dir, w->name, OPEN_DIR);
		fd = fd < 0 ? -errno : fd;
	}
	if (fd < 0) {
		return fd;
	}
	w->fixed = w->fixed && is_fixed(w->dir, fd);
	close(w->dir);
	w->dir = fd;
	return note_done(w);
}

static int walk(struct pathwalk *w, bool all)
{
	int r;

	while ((r = take_name(w)) > 0) {
		if (!all && !*w->rest) {
			return 0;
		}
		r = enter(w);
		if (r < 0) {
			return r;
		}
	}
	return r;
}

int pathwalk_parent(struct pathwalk *w)
{
	w->name[0] = '\0';
	return walk(w, false);
}

int pathwalk_all(struct pathwalk *w)
{
	return walk(w, true);
}

/* ---- what it names ---- */

/* Of any type; as a directory first, which has an automount do its work. */
static int open_node(const struct pathwalk *w, const char *name)
{
	AUTO_CLOSE int fd = openat(w->dir, name, OPEN_DIR | O_NOFOLLOW);
	struct stat st;

	if (fd >= 0 || errno != ENOTDIR) {
		return fd < 0 ? -errno : TAKE_FD(fd);
	}
	fd = openat(w->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		return -errno;
	}
	return S_ISLNK(st.st_mode) ? -ELOOP : TAKE_FD(fd);
}

/* The last component: -ELOOP for a link. */
static int open_last(const struct pathwalk *w, int flags, unsigned mode)
{
	const char *name = *w->name ? w->name : ".";
	int fd;

	if (flags & O_PATH) {
		return open_node(w, name);
	}
	fd = openat(w->dir, name, flags | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
	return fd < 0 ? -errno : fd;
}

static int open_last_of(struct pathwalk *w, int flags, unsigned mode)
{
	for (;;) {
		int r = pathwalk_parent(w);
		int fd = r < 0 ? r : open_last(w, flags, mode);

		if (r < 0 || fd != -ELOOP) {
			return fd;
		}
		r = follow(w);
		if (r < 0) {
			return r;
		}
		if (r > 0) {
			fd = openat(w->dir, w->name, flags | O_CLOEXEC, (mode_t)mode);
			return fd < 0 ? -errno : fd;
		}
	}
}

int pathwalk_open_file(const char *path, int flags, unsigned mode)
{
	AUTO(pathwalk_fini) struct pathwalk w;
	int r = pathwalk_begin(&w, path);

	return r < 0 ? r : open_last_of(&w, flags, mode);
}

int pathwalk_open(const char *path)
{
	return pathwalk_open_file(path, O_PATH, 0);
}

int pathwalk_open_at(int dir, const char *name)
{
	AUTO(pathwalk_fini) struct pathwalk w;
	int r = prepare(&w, -1, name);

	if (r == 0) {
		w.dir = fcntl(dir, F_DUPFD_CLOEXEC, 3);
		r = w.dir < 0 ? -errno : 0;
	}
	return r < 0 ? r : open_last_of(&w, O_PATH, 0);
}

/* The last component is no directory, or no more is there than this. */
static int end_plain(struct pathwalk *w, char *ret, size_t size)
{
	int r = note_done(w);

	if (r < 0 || strlen(w->done) + 1 + strlen(w->rest) >= size) {
		return r < 0 ? r : -ENAMETOOLONG;
	}
	strcpy(ret, w->done);
	if (*w->rest) {
		strcat(ret, "/");
		strcat(ret, w->rest);
	}
	return strstr(ret, "/../") ? -ENOENT : 0;
}

int pathwalk_plain(const char *path, char *ret, size_t size)
{
	AUTO(pathwalk_fini) struct pathwalk w;
	int r = pathwalk_begin(&w, path);

	for (;;) {
		struct stat st;

		r = r < 0 ? r : pathwalk_parent(&w);
		if (r == -ENOENT) {
			return end_plain(&w, ret, size);
		}
		if (r < 0) {
			return r;
		}
		if (fstatat(w.dir, w.name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st.st_mode)) {
			return end_plain(&w, ret, size);
		}
		r = follow(&w);
		if (r > 0) {
			return -ELOOP;
		}
	}
}
