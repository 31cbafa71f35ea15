// SPDX-License-Identifier: MIT
/*
 * journald's native protocol: one datagram is one record of fields, each "NAME=value\n" or
 * "NAME\n", a 64-bit little-endian length, the value and "\n" for values that hold newlines.
 * Pure; what comes out points into the datagram.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "logfile.h"

struct lognative {
	const char *unit; /* UNIT=; only for the eyes of who trusts the sender. Not terminated */
	size_t unit_size;
	uint32_t priority; /* PRIORITY=, else 6 */
	uint8_t invocation_id[16];
	const char *identifier; /* SYSLOG_IDENTIFIER= */
	size_t identifier_size;
	const char *message;
	size_t message_size;
	struct log_field fields[LOGFILE_FIELDS]; /* name and value not terminated, see below */
	size_t n_fields;
	size_t n_dropped; /* fields over a bound or with an invalid name */
};

/*
 * 0, or -EBADMSG when the datagram breaks off. The fields' names are terminated in place: the
 * byte behind a name ('=' or newline) becomes NUL. Names that begin with '_' are the log's own
 * and are dropped.
 */
int lognative_parse(char *data, size_t size, struct lognative *ret);
