// SPDX-License-Identifier: MIT
#include "pressure.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/number.h"
#include "launch.h"
#include "mountapi.h"

#define PRESSURE_FILE "memory.pressure"

/* ---- text ---- */

static size_t base64(const char *from, size_t n, char *to)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t used = 0;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t group = (uint32_t)(uint8_t)from[i] << 16;

		group |= left > 1 ? (uint32_t)(uint8_t)from[i + 1] << 8 : 0;
		group |= left > 2 ? (uint32_t)(uint8_t)from[i + 2] : 0;
		to[used++] = digits[group >> 18 & 63];
		to[used++] = digits[group >> 12 & 63];
		to[used++] = left > 1 ? digits[group >> 6 & 63] : '=';
		to[used++] = left > 2 ? digits[group & 63] : '=';
	}
	return used;
}

void pressure_text(uint64_t threshold_us, char ret[PRESSURE_TEXT])
{
	char line[PRESSURE_TEXT / 4 * 3 - 3] = "some ";
	size_t n = strlen(line);

	n += number_format_u64(line + n, threshold_us);
	line[n++] = ' ';
	n += number_format_u64(line + n, PLAN_PRESSURE_WINDOW_US);
	ret[base64(line, n + 1, ret)] = '\0';
}

/* ---- the file ---- */

static bool is_ours(struct launch *l, int fd)
{
	struct stat own, seen;

	return fstatat(l->fds[LAUNCH_TAG_CGROUP], PRESSURE_FILE, &own, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(fd, &seen) == 0 && own.st_dev == seen.st_dev && own.st_ino == seen.st_ino;
}

/*
 * Root's commands of another user's unit leave it to the user. A container may not let us: then the
 * program is not told of a file that it could not write.
 */
static bool give_to_user(struct launch *l)
{
	int dir = l->fds[LAUNCH_TAG_CGROUP];
	struct stat st;

	if (fstatat(dir, PRESSURE_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return false;
	}
	return l->plan.uid == 0 || (st.st_uid == l->plan.uid && st.st_gid == l->plan.gid) ||
	       fchownat(dir, PRESSURE_FILE, l->plan.uid, l->plan.gid, AT_SYMLINK_NOFOLLOW) == 0;
}

static const char *host_path(struct launch *l)
{
	char link[FD_LINK_SIZE];
	char *path = arena_alloc(&l->arena, PATH_MAX);
	ssize_t n;

	if (!path) {
		return NULL;
	}
	n = readlink(fd_link(l->fds[LAUNCH_TAG_CGROUP], link), path,
		PATH_MAX - sizeof("/" PRESSURE_FILE));
	if (n <= 0 || path[0] != '/') {
		return NULL;
	}
	memcpy(path + n, "/" PRESSURE_FILE, sizeof("/" PRESSURE_FILE));
	return path;
}

int launch_prepare_pressure(struct launch *l)
{
	AUTO_CLOSE int fd = -1;

	if (l->plan.pressure < PLAN_PRESSURE_ON || l->fds[LAUNCH_TAG_CGROUP] < 0 ||
		!give_to_user(l)) {
		return 0;
	}
	l->pressure = host_path(l);
	if (launch_has_ns(l, PLAN_NS_MOUNT) || !l->pressure) {
		return 0;
	}
	fd = open(l->pressure, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || !is_ours(l, fd)) {
		l->pressure = NULL;
	}
	return 0;
}

/* A copy of the mount over this one file: what lies beside it stays as the unit's walls have it. */
static int open_for_writing(const struct launch *l, int target)
{
	AUTO_CLOSE int copy = -1;
	struct statfs fs;
	int r;

	if (fstatfs(target, &fs) == 0 && !(fs.f_flags & ST_RDONLY)) {
		return 0;
	}
	if (l->plan.pressure != PLAN_PRESSURE_OPEN) {
		return -EROFS;
	}
	copy = mount_clone(target, "", 0);
	r = copy < 0 ? copy : mount_change(copy, 0, MOUNT_ATTR_RDONLY, 0);
	return r < 0 ? r : mount_attach(copy, target);
}

/* Behind all other mounts: what they hide is not told. */
int launch_attach_pressure(struct launch *l)
{
	AUTO_CLOSE int target = -1;

	if (!l->pressure) {
		return 0;
	}
	if (launch_has(l, PLAN_CGROUP_MOUNT)) {
		l->pressure = "/sys/fs/cgroup/" PRESSURE_FILE;
	}
	target = mount_open_target(l->root_fd, l->pressure);
	/* A read-only mount of the host's is locked against us. */
	if (target < 0 || !is_ours(l, target) || open_for_writing(l, target) < 0) {
		l->pressure = NULL;
	}
	return 0;
}
