// SPDX-License-Identifier: MIT
#include "text.h"

#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/utf8.h"

size_t text_character(const char *s, size_t n)
{
	uint32_t c;

	return utf8_decode(s, n, &c);
}

uint32_t text_hidden(const char *s, size_t length)
{
	uint32_t c = 0;

	return utf8_decode(s, length, &c) && utf8_is_hidden(c) ? c : 0;
}

/*
 * Length in bytes of the printable UTF-8 character at s (of n > 0 bytes); 0 if it is a control
 * character, a direction override, or not UTF-8.
 */
static size_t printable(const char *s, size_t n)
{
	uint32_t c = 0;
	size_t length = utf8_decode(s, n, &c);

	return length && !utf8_is_hidden(c) ? length : 0;
}

/* buf needs 5 bytes. Returns the length of the escape for one byte. */
static size_t escape_byte(unsigned char c, unsigned flags, char *buf)
{
	static const char digits[] = "0123456789abcdef";

	if ((c == '\n' || c == '\t') && (flags & TEXT_KEEP_LINES)) {
		buf[0] = (char)c;
		return 1;
	}
	buf[0] = '\\';
	if (c == '\n' || c == '\t') {
		buf[1] = c == '\n' ? 'n' : 't';
		return 2;
	}
	buf[1] = 'x';
	buf[2] = digits[c >> 4];
	buf[3] = digits[c & 15];
	return 4;
}

/* Bytes at s that are printable ASCII: most text is nothing else. */
static size_t plain_run(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= 0x20 && s[i] < 0x7f) {
		i++;
	}
	return i;
}

void text_print(FILE *out, const char *s, size_t n, unsigned flags)
{
	size_t plain = plain_run(s, n);
	char buf[5];

	fwrite(s, 1, plain, out);
	for (size_t i = plain; i < n;) {
		size_t length = printable(s + i, n - i);

		if (length) {
			fwrite(s + i, 1, length, out);
			i += length;
		} else {
			fwrite(buf, 1, escape_byte((unsigned char)s[i], flags, buf), out);
			i++;
		}
	}
}

char *text_escape(const char *s, size_t n, size_t max, unsigned flags)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	bool cut = n > max;
	FILE *out;

	if (!cut && plain_run(s, n) == n) {
		return strndup(s, n);
	}
	out = open_memstream(&text, &size);
	if (!out) {
		return NULL;
	}
	if (cut) {
		n = max;
		while (n && ((unsigned char)s[n] & 0xc0) == 0x80) {
			n--;
		}
	}
	text_print(out, s, n, flags);
	if (cut) {
		fputs("…", out);
	}
	if (fclose(out) != 0) {
		return NULL;
	}
	return TAKE_PTR(text);
}

void text_puts(FILE *out, const char *s)
{
	if (s) {
		text_print(out, s, strnlen(s, TEXT_MAX), 0);
	}
}

size_t text_columns(const char *s)
{
	size_t columns = 0;

	for (; *s; s++) {
		columns += ((unsigned char)*s & 0xc0) != 0x80;
	}
	return columns;
}
