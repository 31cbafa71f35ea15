// SPDX-License-Identifier: MIT
#include "osrelease.h"

#include <string.h>

/* What a backslash takes its meaning from, between double quotes. */
static bool is_escape(const char *p, const char *end, char quote)
{
	return quote == '"' && *p == '\\' && p + 1 < end && strchr("\"\\$`", p[1]) != NULL;
}

static bool unquote(const char *p, const char *end, char *buf)
{
	char quote = p < end && (*p == '"' || *p == '\'') ? *p++ : '\0';
	size_t n = 0;

	for (; p < end && (!quote || *p != quote); p++) {
		p += is_escape(p, end, quote);
		if (n + 1 >= OSRELEASE_VALUE_MAX) {
			buf[0] = '\0';
			return false;
		}
		buf[n++] = *p;
	}
	buf[n] = '\0';
	return true;
}

bool osrelease_value(
	struct osrelease_text text, struct osrelease_text key, char buf[static OSRELEASE_VALUE_MAX])
{
	const char *all = text.at + text.n;
	bool fits = true;

	buf[0] = '\0';
	for (const char *line = text.at, *end; line < all; line = end + 1) {
		end = memchr(line, '\n', (size_t)(all - line));
		end = end ? end : all;
		if ((size_t)(end - line) > key.n && memcmp(line, key.at, key.n) == 0 &&
			line[key.n] == '=') {
			fits = unquote(line + key.n + 1, end, buf);
		}
	}
	return fits;
}
