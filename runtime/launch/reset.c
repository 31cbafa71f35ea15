// SPDX-License-Identifier: MIT
#include "reset.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "launch.h"
#include "prepare.h"

/* In this order: a group that is idle takes no weight. */
static const struct {
	const char *file;
	const char *value;
	const char *shown; /* what the file then says, when that is something else */
} defaults[] = {
	{ "memory.min", "0" },
	{ "memory.low", "0" },
	{ "memory.high", "max" },
	{ "memory.max", "max" },
	{ "memory.swap.max", "max" },
	{ "memory.zswap.max", "max" },
	{ "memory.oom.group", "0" },
	{ "pids.max", "max" },
	{ "cpu.max", "max 100000" },
	{ "cpu.idle", "0" },
	{ "cpu.weight", "100" },
	{ "cpuset.cpus", "\n", "" },
	{ "cpuset.mems", "\n", "" },
	{ "io.weight", "default 100" },
};

/* Files with a line for each device: what stands behind its numbers to have none. */
static const struct {
	const char *file;
	const char *value;
} devices[] = {
	{ "io.max", " rbps=max wbps=max riops=max wiops=max" },
	{ "io.latency", " target=0" },
	{ "io.weight", " default" },
};

/* -ENOENT: there is no such file. */
static ssize_t read_at(int dir, const char *file, char *buf, size_t size)
{
	AUTO_CLOSE int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (n < 0) {
		return -errno;
	}
	buf[n] = '\0';
	return n;
}

static int write_at(int dir, const char *file, const char *value)
{
	AUTO_CLOSE int fd = openat(dir, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 || write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

/* cgroup NULL: the unit's own. */
static bool is_planned(const struct launch *l, const char *cgroup, const char *file)
{
	const struct plan_cgroup_write *rows = l->plan.cgroup_writes.items;

	for (uint32_t i = 0; i < l->plan.cgroup_writes.n; i++) {
		bool same = cgroup ? rows[i].cgroup && strcmp(rows[i].cgroup, cgroup) == 0
				   : !rows[i].cgroup;

		if (same && !rows[i].device && launch_limit_is_meant(l, &rows[i]) &&
			strcmp(rows[i].file, file) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * The kernel empties no cpuset in which processes are: all that there is means the same. Others
 * have one way only.
 */
static int write_default(struct launch *l, int dir, size_t i)
{
	char file[40] = "", text[4096];
	int r = write_at(dir, defaults[i].file, defaults[i].value);

	if (r != -ENOSPC || strncmp(defaults[i].file, "cpuset.", 7) != 0) {
		return r;
	}
	strcat(file, defaults[i].file);
	strcat(file, ".effective");
	return read_at(l->fds[LAUNCH_TAG_CGROUP_ROOT], file, text, sizeof(text)) <= 0
		       ? r
		       : write_at(dir, defaults[i].file, text);
}

static int reset_file(struct launch *l, int dir, const char *cgroup, size_t i)
{
	const char *want = defaults[i].shown ? defaults[i].shown : defaults[i].value;
	char text[4096];
	int r;

	bool idle =
		strcmp(defaults[i].file, "cpu.weight") == 0 && is_planned(l, cgroup, "cpu.idle");

	if (idle || is_planned(l, cgroup, defaults[i].file) ||
		read_at(dir, defaults[i].file, text, sizeof(text)) < 0) {
		return 0;
	}
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, want) == 0) {
		return 0;
	}
	r = write_default(l, dir, i);
	return r < 0 ? launch_fail(l, r, cgroup, "reset ", defaults[i].file) : 0;
}

/* Lines of devices go, whether the plan has new ones or not: it writes after this. */
static int reset_devices(struct launch *l, int dir, const char *cgroup, size_t i)
{
	char text[4096], line[96];
	char *rest = text, *one;
	int r = 0;

	if (read_at(dir, devices[i].file, text, sizeof(text)) <= 0) {
		return 0;
	}
	while (r == 0 && (one = strsep(&rest, "\n"))) {
		size_t n = strcspn(one, " ");

		if (!memchr(one, ':', n) || n > 24) {
			continue;
		}
		memcpy(line, one, n);
		strcpy(line + n, devices[i].value);
		r = write_at(dir, devices[i].file, line);
	}
	return r < 0 ? launch_fail(l, r, cgroup, "reset ", devices[i].file) : 0;
}

static int reset_one(struct launch *l, int dir, const char *cgroup)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ELEMENTSOF(defaults); i++) {
		r = reset_file(l, dir, cgroup, i);
	}
	for (size_t i = 0; r == 0 && i < ELEMENTSOF(devices); i++) {
		r = reset_devices(l, dir, cgroup, i);
	}
	return r;
}

int launch_reset_cgroup(struct launch *l)
{
	const char *own = catalogue_string(&l->catalogue, l->unit->cgroup);
	char path[LIMIT_CGROUP_PATH];
	int r = 0;

	if (strlen(own) >= sizeof(path)) {
		return launch_fail(l, -ENAMETOOLONG, NULL, "cgroup ", own);
	}
	strcpy(path, own);
	for (char *end = strchr(path, '/'); r == 0 && end; end = strchr(end + 1, '/')) {
		*end = '\0';
		AUTO_CLOSE int dir = openat(l->fds[LAUNCH_TAG_CGROUP_ROOT], path,
			O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

		r = dir < 0 ? 0 : reset_one(l, dir, path);
		*end = '/';
	}
	return r < 0 ? r : reset_one(l, l->fds[LAUNCH_TAG_CGROUP], NULL);
}
