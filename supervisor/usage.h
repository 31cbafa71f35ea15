// SPDX-License-Identifier: MIT
/*
 * What a unit has used when it ends: read from its cgroup before that goes, told in the log as
 * systemd does, and kept until it runs again, so that CPUUsageNSec= and its kin of a unit that is
 * down say what its last run took. supd's memory only: the next supd has not seen it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroupread.h"
#include "engine.h"

struct shell;

enum usage_value {
	USAGE_CPU_NSEC,
	USAGE_MEMORY_PEAK,
	USAGE_SWAP_PEAK,
	USAGE_IO_READ_BYTES,
	USAGE_IO_WRITE_BYTES,
	USAGE_IO_READS,
	USAGE_IO_WRITES,
	USAGE_COUNT,
};

/* Bytes and calls as the kernel counts them; CGROUP_NOT_SET where nobody does. */
struct usage {
	uint64_t values[USAGE_COUNT];
	bool begun; /* of a run that has not ended */
};

/* Of each unit by its index, NULL: it has not ended yet. */
struct usage_table {
	struct usage **rows;
	uint32_t n;
};

void usage_table_fini(struct usage_table *t);
/* NULL: nothing is known. */
const struct usage *usage_find(const struct usage_table *t, const struct unit *u);

/* Reads what a cgroup has used. */
void usage_read(const struct cgroup_root *root, const char *cgroup, struct usage *ret);
/* The last look before all of it is killed: its cgroup may be another one afterwards. */
void usage_look(struct shell *s, const struct unit *u);
/* A main process is to run: what was looked at before belongs to another run. */
void usage_begin(struct shell *s, const struct unit *u);
/* The unit is down, its cgroup still there: kept and told. Without memory it is only told. */
void usage_end(struct shell *s, const struct unit *u);

/* "Consumed 1min 2.345s CPU time, 12.0M memory peak, read 4.0K from disk."; "" for nothing. */
void usage_text(const struct usage *u, char *buf, size_t size);
/* Syslog level: what is not worth mentioning is LOG_DEBUG. */
int usage_level(const struct usage *u);
