// SPDX-License-Identifier: MIT
/*
 * crun, runc and bubblewrap as peers of a launch: the same static program, the same namespaces, the
 * same filter. They need a cgroup v2 tree at /sys/fs/cgroup, so they run in a mount namespace of
 * their own; nothing outside changes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "samples.h"

struct peer {
	const char *name;
	const char *program;
	const char *bundle; /* NULL: not an OCI runtime */
	bool seccomp;
};

#define PEER_COUNT 6
extern const struct peer peers[PEER_COUNT];

/* The names that the filter allows, as libseccomp knows them; NULL-terminated, static. */
const char *const *peers_calls(void);
/* Enters the mount namespace, makes bundles of the program. Ends the process on failure. */
void peers_enter(const char *program, const void *filter, size_t filter_size);
/* One start. 0, 1 when the program is not installed, or -1 with a word on stderr. */
int peers_run(const struct peer *peer, usec_t *ret_exec, usec_t *ret_reaped);
/* Runs argv with its stdout in a pipe: time of the first byte, time of the exit. 0 or -1. */
int peers_time(char *const argv[], usec_t *ret_exec, usec_t *ret_reaped);
void peers_leave(void);
