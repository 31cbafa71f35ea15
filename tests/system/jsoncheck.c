// SPDX-License-Identifier: MIT
#include "jsoncheck.h"

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64
#define KEYS_MAX  512

/* A string between its quotes. */
struct word {
	const char *at;
	size_t n;
};

static bool value(const char **s, int depth);

static void blanks(const char **s)
{
	*s += strspn(*s, " \t\r\n");
}

static bool take(const char **s, char c)
{
	blanks(s);
	if (**s != c) {
		return false;
	}
	(*s)++;
	return true;
}

/* Length of the UTF-8 character at s; 0: it is none. No overlong forms, no surrogates. */
static size_t utf8(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
		(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f) || s[0] > 0xf4) {
		return 0;
	}
	return n;
}

static bool escape(const char **s)
{
	if (**s != 'u') {
		return **s && strchr("\"\\/bfnrt", *(*s)++);
	}
	for (int i = 1; i <= 4; i++) {
		if (!isxdigit((unsigned char)(*s)[i])) {
			return false;
		}
	}
	*s += 5;
	return true;
}

static bool string(const char **s, struct word *ret)
{
	if (!take(s, '"')) {
		return false;
	}
	ret->at = *s;
	while (**s != '"') {
		size_t n = utf8((const unsigned char *)*s);

		if ((unsigned char)**s < 0x20 || n == 0) {
			return false;
		}
		*s += n;
		if ((*s)[-1] == '\\' && n == 1 && !escape(s)) {
			return false;
		}
	}
	ret->n = (size_t)(*s - ret->at);
	(*s)++;
	return true;
}

static bool digits(const char **s)
{
	size_t n = strspn(*s, "0123456789");

	*s += n;
	return n > 0;
}

static bool number(const char **s)
{
	*s += **s == '-';
	if (**s == '0' && isdigit((unsigned char)(*s)[1])) {
		return false;
	}
	if (!digits(s)) {
		return false;
	}
	if (**s == '.' && ((*s)++, !digits(s))) {
		return false;
	}
	if (**s != 'e' && **s != 'E') {
		return true;
	}
	(*s)++;
	*s += **s == '-' || **s == '+';
	return digits(s);
}

static bool is_new(const struct word *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (keys[i].n == keys[n].n && memcmp(keys[i].at, keys[n].at, keys[n].n) == 0) {
			return false;
		}
	}
	return true;
}

static bool members(const char **s, int depth, struct word *keys)
{
	size_t n = 0;

	if (take(s, '}')) {
		return true;
	}
	do {
		if (n == KEYS_MAX || !string(s, &keys[n]) || !is_new(keys, n) || !take(s, ':') ||
			!value(s, depth + 1)) {
			return false;
		}
		n++;
	} while (take(s, ','));
	return take(s, '}');
}

static bool object(const char **s, int depth)
{
	struct word *keys = calloc(KEYS_MAX, sizeof(*keys));
	bool good = keys && members(s, depth, keys);

	free(keys);
	return good;
}

static bool array(const char **s, int depth)
{
	if (take(s, ']')) {
		return true;
	}
	do {
		if (!value(s, depth + 1)) {
			return false;
		}
	} while (take(s, ','));
	return take(s, ']');
}

static bool value(const char **s, int depth)
{
	static const char *const words[] = { "true", "false", "null" };
	struct word w;

	if (depth > DEPTH_MAX) {
		return false;
	}
	if (take(s, '{')) {
		return object(s, depth);
	}
	if (take(s, '[')) {
		return array(s, depth);
	}
	if (**s == '"') {
		return string(s, &w);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t n = strlen(words[i]);

		if (strncmp(*s, words[i], n) == 0) {
			*s += n;
			return true;
		}
	}
	return number(s);
}

bool jsoncheck_document(const char *text)
{
	if (!value(&text, 0)) {
		return false;
	}
	blanks(&text);
	return *text == '\0';
}

bool jsoncheck_lines(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		char *line = strndup(text, n);
		bool good = line && jsoncheck_document(line);

		free(line);
		if (!good) {
			return false;
		}
		text += n + (text[n] == '\n');
	}
	return true;
}
