// SPDX-License-Identifier: MIT
/*
 * Byte streams into lines: splitting, the "<3>" level prefix, and the header with which journald's
 * stdout protocol begins (sd_journal_stream_fd(3)). Pure; nothing is copied or owned.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../runtime/base/limits.h"

struct log_line {
	const char *text;
	size_t size;     /* without the separator */
	size_t consumed; /* with it */
	bool cut;        /* LIMIT_LOG_LINE reached, the line goes on */
};

/* The first line of data: ends at newline, NUL or LIMIT_LOG_LINE. False: no whole line yet. */
bool logline_next(const char *data, size_t size, struct log_line *ret);

/* "<N>" at the beginning of a line, N a syslog priority with or without facility: strips it. */
void logline_strip_prefix(struct log_line *line, uint32_t *priority);

#define LOGLINE_HEADER_MAX 1024u

struct logline_header {
	char identifier[LIMIT_LOG_IDENTIFIER]; /* cut when longer */
	char unit[LIMIT_UNIT_NAME];            /* "" when none or not a unit name */
	uint32_t priority;
	bool level_prefix;
};

/*
 * Parses the seven header lines. Returns their length, 0 when they are not complete yet,
 * -EBADMSG.
 */
int logline_parse_header(const char *data, size_t size, struct logline_header *ret);
