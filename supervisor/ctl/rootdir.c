// SPDX-License-Identifier: MIT
#include "rootdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "../../runtime/base/limits.h"
#include "../../runtime/base/sysx.h"

static int open_in(int root, const char *path, unsigned long flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int fd = sysx_openat2(root, path, &how);

	return fd < 0 ? -errno : fd;
}

int rootdir_open(const char *root)
{
	int fd = open(root && *root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The directory of path, made with those above it when make is set. */
static int open_parent(int root, const char *path, bool make)
{
	char dir[LIMIT_PATH];
	size_t n = (size_t)(strrchr(path, '/') - path);
	int fd, parent;

	if (n >= sizeof(dir)) {
		return -ENAMETOOLONG;
	}
	memcpy(dir, path, n);
	strcpy(dir + n, n ? "" : "/");
	fd = open_in(root, dir, O_RDONLY | O_DIRECTORY);
	if (fd != -ENOENT || !make || n == 0) {
		return fd;
	}
	parent = open_parent(root, dir, true);
	if (parent < 0) {
		return parent;
	}
	fd = mkdirat(parent, strrchr(dir, '/') + 1, 0755) < 0 && errno != EEXIST ? -errno : 0;
	(void)fsync(parent);
	close(parent);
	return fd < 0 ? fd : open_in(root, dir, O_RDONLY | O_DIRECTORY);
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* A name beside base that no loader reads. */
static int temporary(char *buf, size_t size, const char *base)
{
	int n = snprintf(buf, size, ".#%s.%d", base, (int)getpid());

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static int put_in_place(int dir, const char *name, const char *base)
{
	int r = renameat(dir, name, dir, base) < 0 ? -errno : 0;

	if (r < 0) {
		(void)unlinkat(dir, name, 0);
		return r;
	}
	return fsync(dir) < 0 && errno != EINVAL ? -errno : 0;
}

int rootdir_symlink(int root, const char *path, const char *target)
{
	AUTO_CLOSE int dir = open_parent(root, path, true);
	char name[NAME_MAX + 32];
	int r = dir < 0 ? dir : temporary(name, sizeof(name), base_name(path));

	if (r < 0) {
		return r;
	}
	if (symlinkat(target, dir, name) < 0) {
		return -errno;
	}
	return put_in_place(dir, name, base_name(path));
}

int rootdir_write(int root, const char *path, const char *text, size_t size)
{
	AUTO_CLOSE int dir = open_parent(root, path, true);
	AUTO_CLOSE int fd = -1;
	char name[NAME_MAX + 32];
	int r = dir < 0 ? dir : temporary(name, sizeof(name), base_name(path));

	if (r < 0) {
		return r;
	}
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		return -errno;
	}
	r = fd_write_full(fd, text, size);
	r = r < 0 ? r : fchmod(fd, 0644) < 0 || fsync(fd) < 0 ? -errno : 0;
	if (r < 0) {
		(void)unlinkat(dir, name, 0);
		return r;
	}
	return put_in_place(dir, name, base_name(path));
}

static bool is_unit_dir(const char *dir)
{
	static const char *const suffixes[] = { ".wants", ".requires", ".upholds", ".d" };
	size_t n = strlen(dir);

	for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
		size_t len = strlen(suffixes[i]);

		if (n > len && strcmp(dir + n - len, suffixes[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void remove_empty_parent(int root, const char *path)
{
	AUTO_CLOSE int above = -1;
	char dir[LIMIT_PATH];

	snprintf(dir, sizeof(dir), "%.*s", (int)(base_name(path) - path - 1), path);
	if (!is_unit_dir(dir)) {
		return;
	}
	above = open_parent(root, dir, false);
	if (above >= 0 && unlinkat(above, base_name(dir), AT_REMOVEDIR) == 0) {
		(void)fsync(above);
	}
}

int rootdir_unlink(int root, const char *path)
{
	AUTO_CLOSE int dir = open_parent(root, path, false);

	if (dir < 0) {
		return dir;
	}
	if (unlinkat(dir, base_name(path), 0) < 0) {
		return -errno;
	}
	(void)fsync(dir);
	remove_empty_parent(root, path);
	return 0;
}

int rootdir_remove(int root, const char *path)
{
	int fd, r = rootdir_unlink(root, path);
	struct dirent *de;
	AUTO_CLOSE int dir = -1;
	DIR *d;

	if (r != -EISDIR && r != -EPERM) {
		return r;
	}
	fd = open_in(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		return fd < 0 ? fd : -errno;
	}
	r = 0;
	while (r == 0 && (de = readdir(d))) {
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0) {
			r = unlinkat(dirfd(d), de->d_name, 0) < 0 ? -errno : 0;
		}
	}
	closedir(d);
	dir = r < 0 ? r : open_parent(root, path, false);
	if (dir < 0) {
		return dir;
	}
	return unlinkat(dir, base_name(path), AT_REMOVEDIR) < 0 ? -errno : 0;
}
