// SPDX-License-Identifier: MIT
#include "values.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/number.h"
#include "../runtime/base/scaled.h"

int value_parse_bool(const char *text, bool *ret)
{
	static const char *const words[2][6] = {
		{ "0", "no", "n", "false", "f", "off" },
		{ "1", "yes", "y", "true", "t", "on" },
	};

	for (int v = 0; v < 2; v++) {
		for (size_t i = 0; i < ELEMENTSOF(words[v]); i++) {
			if (strcasecmp(text, words[v][i]) == 0) {
				*ret = v;
				return 0;
			}
		}
	}
	return -EINVAL;
}

static const struct scale size_units[] = {
	{ "B", 1 },
	{ "K", 1ull << 10 },
	{ "M", 1ull << 20 },
	{ "G", 1ull << 30 },
	{ "T", 1ull << 40 },
	{ "P", 1ull << 50 },
	{ "E", 1ull << 60 },
};

static const struct scale thousands[] = {
	{ "B", 1 },
	{ "K", 1000 },
	{ "M", 1000000 },
	{ "G", 1000000000 },
	{ "T", 1000000000000 },
	{ "P", 1000000000000000 },
	{ "E", 1000000000000000000 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int value_parse_timespan(const char *text, uint64_t unit_us, uint64_t *ret)
{
	return timespan_parse(text, unit_us, ret);
}

int value_parse_timespan_ns(const char *text, uint64_t *ret)
{
	return timespan_parse_ns(text, ret);
}

/* units: as many as size_units has. */
static int parse_scaled(const char *text, const struct scale *units, uint64_t *ret)
{
	unsigned __int128 sum = 0;
	size_t n = scaled_length(text);
	const char *p = text + n + strspn(text + n, " \t");
	uint64_t factor = 1;

	if (strcmp(text, "infinity") == 0) {
		*ret = VALUE_INFINITY;
		return 0;
	}
	if (n == 0) {
		return -EINVAL;
	}
	if (*p) {
		const struct scale *unit = scaled_unit(units, ELEMENTSOF(size_units), &p);

		if (!unit || *p) {
			return -EINVAL;
		}
		factor = unit->factor;
	}
	if (scaled_add(&sum, text, n, factor) != 0 || sum >= VALUE_INFINITY) {
		return -ERANGE;
	}
	*ret = (uint64_t)sum;
	return 0;
}

int value_parse_size(const char *text, uint64_t *ret)
{
	return parse_scaled(text, size_units, ret);
}

int value_parse_rate(const char *text, uint64_t *ret)
{
	return parse_scaled(text, thousands, ret);
}

int value_parse_percent(const char *text, uint64_t max, uint64_t *ret)
{
	unsigned __int128 sum = 0;
	size_t n = scaled_length(text);

	if (n == 0 || strcmp(text + n, "%") != 0) {
		return -EINVAL;
	}
	if (scaled_add(&sum, text, n, 100) != 0 || sum > max) {
		return -ERANGE;
	}
	*ret = (uint64_t)sum;
	return 0;
}

bool value_is_user(const char *text)
{
	size_t n = strlen(text);
	uint32_t id;

	if (is_digit(text[0])) {
		return number_parse_id(text, &id) == 0;
	}
	if (n == 0 || n > 31 || text[0] == '-') {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		bool letter = (text[i] >= 'a' && text[i] <= 'z') ||
			      (text[i] >= 'A' && text[i] <= 'Z') || text[i] == '_';

		if (!letter && !is_digit(text[i]) && text[i] != '-') {
			return false;
		}
	}
	return true;
}

static bool has_control(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f) {
			return true;
		}
	}
	return false;
}

static bool is_dots(const char *component, size_t n)
{
	return n == 2 && component[0] == '.' && component[1] == '.';
}

bool value_is_path(const char *text)
{
	if (text[0] != '/' || strlen(text) >= LIMIT_PATH || has_control(text)) {
		return false;
	}
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "/");

		if (is_dots(p, n)) {
			return false;
		}
		p += n + (p[n] == '/');
	}
	return true;
}

bool value_is_relative_path(const char *text)
{
	if (strlen(text) >= LIMIT_PATH || has_control(text) || !*text) {
		return false;
	}
	for (const char *p = text;;) {
		size_t n = strcspn(p, "/");

		if (n == 0 || is_dots(p, n) || (n == 1 && *p == '.')) {
			return false;
		}
		if (!p[n]) {
			return true;
		}
		p += n + 1;
	}
}

void value_simplify_path(char *path)
{
	char *out = path;

	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (n > 0 && !(n == 1 && *p == '.')) {
			*out++ = '/';
			memmove(out, p, n);
			out += n;
		}
		p += n + (p[n] == '/');
	}
	if (out == path) {
		*out++ = '/';
	}
	*out = '\0';
}

bool value_is_cpu_list(const char *text)
{
	const char *p = text;
	bool any = false;

	while (*(p += strspn(p, " \t,"))) {
		char word[16];
		size_t n = strcspn(p, " \t,");
		char *dash;
		uint32_t first, last;

		if (n >= sizeof(word)) {
			return false;
		}
		memcpy(word, p, n);
		word[n] = '\0';
		dash = strchr(word, '-');
		if (dash) {
			*dash = '\0';
		}
		if (number_parse_u32(word, &first) != 0 ||
			number_parse_u32(dash ? dash + 1 : word, &last) != 0 || first > last ||
			last >= 8192) {
			return false;
		}
		any = true;
		p += n;
	}
	return any;
}

bool value_is_env_name(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool letter = (text[i] >= 'a' && text[i] <= 'z') ||
			      (text[i] >= 'A' && text[i] <= 'Z') || text[i] == '_';

		if (!letter && !(i > 0 && is_digit(text[i]))) {
			return false;
		}
	}
	return n > 0;
}
