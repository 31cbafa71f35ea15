// SPDX-License-Identifier: MIT
#include "condpressure.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/limits.h"
#include "../base/number.h"

static const struct {
	const char *machine;
	const char *cgroup;
} files[CONDITION_TYPE_COUNT] = {
	[CONDITION_MEMORY_PRESSURE] = { "/proc/pressure/memory", "memory.pressure" },
	[CONDITION_CPU_PRESSURE] = { "/proc/pressure/cpu", "cpu.pressure" },
	[CONDITION_IO_PRESSURE] = { "/proc/pressure/io", "io.pressure" },
};

struct parameter {
	uint64_t limit;
	char window[16];
	const char *cgroup; /* NULL: the machine */
};

/* "1.25" is 125. */
static uint64_t to_hundredths(const char *text)
{
	uint64_t value = 0;
	int decimals = -1;

	for (; (*text >= '0' && *text <= '9') || (*text == '.' && decimals < 0); text++) {
		if (*text == '.') {
			decimals = 0;
		} else if (decimals < 2) {
			value = value * 10 + (uint64_t)(*text - '0');
			decimals += decimals >= 0;
		}
	}
	for (decimals = decimals < 0 ? 0 : decimals; decimals < 2; decimals++) {
		value *= 10;
	}
	return value;
}

/* The value of " WINDOW=" in one line, or NULL. */
static const char *find_window(const char *line, const char *window)
{
	size_t n = strlen(window);

	for (; *line && *line != '\n'; line++) {
		if (*line == ' ' && strncmp(line + 1, window, n) == 0 && line[n + 1] == '=') {
			return line + n + 2;
		}
	}
	return NULL;
}

int condpressure_average(const char *text, const char *window, uint64_t *ret)
{
	const char *some = NULL, *full = NULL, *best;

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		some = strncmp(line, "some ", 5) == 0 ? find_window(line, window) : some;
		full = strncmp(line, "full ", 5) == 0 ? find_window(line, window) : full;
	}
	best = full ? full : some;
	if (!best) {
		return -EINVAL;
	}
	*ret = to_hundredths(best);
	return 0;
}

static int read_parameter(const char *text, struct parameter *ret)
{
	char limit[16];
	size_t n = strcspn(text, " ");
	size_t m = text[n] ? strcspn(text + n + 1, " ") : 0;

	if (n >= sizeof(limit) || m == 0 || m >= sizeof(ret->window)) {
		return -EINVAL;
	}
	memcpy(limit, text, n);
	limit[n] = '\0';
	memcpy(ret->window, text + n + 1, m);
	ret->window[m] = '\0';
	ret->cgroup = text[n + 1 + m] ? text + n + 1 + m + 1 : NULL;
	return number_parse_u64(limit, &ret->limit);
}

static int open_pressure(const struct plan_condition *c, int cgroup_root, const char *cgroup)
{
	char path[LIMIT_PATH];
	const char *name = files[c->type].cgroup;
	int fd;

	if (!cgroup) {
		fd = open(files[c->type].machine, O_RDONLY | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	if (cgroup_root < 0) {
		return -EBADF;
	}
	if (strlen(cgroup) + 1 + strlen(name) >= sizeof(path)) {
		return -ENAMETOOLONG;
	}
	strcpy(path, cgroup);
	strcat(path, "/");
	strcat(path, name);
	fd = openat(cgroup_root, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int condpressure_holds(const struct plan_condition *c, int cgroup_root)
{
	struct parameter p;
	char text[512];
	uint64_t average;
	AUTO_CLOSE int fd = -1;
	ssize_t n;
	int r = read_parameter(c->parameter, &p);

	if (r < 0) {
		return r;
	}
	fd = open_pressure(c, cgroup_root, p.cgroup);
	if (fd < 0) {
		return fd == -ENOENT ? 1 : fd;
	}
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0) {
		return errno == EOPNOTSUPP || errno == ENODEV ? 1 : -errno;
	}
	text[n] = '\0';
	r = condpressure_average(text, p.window, &average);
	return r < 0 ? r : average <= p.limit;
}
