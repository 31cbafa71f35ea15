// SPDX-License-Identifier: MIT
/*
 * Does the machine get anywhere with its writing? A disk that is slow finishes requests, and the
 * memory that waits for it becomes less; one that is dead does neither. Either counts, and so does
 * a call that uses the processor (a file system that forgets a million files). Pure but for
 * progress_look(), which reads the kernel's own counters: those that move when a request is done,
 * not when it is sent.
 */
#pragma once

#include <stdint.h>

#define PROGRESS_DISKS_MAX 256

struct progress_facts {
	uint64_t left_kb; /* of memory that waits to be written, or is being written */
	uint64_t done;   /* requests that the disks in use have finished since the kernel's start */
	uint64_t cpu_us; /* of the calls that run */
};

struct progress {
	struct {
		unsigned major, minor;
	} disks[PROGRESS_DISKS_MAX];
	unsigned n_disks;
	struct progress_facts last; /* left_kb: the least that there ever was */
	uint64_t left_kb;           /* now */
	uint64_t moved_us;          /* when anything moved last */
};

void progress_init(struct progress *p, uint64_t now_us);
/* One of the disks whose requests count: of a mount ("259:1") or a swap. More than fit are left. */
void progress_add_disk(struct progress *p, unsigned major, unsigned minor);
/* Takes the facts in. */
void progress_step(struct progress *p, const struct progress_facts *facts, uint64_t now_us);
/* For how long nothing has moved. */
uint64_t progress_still_us(const struct progress *p, uint64_t now_us);

/* Of the text of /proc/meminfo: Dirty, Writeback and WritebackTmp. */
uint64_t progress_left_kb(const char *meminfo);
/* Of the text of /proc/diskstats: all that the disks of p have finished. */
uint64_t progress_done(const struct progress *p, const char *diskstats);

/* Reads both files; cpu_us is the caller's. What cannot be read does not move. */
void progress_look(struct progress *p, uint64_t cpu_us, uint64_t now_us);
