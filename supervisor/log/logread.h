// SPDX-License-Identifier: MIT
/*
 * Reading supd-log's store: for supctl, as root or as a member of supd-log's group. Works while
 * supd-log writes, rotates or is dead; damaged stretches of a file are skipped, never an error.
 *
 * A reader holds cursors on one or more units and hands out their records merged by time:
 *
 *	log_reader_new(dir, &r); log_reader_add_unit(r, "web.service");
 *	log_reader_seek_tail(r, 10);
 *	while (log_reader_next(r, &record) == 1) { … }
 *	follow: log_reader_wait(r, -1), then log_reader_next() again until it returns 0.
 *
 * Everything in a record comes from services: the caller escapes control characters. Single
 * threaded; never writes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../../runtime/base/cleanup.h"

/*
 * Pseudo units; directory names that no unit can have. What root and supd say of no unit, the
 * record of who asked for what among it; and what others send, who could push the former out.
 */
#define LOG_UNIT_NONE      "_unattributed"
#define LOG_UNIT_STRANGERS "_strangers"

enum log_record_flags {
	LOG_RECORD_CUT = 1 << 0,  /* the line goes on in a later record of the same pid */
	LOG_RECORD_REST = 1 << 1, /* the line began in an earlier record */
	LOG_RECORD_OWN = 1 << 2,  /* supd-log's own words: suppressed or lost messages */
	LOG_RECORD_FLAGS_ALL = (1 << 3) - 1,
};

/* A further field of a native record. The value is binary and followed by a NUL. */
struct log_field {
	const char *name;
	const char *value;
	size_t size;
};

/* Pointers live until the next call on the reader. */
struct log_record {
	uint64_t realtime_us;  /* CLOCK_REALTIME when supd-log wrote it */
	uint64_t monotonic_us; /* CLOCK_MONOTONIC */
	uint32_t priority;     /* 0–7, syslog(3) */
	uint32_t flags;        /* enum log_record_flags */
	uint32_t pid;          /* of the sender by the kernel's word; 0: unknown */
	uint32_t uid;
	uint8_t invocation_id[16]; /* zeros: unknown */
	const char *unit;
	const char *identifier; /* "" if there is none */
	const char *message;    /* binary; followed by a NUL */
	size_t message_size;
	const struct log_field *fields;
	size_t n_fields;
};

struct log_reader;

/* Opens the log directory (LOG/ of contrib/doc/PROTOCOLS.md). -ENOENT, -EACCES … */
int log_reader_new(const char *dir, struct log_reader **ret);
void log_reader_free(struct log_reader *r);
DEFINE_AUTO(struct log_reader, log_reader_free);

/*
 * Adds a unit, positioned at its oldest record. A unit that has no log yet is fine (follow waits
 * for it). -EINVAL: neither a unit name nor a pseudo unit; -EACCES. Adding twice is a no-op.
 */
int log_reader_add_unit(struct log_reader *r, const char *unit);
/* Adds every unit that has a log now. */
int log_reader_add_all(struct log_reader *r);

/* Positions: the oldest record; the last n of the merged sequence; the first at or after a time. */
int log_reader_seek_head(struct log_reader *r);
int log_reader_seek_tail(struct log_reader *r, uint64_t n);
int log_reader_seek_realtime(struct log_reader *r, uint64_t realtime_us);

/* 1: *ret is the next record in time; 0: no more for now; -errno. */
int log_reader_next(struct log_reader *r, struct log_record *ret);

/*
 * Following. The descriptor becomes readable when a log may have grown (inotify; starts with the
 * first call); log_reader_wait() waits for it at most timeout_ms (-1: for ever) and drains it:
 * 1 look again, 0 time is up, -errno (-EINTR included).
 */
int log_reader_fd(struct log_reader *r);
int log_reader_wait(struct log_reader *r, int timeout_ms);
