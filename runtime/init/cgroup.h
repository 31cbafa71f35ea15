// SPDX-License-Identifier: MIT
/*
 * cgroup v2 by descriptors below the delegated root. Reads only cgroup.procs, cgroup.events and
 * memory.events, with one digits reader. Paths are relative and were checked by catalogue_open().
 * cgroups(7), kernel Documentation/admin-guide/cgroup-v2.rst.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * mkdirat per level; the parents of new levels get the wanted controllers, bits of enum
 * wire_controller (best effort). 1 when the last level is new, 0 when it was there, or -errno.
 */
int cgroup_make(int root, const char *path, uint32_t wanted);
/*
 * Removes the cgroup; with recursive also what is below it (delegated), a bounded number each time.
 * 0 or -errno: -EAGAIN when more is left.
 */
int cgroup_remove(int root, const char *path, bool recursive);
/* Directory descriptor, or -errno. */
int cgroup_open(int root, const char *path);
/* Writes text to a file of the cgroup. 0 or -errno. */
int cgroup_write(int root, const char *path, const char *file, const char *text);
/* "+cpu", "+memory" … into dir's subtree_control; returns the bits of enum wire_controller. */
uint32_t cgroup_enable(int dir);

/* No process is in this very cgroup. */
bool cgroup_is_bare(int dir);

/* Both flags of cgroup.events by one read. 0 or -errno. */
int cgroup_read_events(int root, const char *path, bool *ret_populated, bool *ret_frozen);
/* The number after "key " in a flat keyed file; -ENOENT without it. */
int cgroup_read_key(int dir, const char *file, const char *key, uint64_t *ret);

/*
 * Calls fn for each pid of cgroup.procs (0, a process of an outer pid namespace, is skipped); stops
 * when fn returns not 0 and returns that.
 */
int cgroup_each_pid(int dir, int (*fn)(void *data, pid_t pid), void *data);
/* The digits reader's state machine over one chunk, for tests: value and got persist. */
struct cgroup_digits {
	uint64_t value;
	bool got;
};
int cgroup_digits(struct cgroup_digits *d, const char *text, size_t size,
	int (*fn)(void *data, pid_t pid), void *data);
/* 1 when pid is in the cgroup, or with deep in one below it; 0, or -errno. */
int cgroup_has_pid(int dir, pid_t pid, bool deep);
struct cgroup_signal {
	int signo;
	bool more;    /* and SIGCONT behind it */
	pid_t except; /* not this process; 0: all */
};
/* Signals every process but `except` through pidfds that were checked after their opening. */
int cgroup_signal(int dir, const struct cgroup_signal *what);
/*
 * The same where there is one process at most, which nobody need freeze: what it makes is seen
 * behind the signal. 1: all is done; 0 or -errno: not all, and `except` is who was signalled.
 */
int cgroup_signal_single(int dir, struct cgroup_signal *what);

/*
 * True when a process can be cloned into a fresh cgroup from here. Linux 6.18 kills it at birth
 * when cgroup.kill was ever written to our own cgroup or above; others lack the flag.
 */
bool cgroup_probe_clone(int root);

/*
 * Absolute path of supd-init's own cgroup: the v2 mount at /sys/fs/cgroup or
 * /sys/fs/cgroup/unified plus the `0::` line of /proc/self/cgroup. 0 or -errno.
 */
int cgroup_find_own(char *buf, size_t size);
