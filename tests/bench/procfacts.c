// SPDX-License-Identifier: MIT
#include "procfacts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The sum of the numbers behind each of the keys in /proc/PID/FILE. */
static long sum_of(pid_t pid, const char *file, const char *const *keys)
{
	char path[64], line[256];
	long sum = 0, value;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		for (size_t i = 0; keys[i]; i++) {
			size_t n = strlen(keys[i]);

			if (strncmp(line, keys[i], n) == 0 &&
				sscanf(line + n, ": %ld", &value) == 1) {
				sum += value;
			}
		}
	}
	if (f) {
		fclose(f);
	}
	return sum;
}

long procfacts_pss_kb(pid_t pid)
{
	static const char *const keys[] = { "Pss", NULL };

	return sum_of(pid, "smaps_rollup", keys);
}

long procfacts_switches(pid_t pid)
{
	static const char *const keys[] = { "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches",
		NULL };

	return sum_of(pid, "status", keys);
}

unsigned procfacts_fds(pid_t pid)
{
	char path[64];
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && readdir(dir)) {
		n++;
	}
	if (dir) {
		closedir(dir);
	}
	return n >= 2 ? n - 2 : 0; /* . and .. */
}

static int has_name(pid_t pid, const char *name)
{
	char path[64], line[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "re");
	if (f) {
		if (!fgets(line, sizeof(line), f)) {
			line[0] = '\0';
		}
		fclose(f);
	}
	line[strcspn(line, "\n")] = '\0';
	return strcmp(line, name) == 0;
}

pid_t procfacts_child(pid_t parent, const char *name)
{
	char path[64];
	long pid = 0;
	FILE *list;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
	list = fopen(path, "re");
	while (list && fscanf(list, "%ld", &pid) == 1 && !has_name((pid_t)pid, name)) {
		pid = 0;
	}
	if (list) {
		fclose(list);
	}
	return (pid_t)pid;
}

/* ---- the meter ---- */

static int open_counter(uint64_t config)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = config,
		.inherit = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static double read_counter(int fd)
{
	uint64_t value = 0;

	return fd >= 0 && read(fd, &value, sizeof(value)) == (ssize_t)sizeof(value) ? (double)value
										    : 0;
}

/* A file of the kernel that is one number, read again from its start. */
static double read_usage(int fd)
{
	char text[32] = { 0 };

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? strtod(text, NULL) : 0;
}

int meter_open(struct meter *m)
{
	const char *usage = getenv("SUPD_BENCH_CPUACCT");

	if (usage) {
		m->usage_fd = open(usage, O_RDONLY | O_CLOEXEC);
		return m->usage_fd < 0 ? -errno : 0;
	}
	m->cpu_fd = open_counter(PERF_COUNT_SW_TASK_CLOCK);
	m->switches_fd = open_counter(PERF_COUNT_SW_CONTEXT_SWITCHES);
	return m->cpu_fd < 0 ? m->cpu_fd : m->switches_fd < 0 ? m->switches_fd : 0;
}

bool meter_is_open(const struct meter *m)
{
	return m->cpu_fd >= 0 || m->usage_fd >= 0;
}

struct work meter_read(const struct meter *m)
{
	double cpu_ns = m->usage_fd >= 0 ? read_usage(m->usage_fd) : read_counter(m->cpu_fd);

	return (struct work) { cpu_ns / 1e6, read_counter(m->switches_fd) };
}
