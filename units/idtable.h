// SPDX-License-Identifier: MIT
/*
 * Which range of 65,536 ids belongs to which unit: a file of fixed records. The record's place in
 * the file is its range; record 0 is never a unit's (supd's own ids are in range 0). Several supd
 * share the file under flock(2).
 *
 * A unit's record stays for ever, so that its range is never given to another unit while files of
 * the first may exist. But what `supctl run` makes has another name each time, and would use up the
 * pool: such units have IDTABLE_PASSING records among them, as long as not more of them live at
 * once. When these are taken, a new unit gets that of the unit which is gone and was used first.
 * Gone is what has no unit file in this load: who still runs without one, or is another supd's, is
 * not known here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../runtime/base/limits.h"

#define IDTABLE_RANGE_IDS 65536u
#define IDTABLE_PASSING   4096u

struct idtable_record {
	/*
	 * NUL-padded; "" in record 0. The last eight bytes, where the name leaves them: 0, or of a
	 * passing unit a count, the greater the later it was used.
	 */
	char name[LIMIT_UNIT_NAME];
};

struct idtable {
	int fd; /* O_RDWR, the caller's; -1: no table, every look-up gives -ENOENT */
	struct idtable_record *records; /* malloc'd copy */
	uint32_t n;
	uint32_t capacity;
	uint32_t max;    /* ranges in the pool */
	int error;       /* what a write of a record ended with, 0 */
	uint32_t *slots; /* open addressing by name: record number, 0: free */
	uint32_t n_slots;
	uint32_t n_passing;
	uint64_t last_use; /* greatest count of a passing unit */
	/* Is there a unit of that name? Set by the caller after idtable_open(); NULL: always. */
	bool (*lives)(const void *context, const char *name);
	const void *context;
};

/*
 * Takes the lock and reads the table; a last record that was cut short is completed to a record of
 * nobody's. -EBADMSG: not a table. max: ranges in the pool, range 0 included.
 */
int idtable_open(struct idtable *t, int fd, uint32_t max);
/* Drops the lock and the copy. */
void idtable_close(struct idtable *t);

/*
 * The unit's range, a new one when it has none yet; passing: the unit will be gone some time, its
 * name with it. -EUSERS: pool used up; -ENOENT: no table; else what the write of a new one ended
 * with, that for all new ones after it: half a record may be there.
 */
int idtable_get(struct idtable *t, const char *name, bool passing, uint32_t *ret_range);
