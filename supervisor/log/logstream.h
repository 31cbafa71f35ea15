// SPDX-License-Identifier: MIT
/*
 * One byte stream of log lines: a slot's stream from supd-init, or a connection to the stdout
 * socket.
 *
 * Nothing is taken out of the socket before it is in the store: bytes are peeked, written, then
 * consumed. So supd-log may be killed at any instant; at worst its successor writes the last
 * lines again. A line that has no end yet stays in the socket until it is complete, another
 * process writes behind it, or a moment has passed (a writer whose line fills the socket must not
 * wait for ever); then it is written as it is and marked LOG_RECORD_CUT.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "logstore.h"

#define LOGSTREAM_BUFFER     (64u * 1024u) /* more than LIMIT_LOG_LINE */
#define LOGSTREAM_TURNS      8u            /* buffers of one stream before others have a turn */
#define LOGSTREAM_DRAIN      64u           /* buffers at its end */
#define LOGSTREAM_HOLD_US    (3 * 1000000u)
#define LOGSTREAM_HOLD_BIG   128u /* bytes: fewer never fill a socket, however they were written */
#define LOGSTREAM_BIG_US     200000u
#define LOGSTREAM_CONNECTION UINT32_MAX

struct logstream {
	int kind; /* first: what the event loop tells its sources apart by */
	int fd;
	uint32_t slot; /* or LOGSTREAM_CONNECTION */
	uid_t uid;     /* of a connection's peer */
	struct logstream *prev;
	struct logstream *next;
	struct logunit *unit;
	char *identifier;
	uint32_t priority;
	uint8_t invocation_id[16];
	bool level_prefix;
	bool wants_header;
	bool ended; /* the other side has closed */
	bool rest;  /* the next byte continues a line */
	uint32_t rest_priority;
	uint64_t flush_us; /* when the incomplete line is written, monotonic; 0: there is none */
};

enum logstream_state {
	LOGSTREAM_IDLE,
	LOGSTREAM_MORE, /* its turn is over, there is more */
	LOGSTREAM_DONE, /* ended or broken: free it */
};

/* Takes the descriptor. NULL: no memory, the descriptor is closed. */
struct logstream *logstream_new(int fd, uint32_t slot);
void logstream_free(struct logstore *store, struct logstream *s);

/* Replaces unit and identifier. -ENOMEM. */
int logstream_label(
	struct logstore *store, struct logstream *s, const char *unit, const char *identifier);

/* Moves what is there into the store. buf has LOGSTREAM_BUFFER bytes. */
enum logstream_state logstream_read(
	struct logstore *store, struct logstream *s, char *buf, uint64_t now_us);
/* The same to the last byte, incomplete line included, within LOGSTREAM_DRAIN turns. */
void logstream_drain(struct logstore *store, struct logstream *s, char *buf);
