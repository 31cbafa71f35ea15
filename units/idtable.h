// SPDX-License-Identifier: MIT
/*
 * Which range of 65,536 ids belongs to which unit: an append-only file of fixed records, so that a
 * range is never given to another unit while files of the first may exist. The record's place in
 * the file is its range; record 0 is never a unit's (supd's own ids are in range 0). Several supd
 * share the file under flock(2).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../runtime/base/limits.h"

#define IDTABLE_RANGE_IDS 65536u

struct idtable_record {
	char name[LIMIT_UNIT_NAME]; /* NUL-padded; "" in record 0 */
};

struct idtable {
	int fd; /* O_RDWR | O_APPEND, the caller's; -1: no table, every look-up gives -ENOENT */
	struct idtable_record *records; /* malloc'd copy */
	uint32_t n;
	uint32_t capacity;
	uint32_t max;    /* ranges in the pool */
	int error;       /* what a write of a record ended with, 0 */
	uint32_t *slots; /* open addressing by name: record number, 0: free */
	uint32_t n_slots;
};

/*
 * Takes the lock and reads the table; a last record that was cut short is completed to a record of
 * nobody's. -EBADMSG: not a table. max: ranges in the pool, range 0 included.
 */
int idtable_open(struct idtable *t, int fd, uint32_t max);
/* Drops the lock and the copy. */
void idtable_close(struct idtable *t);

/* The unit's range, a new one when it has none yet. -EUSERS: pool used up; -ENOENT: no table; else
 * what the write of a new one ended with, that for all new ones after it: half a record may be
 * there. */
int idtable_get(struct idtable *t, const char *name, uint32_t *ret_range);
