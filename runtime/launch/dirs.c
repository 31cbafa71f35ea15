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
#include "../base/timeutil.h"
#include "dirmove.h"
#include "launch.h"

#define OPEN_DIR (O_PATH | O_DIRECTORY | O_CLOEXEC)

struct dirent_record {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* ---- walking down ---- */

static bool is_roots_alone(int dir)
{
	struct stat st;

	return fstat(dir, &st) == 0 && st.st_uid == 0 && !(st.st_mode & 022);
}

static int open_component(int dir, const char *name)
{
	int fd = openat(dir, name, OPEN_DIR | O_NOFOLLOW);
	struct stat st;

	if (fd >= 0 || errno != ENOTDIR) {
		return fd < 0 ? -errno : fd;
	}
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st.st_mode)) {
		return -ENOTDIR;
	}
	if (st.st_uid != 0 || !is_roots_alone(dir)) {
		return -ELOOP;
	}
	fd = openat(dir, name, OPEN_DIR);
	return fd < 0 ? -errno : fd;
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

/*
 * Walks all components before end; makes those that are missing if make. *fixed, unless NULL,
 * becomes false where others than root can change what the path leads to.
 */
static int walk(const char *path, const char *end, bool make, bool *fixed)
{
	AUTO_CLOSE int dir = open("/", OPEN_DIR);
	char name[256];

	for (const char *p = path; dir >= 0 && p < end;) {
		size_t n = strcspn(p, "/");
		int next;

		if (n == 0) {
			p++;
			continue;
		}
		if (n >= sizeof(name)) {
			return -ENAMETOOLONG;
		}
		memcpy(name, p, n);
		name[n] = '\0';
		p += n;
		next = open_component(dir, name);
		if (next == -ENOENT && make) {
			if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST) {
				return -errno;
			}
			next = open_component(dir, name);
		}
		if (next < 0) {
			return next;
		}
		if (fixed && !is_fixed(dir, next)) {
			*fixed = false;
		}
		close(dir);
		dir = next;
	}
	return dir < 0 ? -errno : TAKE_FD(dir);
}

int dir_open(const char *path)
{
	return walk(path, path + strlen(path), false, NULL);
}

int dir_open_parent(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');

	if (!slash || !slash[1]) {
		return -EINVAL;
	}
	*ret_name = slash + 1;
	return walk(path, slash, false, NULL);
}

bool dir_parent_is_fixed(const char *path)
{
	const char *slash = strrchr(path, '/');
	bool fixed = true;
	AUTO_CLOSE int dir = slash ? walk(path, slash, false, &fixed) : -1;

	return dir >= 0 && fixed;
}

int dir_ensure(const char *path)
{
	int fd = walk(path, path + strlen(path), true, NULL);

	if (fd >= 0) {
		close(fd);
	}
	return fd < 0 ? fd : 0;
}

int dir_open_node(int dir, const char *name)
{
	AUTO_CLOSE int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISLNK(st.st_mode)) {
		return TAKE_FD(fd);
	}
	if (st.st_uid != 0 || !is_roots_alone(dir)) {
		return -ELOOP;
	}
	close(TAKE_FD(fd));
	fd = openat(dir, name, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : TAKE_FD(fd);
}

int dir_open_file(const char *path, int flags, mode_t mode)
{
	const char *name;
	AUTO_CLOSE int parent = dir_open_parent(path, &name);
	struct stat st;
	int fd;

	if (parent < 0) {
		return parent;
	}
	fd = openat(parent, name, flags | O_NOFOLLOW, mode);
	if (fd >= 0 || errno != ELOOP) {
		return fd < 0 ? -errno : fd;
	}
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_uid != 0 ||
		!is_roots_alone(parent)) {
		return -ELOOP;
	}
	fd = openat(parent, name, flags, mode);
	return fd < 0 ? -errno : fd;
}

int dir_each(int dir, int (*visit)(void *ctx, int dir, const char *name), void *ctx)
{
	AUTO_CLOSE int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_Alignas(8) char buf[4096];

	if (fd < 0) {
		return -errno;
	}
	for (;;) {
		long n = syscall(SYS_getdents64, fd, buf, sizeof(buf));

		if (n <= 0) {
			return n < 0 ? -errno : 0;
		}
		for (long at = 0; at < n;) {
			const struct dirent_record *e = (const void *)(buf + at);
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
	AUTO_CLOSE int path_fd = walk(path, path + strlen(path), true, NULL);
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
