// SPDX-License-Identifier: MIT
#include "dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/sysx.h"
#include "../base/timeutil.h"
#include "dirmove.h"
#include "launch.h"
#include "pathwalk.h"

/* ---- walking down ---- */

static int walk(const char *path, size_t n, bool make)
{
	AUTO(pathwalk_fini) struct pathwalk w;
	char text[LIMIT_PATH];
	int r;

	w.dir = -1;
	if (n >= sizeof(text)) {
		return -ENAMETOOLONG;
	}
	memcpy(text, path, n);
	text[n] = '\0';
	r = pathwalk_begin(&w, text);
	w.make = make;
	r = r < 0 ? r : pathwalk_all(&w);
	return r < 0 ? r : TAKE_FD(w.dir);
}

int dir_open(const char *path)
{
	return walk(path, strlen(path), false);
}

int dir_open_parent(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');

	if (!slash || !slash[1]) {
		return -EINVAL;
	}
	*ret_name = slash + 1;
	return walk(path, (size_t)(slash - path), false);
}

bool dir_parent_is_fixed(const char *path)
{
	AUTO(pathwalk_fini) struct pathwalk w;

	return pathwalk_begin(&w, path) == 0 && pathwalk_parent(&w) == 0 && w.fixed;
}

int dir_ensure(const char *path)
{
	int fd = walk(path, strlen(path), true);

	if (fd >= 0) {
		close(fd);
	}
	return fd < 0 ? fd : 0;
}

int dir_each(int dir, int (*visit)(void *ctx, int dir, const char *name), void *ctx)
{
	AUTO_CLOSE int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_Alignas(8) char buf[4096];

	if (fd < 0) {
		return -errno;
	}
	for (;;) {
		long n = sysx_getdents(fd, buf, sizeof(buf));

		if (n <= 0) {
			return n < 0 ? -errno : 0;
		}
		for (long at = 0; at < n;) {
			const struct sysx_dirent *e = (const void *)(buf + at);
			int r = 0;

			at += e->reclen;
			if (strcmp(e->name, ".") != 0 && strcmp(e->name, "..") != 0) {
				r = visit(ctx, dir, e->name);
			}
			if (r < 0) {
				return r;
			}
		}
	}
}

/* ---- trees ---- */

struct tree {
	dev_t dev;
	uint32_t depth;
	uint32_t budget; /* entries still allowed */
	usec_t until_us; /* USEC_INFINITY: no limit */
	struct dir_owner owner;
};

static int enter(struct tree *t, int dir, const char *name,
	int (*visit)(void *ctx, int dir, const char *name))
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV,
	};
	AUTO_CLOSE int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
	int r;

	if (fd < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (t->depth >= LIMIT_CLEAN_DEPTH) {
		return -ELOOP;
	}
	t->depth++;
	r = dir_each(fd, visit, t);
	t->depth--;
	return r;
}

/*
 * By descriptor, so that what was looked at is what is given away. A second link may be a file
 * outside that somebody wants to be given; behind a mount point something else begins.
 */
static int chown_entry(void *ctx, int dir, const char *name)
{
	struct tree *t = ctx;
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV,
	};
	struct stat st;

	if (t->budget-- == 0) {
		return -E2BIG;
	}
	AUTO_CLOSE int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));

	if (fd < 0) {
		return errno == ENOENT || errno == EXDEV ? 0 : -errno;
	}
	if (fstat(fd, &st) < 0 || (!S_ISDIR(st.st_mode) && st.st_nlink > 1)) {
		return 0;
	}
	if (fchownat(fd, "", t->owner.uid, t->owner.gid, AT_EMPTY_PATH) < 0) {
		return -errno;
	}
	return S_ISDIR(st.st_mode) ? enter(t, dir, name, chown_entry) : 0;
}

static int remove_entry(void *ctx, int dir, const char *name)
{
	struct tree *t = ctx;
	struct stat st;
	int r;

	if (t->budget-- == 0) {
		return -E2BIG;
	}
	if (t->until_us != USEC_INFINITY && now_us() >= t->until_us) {
		return -ETIMEDOUT;
	}
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (st.st_dev != t->dev) {
		return -EXDEV;
	}
	if (!S_ISDIR(st.st_mode)) {
		return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? -errno : 0;
	}
	r = enter(t, dir, name, remove_entry);
	if (r < 0) {
		return r;
	}
	return unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_tree(struct tree *t, int dir, const char *name)
{
	struct stat st;

	if (fstat(dir, &st) < 0) {
		return -errno;
	}
	t->dev = st.st_dev;
	return remove_entry(t, dir, name);
}

int dir_remove(int dir, const char *name)
{
	struct tree t = { .budget = LIMIT_CLEAN_ENTRIES, .until_us = USEC_INFINITY };

	return remove_tree(&t, dir, name);
}

int dir_remove_until(int dir, const char *name, uint64_t until_us)
{
	struct tree t = { .budget = UINT32_MAX, .until_us = until_us };

	return remove_tree(&t, dir, name);
}

int dir_make(const char *path, const struct dir_owner *owner)
{
	AUTO_CLOSE int path_fd = walk(path, strlen(path), true);
	AUTO_CLOSE int fd = -1;
	struct tree t = { .budget = LIMIT_CLEAN_ENTRIES, .owner = *owner };
	struct stat st;

	if (path_fd < 0) {
		return path_fd;
	}
	fd = openat(path_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		return -errno;
	}
	if (st.st_uid != owner->uid || st.st_gid != owner->gid) {
		int r;

		t.dev = st.st_dev;
		r = dir_each(fd, chown_entry, &t);
		if (r < 0) {
			return r;
		}
		if (fchown(fd, owner->uid, owner->gid) < 0) {
			return -errno;
		}
	}
	if ((st.st_mode & 07777) != owner->mode && fchmod(fd, owner->mode) < 0) {
		return -errno;
	}
	return 0;
}
