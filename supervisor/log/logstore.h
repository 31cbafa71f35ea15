// SPDX-License-Identifier: MIT
/*
 * The writing side of the store: units, their files, rotation, rate limit, and what happens when
 * the disk is full. Formats are logfile.h's.
 *
 * Records of one unit are collected and written by one pwrite(2) at logstore_flush(). What cannot
 * be written is counted in its unit and reported by a record of its own as soon as a write
 * succeeds again; nobody waits for a disk.
 *
 * Holds at most LOGSTORE_OPEN files open. Bounds: LIMIT_SLOTS units in memory, max_bytes per unit
 * on disk, at least LOGSTORE_FILES files of one longest record.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../runtime/base/limits.h"
#include "logfile.h"
#include "lograte.h"

#define LOGSTORE_FILES   4u
#define LOGSTORE_OPEN    512u
#define LOGSTORE_RESERVE 4u /* to list a directory and open the file in it */
#define LOGSTORE_BUCKETS 1024u
#define LOGSTORE_RETRY   250000u /* us */
#define LOGSTORE_BATCH   (256u * 1024u)
#define LOGSTORE_TELL    (60 * UINT64_C(1000000)) /* us; between two losses that are told */

struct logstore;

struct logunit {
	struct logunit *next; /* in its bucket */
	char *name;           /* directory */
	uint32_t refs;        /* streams */
	int fd;               /* -1: closed */
	uint64_t used;        /* counts openings, for eviction */
	uint64_t number;      /* of the open file */
	uint64_t size;        /* where the next record goes */
	uint64_t salt;
	struct lograte rate;
	uint64_t lost; /* records since the last successful write */
	int lost_error;
	uint64_t retry_us; /* monotonic; when lost is tried to be reported */
};

struct logstore {
	int dir; /* not owned */
	uint64_t max_bytes;
	struct lograte_limit limit;
	struct logunit *buckets[LOGSTORE_BUCKETS];
	size_t n_units;
	size_t n_open;
	int reserve[LOGSTORE_RESERVE]; /* descriptors that a file may take when there is none left
					*/
	uint64_t clock;
	bool uneasy;                     /* some unit may have something to report */
	char loss_unit[LIMIT_UNIT_NAME]; /* to be told: whose records began to be lost; or "" */
	int loss_error;
	uint64_t loss_us; /* monotonic; when another may be told */
	struct logunit *batch_unit;
	size_t batch_size;
	size_t batch_records;
	size_t batch_lines; /* of them that are not our own reports */
	char batch[LOGSTORE_BATCH];
};

struct logstore *logstore_new(int dir);
void logstore_free(struct logstore *s);

/* The unit of that name (LOG_UNIT_NONE for anything else), with a reference. NULL: no memory. */
struct logunit *logstore_ref(struct logstore *s, const char *unit);
void logstore_unref(struct logstore *s, struct logunit *unit);

/*
 * Puts one record into the batch; times are filled in here. limited: it counts against the rate
 * limit and may be suppressed. Messages over LIMIT_LOG_LINE are split. Never fails: see above.
 */
void logstore_put(struct logstore *s, struct logunit *unit, struct log_record *r, bool limited);
/* Writes the batch. */
void logstore_flush(struct logstore *s);

/*
 * The next time logstore_report() has something to do, UINT64_MAX for never. Walks all units only
 * while one has something to report.
 */
uint64_t logstore_deadline(struct logstore *s);
/*
 * True: records of that unit began to be lost with that errno, which nobody can read in the log
 * now. At most one in LOGSTORE_TELL; whose comes meanwhile is left out.
 */
bool logstore_take_loss(struct logstore *s, char unit[LIMIT_UNIT_NAME], int *ret_error);
/* Reports suppressed and lost lines whose time has come. */
void logstore_report(struct logstore *s);
