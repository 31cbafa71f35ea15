// SPDX-License-Identifier: MIT
/*
 * supd-init -> supd-log: one-way SEQPACKET channel (supd-init's end is shut down for reading).
 * supd-init holds both ends of every slot's log stream (a SOCK_STREAM pair with SO_PASSCRED on the
 * reading end), so that a service never sees EPIPE and a new supd-log gets every stream again.
 */
#pragma once

#include <stdint.h>

#include "../base/limits.h"

enum log_fd {
	LOG_FD_CHANNEL = 3,
	LOG_FD_DIR = 4,    /* the log directory, owned by supd-log's uid */
	LOG_FD_STDOUT = 5, /* listening stream socket, journald's stdout protocol */
	LOG_FD_NATIVE = 6, /* datagram socket, journald's native protocol */
};

enum logwire_type {
	LOGWIRE_CONFIG, /* first */
	LOGWIRE_STREAM, /* a slot's stream: with the reading end when it is new to this supd-log */
	LOGWIRE_GONE,   /* the slot was released: drain, then close */
	LOGWIRE_COUNT,
};

struct logwire_record {
	uint32_t type;
	uint32_t slot;
	/* CONFIG */
	uint64_t max_bytes; /* per unit, all its files */
	uint64_t rate_interval_us;
	uint32_t rate_lines;
	uint32_t trusted_uid; /* supd's: may send native records about units, as uid 0 may */
	/* STREAM */
	uint32_t priority;
	uint32_t level_prefix;
	uint8_t invocation_id[16];
	char unit[LIMIT_UNIT_NAME];
	char identifier[LIMIT_LOG_IDENTIFIER];
};
