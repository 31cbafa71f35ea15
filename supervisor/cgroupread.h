// SPDX-License-Identifier: MIT
/*
 * Reads cgroup files by path, as anybody may. Never writes, never keeps a descriptor. Paths are
 * relative to the delegated root that HELLO named. What is not there (no controller, no cgroup) is
 * a documented value, not an error.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../runtime/base/limits.h"

#define CGROUP_NOT_SET UINT64_MAX
/* Deeper trees and more processes than this are not shown. */
#define CGROUP_DEPTH_MAX LIMIT_CGROUP_DEPTH
#define CGROUP_PIDS_MAX  4096u
#define CGROUP_WALK_MAX  4096u /* cgroups of one tree */

struct cgroup_root {
	char path[256]; /* absolute */
	size_t mount;   /* length of the part that is the mount point */
};

/* Finds where the file system begins, so that cgroup_shown_path() can tell. */
void cgroup_root_init(struct cgroup_root *root, const char *path);

/* The path as /proc/PID/cgroup shows it: below the mount point. buf of LIMIT_PATH. */
void cgroup_shown_path(const struct cgroup_root *root, const char *cgroup, char *buf);

/* One number of one file ("memory.current"); CGROUP_NOT_SET if absent or "max". */
uint64_t cgroup_read_number(const struct cgroup_root *root, const char *cgroup, const char *file);
/* The number after `key ` in a flat-keyed file ("cpu.stat", "usage_usec"); CGROUP_NOT_SET. */
uint64_t cgroup_read_key(
	const struct cgroup_root *root, const char *cgroup, const char *file, const char *key);

/* Sum of all `key=number` of a nested-keyed file ("io.stat", "rbytes"); CGROUP_NOT_SET: no file. */
uint64_t cgroup_read_sum(
	const struct cgroup_root *root, const char *cgroup, const char *file, const char *key);
/* cpu.max as microseconds of CPU time in each second; CGROUP_NOT_SET: no quota. */
uint64_t cgroup_read_quota(const struct cgroup_root *root, const char *cgroup);
/* What memory.high and memory.max leave, of it and of all above; CGROUP_NOT_SET: nothing limits. */
uint64_t cgroup_memory_left(const struct cgroup_root *root, const char *cgroup);

/*
 * Calls visit for each process below cgroup, sub-cgroups included; shown is the path of the
 * process's cgroup as above. Stops at CGROUP_PIDS_MAX or CGROUP_WALK_MAX, or when visit returns
 * negative, which is then returned. Processes of an outer pid namespace (0) are left out.
 */
typedef int cgroup_visit(void *user, const char *shown, pid_t pid);
int cgroup_each_pid(
	const struct cgroup_root *root, const char *cgroup, cgroup_visit *visit, void *user);

/* Number of processes, without recursion limits' extras: what cgroup_each_pid() visits. */
uint64_t cgroup_count_pids(const struct cgroup_root *root, const char *cgroup);
/* The only process directly in cgroup whose parent is not in it; 0 if that is not exactly one. */
pid_t cgroup_guess_main(const struct cgroup_root *root, const char *cgroup, pid_t not_this);

/* The command line of a process with spaces between the arguments, escaped; "[comm]" without one.
 */
void process_command_line(pid_t pid, char *buf, size_t size);
/* Parent's pid by /proc/PID/stat; 0 when it cannot be read. */
pid_t process_parent(pid_t pid);
/* The process's path in the v2 hierarchy as /proc/PID/cgroup shows it. -errno; buf of LIMIT_PATH.
 */
int process_cgroup(pid_t pid, char *buf);
