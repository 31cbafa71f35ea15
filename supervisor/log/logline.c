// SPDX-License-Identifier: MIT
#include "logline.h"

#include <errno.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"
#include "../../runtime/base/unitname.h"

#define PREFIX_DIGITS 3
#define PRIORITY_MAX  191u /* highest facility, 23 * 8 + 7 */

bool logline_next(const char *data, size_t size, struct log_line *ret)
{
	size_t n = size < LIMIT_LOG_LINE ? size : LIMIT_LOG_LINE;
	const char *newline = memchr(data, '\n', n);
	const char *nul = memchr(data, '\0', newline ? (size_t)(newline - data) : n);
	const char *end = nul ? nul : newline;

	if (end) {
		n = (size_t)(end - data);
		*ret = (struct log_line) { .text = data, .size = n, .consumed = n + 1 };
		return true;
	}
	/* A line of exactly the limit is whole when the next byte says so. */
	if (size <= LIMIT_LOG_LINE) {
		return false;
	}
	if (data[n] == '\n' || data[n] == '\0') {
		*ret = (struct log_line) { .text = data, .size = n, .consumed = n + 1 };
		return true;
	}
	*ret = (struct log_line) { .text = data, .size = n, .consumed = n, .cut = true };
	return true;
}

void logline_strip_prefix(struct log_line *line, uint32_t *priority)
{
	uint32_t value = 0;
	size_t i = 1;

	if (line->size < 3 || line->text[0] != '<') {
		return;
	}
	for (; i < line->size && i <= PREFIX_DIGITS; i++) {
		if (line->text[i] < '0' || line->text[i] > '9') {
			break;
		}
		value = value * 10 + (uint32_t)(line->text[i] - '0');
	}
	if (i == 1 || i >= line->size || line->text[i] != '>' || value > PRIORITY_MAX) {
		return;
	}
	*priority = value & 7;
	line->text += i + 1;
	line->size -= i + 1;
}

static int parse_flag(const char *text, bool *ret)
{
	if ((text[0] != '0' && text[0] != '1') || text[1]) {
		return -EBADMSG;
	}
	*ret = text[0] == '1';
	return 0;
}

static int set_identifier(struct logline_header *h, const char *text)
{
	memset(h->identifier, 0, sizeof(h->identifier));
	memcpy(h->identifier, text, strnlen(text, sizeof(h->identifier) - 1));
	return 0;
}

static int set_unit(struct logline_header *h, const char *text)
{
	memset(h->unit, 0, sizeof(h->unit));
	if (unit_name_is_valid(text)) {
		memcpy(h->unit, text, strlen(text));
	}
	return 0;
}

static int set_priority(struct logline_header *h, const char *text)
{
	uint32_t value;

	if (number_parse_u32(text, &value) < 0 || value > PRIORITY_MAX) {
		return -EBADMSG;
	}
	h->priority = value & 7;
	return 0;
}

static int set_level_prefix(struct logline_header *h, const char *text)
{
	return parse_flag(text, &h->level_prefix);
}

/* Forwarding to syslog, kmsg and console is not done: there is one store. */
static int check_flag(struct logline_header *h, const char *text)
{
	bool ignored;

	(void)h;
	return parse_flag(text, &ignored);
}

static int (*const header_lines[])(struct logline_header *h, const char *text) = {
	set_identifier, set_unit, set_priority, set_level_prefix,
	check_flag, /* forward_to_syslog */
	check_flag, /* forward_to_kmsg */
	check_flag, /* forward_to_console */
};

int logline_parse_header(const char *data, size_t size, struct logline_header *ret)
{
	char line[LOGLINE_HEADER_MAX];
	struct logline_header h = { 0 };
	size_t at = 0;

	for (size_t i = 0; i < ELEMENTSOF(header_lines); i++) {
		const char *end = memchr(data + at, '\n', size - at);
		size_t n;

		if (!end) {
			return size < LOGLINE_HEADER_MAX ? 0 : -EBADMSG;
		}
		n = (size_t)(end - data) - at;
		if (n >= sizeof(line) || memchr(data + at, '\0', n)) {
			return -EBADMSG;
		}
		memcpy(line, data + at, n);
		line[n] = '\0';
		if (header_lines[i](&h, line) < 0) {
			return -EBADMSG;
		}
		at += n + 1;
	}
	*ret = h;
	return (int)at;
}
