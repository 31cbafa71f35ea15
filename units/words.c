// SPDX-License-Identifier: MIT
#include "words.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const char blanks[] = " \t\n\r";

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	if (!at) {
		return -1;
	}
	return (int)(at - digits) < 16 ? (int)(at - digits) : (int)(at - digits) - 6;
}

/* n digits of a base at p; UINT32_MAX when there are fewer. */
static uint32_t digits_value(const char *p, size_t n, unsigned base)
{
	uint32_t v = 0;

	for (size_t i = 0; i < n; i++) {
		int d = hex_digit(p[i]);

		if (d < 0 || (unsigned)d >= base) {
			return UINT32_MAX;
		}
		v = v * base + (uint32_t)d;
	}
	return v;
}

static char *put_utf8(char *out, uint32_t code)
{
	static const struct {
		uint32_t below;
		unsigned more;
		unsigned char lead;
	} forms[] = { { 0x80, 0, 0 }, { 0x800, 1, 0xc0 }, { 0x10000, 2, 0xe0 },
		{ 0x110000, 3, 0xf0 } };
	size_t i = 0;

	while (code >= forms[i].below) {
		i++;
	}
	*out++ = (char)(forms[i].lead | code >> 6 * forms[i].more);
	for (unsigned more = forms[i].more; more > 0; more--) {
		*out++ = (char)(0x80 | (code >> 6 * (more - 1) & 0x3f));
	}
	return out;
}

/* \xHH and octal are bytes, \u and \U are code points. NUL and surrogates are refused. */
static char *unescape_number(const char **p, char *out)
{
	static const struct {
		char letter;
		unsigned skip, digits, base;
	} forms[] = { { 'x', 1, 2, 16 }, { 'u', 1, 4, 16 }, { 'U', 1, 8, 16 }, { 0, 0, 3, 8 } };
	size_t i = 0;
	uint32_t v;

	while (forms[i].letter && forms[i].letter != **p) {
		i++;
	}
	v = digits_value(*p + forms[i].skip, forms[i].digits, forms[i].base);
	if (v == 0 || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff)) {
		return NULL;
	}
	if (forms[i].digits <= 3 && v > 0xff) {
		return NULL;
	}
	*p += forms[i].skip + forms[i].digits;
	if (forms[i].digits <= 3) {
		*out++ = (char)v;
		return out;
	}
	return put_utf8(out, v);
}

/* *p stands behind the backslash; NULL: no such escape. */
static char *unescape(const char **p, char *out)
{
	static const char letters[] = "abfnrtv\\\"'s";
	static const char bytes[] = "\a\b\f\n\r\t\v\\\"' ";
	const char *at = **p ? strchr(letters, **p) : NULL;

	if (at) {
		*out++ = bytes[at - letters];
		(*p)++;
		return out;
	}
	return unescape_number(p, out);
}

/* Bytes up to the word's end, quotes and escapes included. */
static size_t word_bound(const char *p)
{
	size_t n = 0;
	char quote = 0;

	while (p[n] && (quote || !strchr(blanks, p[n]))) {
		if (p[n] == '\\' && p[n + 1]) {
			n++;
		} else if (quote ? p[n] == quote : (p[n] == '"' || p[n] == '\'')) {
			quote = quote ? 0 : p[n];
		}
		n++;
	}
	return n;
}

/* Behind a backslash. -EINVAL: no escape, and not relaxed. */
static int take_escape(const char **p, bool relaxed, struct word *word, char **out)
{
	char *behind = unescape(p, *out);

	if (behind) {
		*out = behind;
		return 0;
	}
	if (!relaxed || !**p) {
		(*p)--;
		return -EINVAL;
	}
	word->odd = true;
	*(*out)++ = '\\';
	*(*out)++ = *(*p)++;
	return 0;
}

static int next(
	const char **p, const char *value, bool relaxed, struct arena *arena, struct word *ret)
{
	struct word word = { 0 };
	char *out, quote = 0;

	*p += strspn(*p, blanks);
	if (!**p) {
		return 0;
	}
	word.column = (unsigned)(*p - value);
	word.escaped = **p == '\\';
	/* An escape never grows: "\U0001f600" is ten bytes for four. */
	word.text = out = arena_alloc(arena, word_bound(*p) + 1);
	if (!word.text) {
		return -ENOMEM;
	}
	while (**p && (quote || !strchr(blanks, **p))) {
		char c = *(*p)++;

		if (quote ? c == quote : (c == '"' || c == '\'')) {
			quote = quote ? 0 : c;
			word.quoted = true;
		} else if (c == '\\') {
			if (take_escape(p, relaxed, &word, &out) != 0) {
				return -EINVAL;
			}
		} else {
			*out++ = c;
		}
	}
	if (quote) {
		*p = value + word.column;
		return -EINVAL;
	}
	*out = '\0';
	*ret = word;
	return 1;
}

int word_next(const char **p, const char *value, struct arena *arena, struct word *ret)
{
	return next(p, value, false, arena, ret);
}

int word_next_relaxed(const char **p, const char *value, struct arena *arena, struct word *ret)
{
	return next(p, value, true, arena, ret);
}

int word_next_plain(const char **p, const char *value, struct arena *arena, struct word *ret)
{
	struct word word = { 0 };
	size_t n;

	*p += strspn(*p, blanks);
	if (!**p) {
		return 0;
	}
	n = strcspn(*p, blanks);
	word.column = (unsigned)(*p - value);
	word.text = arena_strndup(arena, *p, n);
	if (!word.text) {
		return -ENOMEM;
	}
	*p += n;
	*ret = word;
	return 1;
}
