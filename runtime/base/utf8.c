// SPDX-License-Identifier: MIT
#include "utf8.h"

#include <string.h>

#include "cleanup.h"

/* Lead byte -> length, first code point of that length (to refuse overlong forms). */
static const struct {
	unsigned char mask, lead;
	size_t length;
	uint32_t first;
} forms[] = {
	{ 0x80, 0x00, 1, 0 },
	{ 0xe0, 0xc0, 2, 0x80 },
	{ 0xf0, 0xe0, 3, 0x800 },
	{ 0xf8, 0xf0, 4, 0x10000 },
};

size_t utf8_decode(const char *s, size_t n, uint32_t *ret)
{
	const unsigned char *u = (const unsigned char *)s;

	for (size_t f = 0; f < ELEMENTSOF(forms); f++) {
		uint32_t c = u[0] & (unsigned char)~forms[f].mask;

		if ((u[0] & forms[f].mask) != forms[f].lead) {
			continue;
		}
		if (forms[f].length > n) {
			return 0;
		}
		for (size_t i = 1; i < forms[f].length; i++) {
			if ((u[i] & 0xc0) != 0x80) {
				return 0;
			}
			c = c << 6 | (u[i] & 0x3f);
		}
		if (c < forms[f].first || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
			return 0;
		}
		*ret = c;
		return forms[f].length;
	}
	return 0;
}

bool utf8_is_valid(const char *text)
{
	size_t n = strlen(text), length;
	uint32_t c;

	for (size_t i = 0; i < n; i += length) {
		length = utf8_decode(text + i, n - i, &c);
		if (!length) {
			return false;
		}
	}
	return true;
}

/* Ranges that change what a terminal does or the order in which it shows the rest. */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{ 0x00, 0x1f },
	{ 0x7f, 0x9f },
	{ 0x61c, 0x61c },
	{ 0x200e, 0x200f },
	{ 0x2028, 0x202e },
	{ 0x2066, 0x2069 },
	{ 0xfff9, 0xfffb },
};

bool utf8_is_hidden(uint32_t character)
{
	for (size_t i = 0; i < ELEMENTSOF(hidden); i++) {
		if (character >= hidden[i].first && character <= hidden[i].last) {
			return true;
		}
	}
	return false;
}

/* Length of the shown character at s, 0: it is none. */
static size_t shown(const char *s, size_t n)
{
	uint32_t c = 0;
	size_t length = utf8_decode(s, n, &c);

	return length && !utf8_is_hidden(c) ? length : 0;
}

bool utf8_is_shown(const char *text)
{
	size_t n = strlen(text), length;

	for (size_t i = 0; i < n; i += length) {
		length = shown(text + i, n - i);
		if (!length) {
			return false;
		}
	}
	return true;
}

size_t utf8_escape(const char *text, char *buf, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = strlen(text), at = 0, taken;

	for (size_t i = 0; i < n; i += taken) {
		unsigned char byte = (unsigned char)text[i];
		const char escape[] = { '\\', 'x', digits[byte >> 4], digits[byte & 15] };
		size_t length = shown(text + i, n - i);
		const char *from = length ? text + i : escape;

		taken = length ? length : 1;
		length = length ? length : sizeof(escape);
		if (at + length >= size) {
			break;
		}
		memcpy(buf + at, from, length);
		at += length;
	}
	buf[at] = '\0';
	return at;
}
