// SPDX-License-Identifier: MIT
#include "when.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"

#define MSEC   USEC_PER_MSEC
#define SEC    USEC_PER_SEC
#define MINUTE (60 * SEC)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define WEEK   (7 * DAY)
#define MONTH  (2629800 * SEC)
#define YEAR   (31557600 * SEC)

void when_format(usec_t point, char buf[WHEN_TEXT])
{
	time_t seconds = (time_t)(point / SEC);
	struct tm tm;

	if (point == 0 || point / SEC > INT64_C(253402214400) || !localtime_r(&seconds, &tm) ||
		strftime(buf, WHEN_TEXT, "%a %Y-%m-%d %H:%M:%S %Z", &tm) == 0) {
		snprintf(buf, WHEN_TEXT, "n/a");
	}
}

/* One line of "ago" texts: from this span on, the two parts and their words. */
static const struct {
	usec_t from, first, second;
	const char *first_word, *second_word;
} relatives[] = {
	{ YEAR, YEAR, MONTH, " years", " months" },
	{ MONTH, MONTH, DAY, " months", " days" },
	{ WEEK, WEEK, DAY, " weeks", " days" },
	{ 2 * DAY, DAY, 0, " days", "" },
	{ 25 * HOUR, DAY, HOUR, " day", "h" },
	{ 6 * HOUR, HOUR, 0, "h", "" },
	{ HOUR, HOUR, MINUTE, "h", "min" },
	{ 5 * MINUTE, MINUTE, 0, "min", "" },
	{ MINUTE, MINUTE, SEC, "min", "s" },
	{ SEC, SEC, 0, "s", "" },
	{ MSEC, MSEC, 0, "ms", "" },
	{ 1, 1, 0, "us", "" },
};

void when_relative(usec_t point, usec_t now, char buf[WHEN_TEXT])
{
	usec_t d = now >= point ? now - point : point - now;
	const char *end = now >= point ? "ago" : "left";

	for (size_t i = 0; i < ELEMENTSOF(relatives); i++) {
		usec_t second = relatives[i].second ? relatives[i].second : 1;

		if (d < relatives[i].from) {
			continue;
		}
		if (relatives[i].second) {
			snprintf(buf, WHEN_TEXT, "%" PRIu64 "%s %" PRIu64 "%s %s",
				d / relatives[i].first, relatives[i].first_word,
				d % relatives[i].first / second, relatives[i].second_word, end);
		} else {
			snprintf(buf, WHEN_TEXT, "%" PRIu64 "%s %s", d / relatives[i].first,
				relatives[i].first_word, end);
		}
		return;
	}
	snprintf(buf, WHEN_TEXT, "now");
}

static const struct {
	usec_t size;
	const char *word;
} span_units[] = {
	{ YEAR, "y" },
	{ MONTH, "month" },
	{ WEEK, "w" },
	{ DAY, "d" },
	{ HOUR, "h" },
	{ MINUTE, "min" },
	{ SEC, "s" },
	{ MSEC, "ms" },
	{ 1, "us" },
};

void when_span(usec_t span, char buf[WHEN_TEXT])
{
	size_t used = 0;

	if (span == USEC_INFINITY || span == 0) {
		snprintf(buf, WHEN_TEXT, "%s", span ? "infinity" : "0");
		return;
	}
	buf[0] = '\0';
	for (size_t i = 0; i < ELEMENTSOF(span_units); i++) {
		usec_t n = span / span_units[i].size;

		if (n == 0) {
			continue;
		}
		used += (size_t)snprintf(buf + used, WHEN_TEXT - used, "%s%" PRIu64 "%s",
			used ? " " : "", n, span_units[i].word);
		span %= span_units[i].size;
	}
}

void when_bytes(unsigned long long bytes, char buf[WHEN_TEXT])
{
	static const char suffixes[] = "KMGTPE";
	double value = (double)bytes;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(buf, WHEN_TEXT, "%lluB", bytes);
		return;
	}
	for (value /= 1024; value >= 1024 && i + 1 < strlen(suffixes); i++) {
		value /= 1024;
	}
	snprintf(buf, WHEN_TEXT, "%.1f%c", value, suffixes[i]);
}

static const struct {
	const char *word;
	usec_t size;
} words[] = {
	{ "us", 1 },
	{ "usec", 1 },
	{ "ms", MSEC },
	{ "msec", MSEC },
	{ "s", SEC },
	{ "sec", SEC },
	{ "second", SEC },
	{ "seconds", SEC },
	{ "m", MINUTE },
	{ "min", MINUTE },
	{ "mins", MINUTE },
	{ "minute", MINUTE },
	{ "minutes", MINUTE },
	{ "h", HOUR },
	{ "hr", HOUR },
	{ "hour", HOUR },
	{ "hours", HOUR },
	{ "d", DAY },
	{ "day", DAY },
	{ "days", DAY },
	{ "w", WEEK },
	{ "week", WEEK },
	{ "weeks", WEEK },
	{ "month", MONTH },
	{ "months", MONTH },
	{ "y", YEAR },
	{ "year", YEAR },
	{ "years", YEAR },
};

static int unit_size(const char *word, size_t n, usec_t *ret)
{
	if (n == 0) {
		*ret = SEC;
		return 0;
	}
	for (size_t i = 0; i < ELEMENTSOF(words); i++) {
		if (strlen(words[i].word) == n && strncmp(words[i].word, word, n) == 0) {
			*ret = words[i].size;
			return 0;
		}
	}
	return -EINVAL;
}

/* "1h 30min": n bytes, numbers each with a unit. */
static int parse_span(const char *text, size_t n, usec_t *ret)
{
	usec_t total = 0;
	bool any = false;

	for (size_t i = 0; i < n;) {
		usec_t value = 0, size;
		size_t digits = i, word;

		if (text[i] == ' ') {
			i++;
			continue;
		}
		for (; i < n && isdigit((unsigned char)text[i]); i++) {
			if (value > UINT32_MAX) {
				return -EINVAL;
			}
			value = value * 10 + (usec_t)(text[i] - '0');
		}
		if (i == digits) {
			return -EINVAL;
		}
		while (i < n && text[i] == ' ' && i + 1 < n &&
			isalpha((unsigned char)text[i + 1])) {
			i++;
		}
		for (word = i; i < n && isalpha((unsigned char)text[i]); i++) {
		}
		if (unit_size(text + word, i - word, &size) < 0 ||
			__builtin_mul_overflow(value, size, &value)) {
			return -EINVAL;
		}
		total = usec_add(total, value);
		any = true;
	}
	if (!any) {
		return -EINVAL;
	}
	*ret = total;
	return 0;
}

static usec_t from_tm(struct tm *tm)
{
	time_t t;

	tm->tm_isdst = -1;
	t = mktime(tm);
	return t < 0 ? USEC_INFINITY : (usec_t)t * SEC;
}

/* The day of now, moved by days, at midnight. */
static usec_t midnight(usec_t now, int days)
{
	time_t seconds = (time_t)(now / SEC);
	struct tm tm;

	if (!localtime_r(&seconds, &tm)) {
		return USEC_INFINITY;
	}
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday += days;
	return from_tm(&tm);
}

static int parse_calendar(const char *text, usec_t now, usec_t *ret)
{
	static const char *const formats[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S",
		"%Y-%m-%d %H:%M", "%Y-%m-%d", "%H:%M:%S", "%H:%M" };

	for (size_t i = 0; i < ELEMENTSOF(formats); i++) {
		time_t seconds = (time_t)(now / SEC);
		struct tm tm, today;
		const char *end;
		usec_t point;

		memset(&tm, 0, sizeof(tm));
		if (!localtime_r(&seconds, &today)) {
			return -EINVAL;
		}
		if (formats[i][1] == 'H') {
			tm.tm_year = today.tm_year;
			tm.tm_mon = today.tm_mon;
			tm.tm_mday = today.tm_mday;
		}
		end = strptime(text, formats[i], &tm);
		if (!end || *end) {
			continue;
		}
		point = from_tm(&tm);
		if (point == USEC_INFINITY) {
			return -EINVAL;
		}
		*ret = point;
		return 0;
	}
	return -EINVAL;
}

/* A span before now: "-1h" or "1h ago". */
static int parse_before(const char *text, usec_t now, usec_t *ret)
{
	static const char ago[] = " ago";
	size_t n = strlen(text);
	usec_t span;

	if (text[0] == '-') {
		text++;
		n--;
	} else if (n > strlen(ago) && strcmp(text + n - strlen(ago), ago) == 0) {
		n -= strlen(ago);
	} else {
		return -EINVAL;
	}
	if (parse_span(text, n, &span) < 0) {
		return -EINVAL;
	}
	*ret = span > now ? 0 : now - span;
	return 0;
}

int when_parse(const char *text, usec_t now, usec_t *ret)
{
	static const struct {
		const char *word;
		int days;
	} days[] = { { "today", 0 }, { "yesterday", -1 }, { "tomorrow", 1 } };
	uint64_t seconds;

	if (strcmp(text, "now") == 0) {
		*ret = now;
		return 0;
	}
	for (size_t i = 0; i < ELEMENTSOF(days); i++) {
		if (strcmp(text, days[i].word) == 0) {
			*ret = midnight(now, days[i].days);
			return 0;
		}
	}
	if (text[0] == '@') {
		if (number_parse_u64(text + 1, &seconds) < 0 ||
			__builtin_mul_overflow(seconds, SEC, &seconds)) {
			return -EINVAL;
		}
		*ret = seconds;
		return 0;
	}
	if (parse_before(text, now, ret) == 0) {
		return 0;
	}
	return parse_calendar(text, now, ret);
}
