// SPDX-License-Identifier: MIT
/*
 * Starting helper programs by descriptor. The child runs only async-signal-safe code: default
 * signals, /dev/null, its descriptors from 3 on, its identity, execveat.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SPAWN_FDS_MAX 8

struct spawn {
	int exe_fd;
	const char *const *argv;
	const int *fds; /* become 3, 4, …; each is a source of any number; -1: /dev/null */
	uint32_t n_fds;
	int error_fd;      /* becomes 2; -1: stderr is kept, -2: /dev/null */
	bool drop;         /* become uid, gid without groups and without privileges */
	bool keep_search;  /* with drop: CAP_DAC_READ_SEARCH stays, ambient */
	bool protect;      /* the kernel kills almost all else first for want of memory */
	uint64_t max_file; /* RLIMIT_FSIZE, 0: leave */
	uint32_t uid, gid;
};

/* Pid, or -errno (of clone only: a later failure is exit status 127 of the child). */
pid_t spawn_start(const struct spawn *spawn);
/* As many low descriptors are supd-init's own: none of them is one to be closed. */
#define SPAWN_CLOSER_MAX 8
/*
 * Closes sockets whose last close may block, at most SPAWN_CLOSER_MAX: a child keeps copies, shut
 * down, until ours are closed, and ends with them. 0 and all are -1; -errno and nothing is closed.
 */
int spawn_closer(int *fds, uint32_t n);
/*
 * A child of that identity that connects to the system bus, sends EV_BUS with the connection over
 * event_fd, and exits. The bus knows a client by who called connect(): root must not.
 */
int spawn_bus_connector(int event_fd, uint32_t uid, uint32_t gid);
