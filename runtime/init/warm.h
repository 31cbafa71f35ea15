// SPDX-License-Identifier: MIT
/*
 * Launchers ahead of need. One supd-launch (the stem) is executed once and waits; asked for a
 * launcher it clones itself with CLONE_PARENT. The copy, a child of supd-init, waits for one job on
 * a socket of its own. A start thus costs neither a fork of supd-init nor an exec.
 *
 * The stem sees no job: what one launcher knows, holds or is, no other gets. A launcher's pid is
 * known before it has a job. Nothing here outlives supd-init or its exec: their sockets' end of
 * file ends them all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../base/limits.h"

struct broker;

struct warm_launcher {
	int sock;  /* ours; -1: free, or, with a pid, told to end */
	pid_t pid; /* 0: asked for, not there yet */
};

/* A launcher that is asked for with its job, see born.h. */
struct warm_birth {
	int sock;     /* ours; -1: free */
	int cgroup;   /* directory of the unit's, which the job gets as well */
	uint32_t ref; /* place of the job */
};

struct warm {
	pid_t stem;      /* 0: none */
	int sock;        /* to the stem, -1: none */
	int error;       /* why the last launcher asked for did not come, 0 or errno */
	uint32_t barren; /* stems in a row that ended without a single launcher */
	struct warm_launcher launchers[LIMIT_LAUNCHES_WARM];
	struct warm_birth births[LIMIT_LAUNCHES_WARM];
};

void warm_init(struct warm *w);
/* Asks for launchers until n are there or on their way; starts the stem when there is none. */
void warm_fill(struct broker *b, uint32_t n);
/*
 * Takes a launcher. Its pid, with the socket to it (the caller's); 0 when none is there yet, then n
 * are on their way; -errno when none can be had.
 */
pid_t warm_take(struct broker *b, uint32_t n, int *ret_sock);
/*
 * Asks for a launcher that is born in cgroup and in namespaces (enum plan_namespaces) for the job
 * of ref; born_come() has the answer. 0 and cgroup is ours; -EAGAIN: not now; -errno.
 */
int warm_bear(struct broker *b, uint32_t ref, uint32_t namespaces, int cgroup);
/* Lets all but n go. */
void warm_trim(struct broker *b, uint32_t n);
/* Reads the stem's answers; its end of file, too. */
void warm_readable(struct broker *b, uint32_t index);
/* A reaped process: true when it was the stem or a launcher without a job. */
bool warm_ended(struct broker *b, pid_t pid);
/* Before an exec or the exit: all are told to end. True as long as one is not reaped. */
bool warm_stop(struct broker *b);
