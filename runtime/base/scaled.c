// SPDX-License-Identifier: MIT
#include "scaled.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"

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
	{ "\xc2\xb5s", NS_PER_US }, /* the micro sign, and the Greek letter */
	{ "\xce\xbcs", NS_PER_US },
	{ "nsec", 1 },
	{ "ns", 1 },
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
int scaled_add(unsigned __int128 *value, const char *digits, size_t n, uint64_t factor)
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
size_t scaled_length(const char *p)
{
	size_t n = 0, digits = 0;
	bool point = false;

	for (; is_digit(p[n]) || (p[n] == '.' && !point && is_digit(p[n + 1])); n++) {
		point = point || p[n] == '.';
		digits += p[n] != '.';
	}
	return digits ? n : 0;
}

const struct scale *scaled_unit(const struct scale *units, size_t n_units, const char **p)
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
		size_t n = scaled_length(p);
		const char *digits = p;
		uint64_t factor = unit_ns;
		const struct scale *unit;

		if (n == 0 || p[n] == '.') {
			return -EINVAL;
		}
		p = skip_blanks(p + n);
		if (*p && !is_digit(*p) && *p != '.') {
			unit = scaled_unit(time_units, ELEMENTSOF(time_units), &p);
			if (!unit) {
				return -EINVAL;
			}
			factor = unit->factor;
		}
		if (scaled_add(&sum, digits, n, factor) != 0 || sum / NS_PER_US >= UINT64_MAX) {
			return -ERANGE;
		}
		p = skip_blanks(p);
	}
	*ret = sum;
	return 0;
}

int timespan_parse(const char *text, uint64_t unit_us, uint64_t *ret)
{
	unsigned __int128 ns = 0;
	int r;

	if (strcmp(skip_blanks(text), "infinity") == 0) {
		*ret = UINT64_MAX;
		return 0;
	}
	r = parse_timespan_ns(text, unit_us * NS_PER_US, &ns);
	if (r == 0) {
		*ret = (uint64_t)(ns / NS_PER_US);
	}
	return r;
}

int timespan_parse_ns(const char *text, uint64_t *ret)
{
	unsigned __int128 ns = 0;
	int r = parse_timespan_ns(text, 1, &ns);

	if (r == 0 && ns >= UINT64_MAX) {
		return -ERANGE;
	}
	if (r == 0) {
		*ret = (uint64_t)ns;
	}
	return r;
}
