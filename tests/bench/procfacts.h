// SPDX-License-Identifier: MIT
/* What the benchmarks read of other processes, and a meter of a whole process tree's work. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../runtime/base/timeutil.h"

/* Proportional set size in kB; 0 when it cannot be read. */
long procfacts_pss_kb(pid_t pid);
/* Voluntary and involuntary context switches of its first thread. */
long procfacts_switches(pid_t pid);
/* Open descriptors. */
unsigned procfacts_fds(pid_t pid);
/* A child of parent by its comm, 0 when there is none. */
pid_t procfacts_child(pid_t parent, const char *name);

/*
 * Processor time and context switches of this process and of everything that it starts after
 * meter_open(), whoever adopts it: inherited perf counters (perf_event_open(2)). They cost a little
 * at each fork, so time is better measured without. The kernel's counters miss what a process does
 * while it ends; with SUPD_BENCH_CPUACCT=FILE the time is that of a cpuacct.usage of cgroup v1,
 * whose group has been joined before, and no switches are counted.
 */
struct meter {
	int cpu_fd, switches_fd, usage_fd; /* -1: not open */
};
struct work {
	double cpu_ms;
	double switches;
};
/* 0 or -errno. */
int meter_open(struct meter *m);
bool meter_is_open(const struct meter *m);
/* What has been done since meter_open(); zeros when it is not open. */
struct work meter_read(const struct meter *m);
