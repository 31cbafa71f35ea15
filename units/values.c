// SPDX-License-Identifier: MIT
#include "values.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/number.h"

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

struct scale {
	const char *name;
	uint64_t factor;
};

#define NS_PER_US 1000ull
#define NS_PER_S  1000000000ull

/* Nanoseconds. Longer names stand before their prefixes only where it matters: words are whole. */
static const struct scale time_units[] = {
	{ "seconds", NS_PER_S },
	{ "second", NS_PER_S },
	{ "sec", NS_PER_S },
	{ "s", NS_PER_S },
	{ "minutes", 60 * NS_PER_S },
	{ "minute", 60 * NS_PER_S },
	{ "min", 60 * NS_PER_S },
	{ "m", 60 * NS_PER_S },
	{ "months", 2629800 * NS_PER_S },
	{ "month", 2629800 * NS_PER_S },
	{ "M", 2629800 * NS_PER_S },
	{ "hours", 3600 * NS_PER_S },
	{ "hour", 3600 * NS_PER_S },
	{ "hr", 3600 * NS_PER_S },
	{ "h", 3600 * NS_PER_S },
	{ "days", 86400 * NS_PER_S },
	{ "day", 86400 * NS_PER_S },
	{ "d", 86400 * NS_PER_S },
	{ "weeks", 604800 * NS_PER_S },
	{ "week", 604800 * NS_PER_S },
	{ "w", 604800 * NS_PER_S },
	{ "years", 31557600 * NS_PER_S },
	{ "year", 31557600 * NS_PER_S },
	{ "y", 31557600 * NS_PER_S },
	{ "msec", 1000 * NS_PER_US },
	{ "ms", 1000 * NS_PER_US },
	{ "usec", NS_PER_US },
	{ "us", NS_PER_US },
	{ "\xc2\xb5s", NS_PER_US },
	{ "nsec", 1 },
	{ "ns", 1 },
};

static const struct scale size_units[] = {
	{ "B", 1 },
	{ "K", 1ull << 10 },
	{ "M", 1ull << 20 },
	{ "G", 1ull << 30 },
	{ "T", 1ull << 40 },
	{ "P", 1ull << 50 },
	{ "E", 1ull << 60 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* value += number * factor + its decimal places; every digit counts, overflow is an error. */
static int add_scaled(unsigned __int128 *value, const char *digits, size_t n, uint64_t factor)
{
	unsigned __int128 whole = 0, part = 0, scale = 1;
	bool point = false;

	for (size_t i = 0; i < n; i++) {
		if (digits[i] == '.') {
			point = true;
		} else if (!point) {
			whole = whole * 10 + (unsigned)(digits[i] - '0');
		} else if (scale < 1000000000000ull) {
			part = part * 10 + (unsigned)(digits[i] - '0');
			scale *= 10;
		}
		if (whole > UINT64_MAX) {
			return -ERANGE;
		}
	}
	*value += whole * factor + part * factor / scale;
	return 0;
}

/* Length of "12", "1.5", ".5", "1."; 0 when it is no number. */
static size_t decimal_length(const char *p)
{
	size_t n = 0, digits = 0;
	bool point = false;

	for (; is_digit(p[n]) || (p[n] == '.' && !point); n++) {
		point = point || p[n] == '.';
		digits += p[n] != '.';
	}
	return digits ? n : 0;
}

static const struct scale *find_unit(const struct scale *units, size_t n_units, const char **p)
{
	const char *end = *p;

	while (*end && !is_digit(*end) && !strchr(" \t.", *end)) {
		end++;
	}
	for (size_t i = 0; i < n_units; i++) {
		if (strlen(units[i].name) == (size_t)(end - *p) &&
			strncmp(units[i].name, *p, (size_t)(end - *p)) == 0) {
			*p = end;
			return &units[i];
		}
	}
	return NULL;
}

static int parse_timespan_ns(const char *text, uint64_t unit_ns, unsigned __int128 *ret)
{
	unsigned __int128 sum = 0;
	const char *p = skip_blanks(text);

	if (!*p) {
		return -EINVAL;
	}
	while (*p) {
		size_t n = decimal_length(p);
		const char *digits = p;
		uint64_t factor = unit_ns;
		const struct scale *unit;

		if (n == 0 || p[n] == '.') {
			return -EINVAL;
		}
		p = skip_blanks(p + n);
		if (*p && !is_digit(*p) && *p != '.') {
			unit = find_unit(time_units, ELEMENTSOF(time_units), &p);
			if (!unit) {
				return -EINVAL;
			}
			factor = unit->factor;
		}
		if (add_scaled(&sum, digits, n, factor) != 0 || sum / NS_PER_US >= VALUE_INFINITY) {
			return -ERANGE;
		}
		p = skip_blanks(p);
	}
	*ret = sum;
	return 0;
}

int value_parse_timespan(const char *text, uint64_t unit_us, uint64_t *ret)
{
	unsigned __int128 ns = 0;
	int r;

	if (strcmp(skip_blanks(text), "infinity") == 0) {
		*ret = VALUE_INFINITY;
		return 0;
	}
	r = parse_timespan_ns(text, unit_us * NS_PER_US, &ns);
	if (r == 0) {
		*ret = (uint64_t)(ns / NS_PER_US);
	}
	return r;
}

int value_parse_timespan_ns(const char *text, uint64_t *ret)
{
	unsigned __int128 ns = 0;
	int r = parse_timespan_ns(text, 1, &ns);

	if (r == 0 && ns >= VALUE_INFINITY) {
		return -ERANGE;
	}
	if (r == 0) {
		*ret = (uint64_t)ns;
	}
	return r;
}

int value_parse_size(const char *text, uint64_t *ret)
{
	unsigned __int128 sum = 0;
	size_t n = decimal_length(text);
	const char *p = skip_blanks(text + n);
	uint64_t factor = 1;

	if (strcmp(text, "infinity") == 0) {
		*ret = VALUE_INFINITY;
		return 0;
	}
	if (n == 0) {
		return -EINVAL;
	}
	if (*p) {
		const struct scale *unit = find_unit(size_units, ELEMENTSOF(size_units), &p);

		if (!unit || *p) {
			return -EINVAL;
		}
		factor = unit->factor;
	}
	if (add_scaled(&sum, text, n, factor) != 0 || sum >= VALUE_INFINITY) {
		return -ERANGE;
	}
	*ret = (uint64_t)sum;
	return 0;
}

int value_parse_percent(const char *text, uint64_t max, uint64_t *ret)
{
	unsigned __int128 sum = 0;
	size_t n = decimal_length(text);

	if (n == 0 || strcmp(text + n, "%") != 0) {
		return -EINVAL;
	}
	if (add_scaled(&sum, text, n, 100) != 0 || sum > max) {
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
