// SPDX-License-Identifier: MIT
/*
 * What services ask the kernel for, each as often as one wants: single calls, small groups of them,
 * and all of a web server's calls for one request. No files, ports or processes outlive a world.
 */
#pragma once

#include <stddef.h>

#define FILTERCALLS 15

/* Descriptors and memory that the calls use; made before a filter is loaded. */
struct filterworld {
	int null, file, directory, epoll, event, ready, listener, log;
	int pipe[2], tcp[2];
	unsigned word; /* a futex that nobody waits for */
	char path[64]; /* of a file of 4 KiB */
};

struct filtercall {
	const char *name;
	unsigned calls; /* system calls of one turn */
	unsigned turns; /* of one measurement: some 300 µs, seldom interrupted */
	int (*turn)(struct filterworld *w); /* 0, or -errno: the call is refused */
};

extern const struct filtercall filtercalls[FILTERCALLS];

/* 0 or -errno. */
int filterworld_init(struct filterworld *w);
void filterworld_fini(struct filterworld *w);
