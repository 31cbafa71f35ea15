// SPDX-License-Identifier: MIT
#include "zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DAY          86400
#define HEADER       44u
#define TRANSITIONS  8192u
#define KINDS        256u
#define RULE_TEXT    128u
#define HOURS_MAX    167 /* RFC 8536, 3.3.1 */
#define NAME_MAX_LEN 64u

/* ---- calendar ---- */

/* Counted from 1 March, leap days come last in their year (H. Hinnant's days_from_civil). */
int64_t civil_days(int32_t year, int32_t month, int32_t day)
{
	int64_t y = month <= 2 ? (int64_t)year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year + day - 1 - 719468;
}

int64_t civil_seconds(const struct civil *c)
{
	return civil_days(c->year, c->month, c->day) * DAY + c->hour * 3600 + c->minute * 60 +
	       c->second;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

void civil_from_seconds(int64_t seconds, struct civil *ret)
{
	int64_t days = floor_div(seconds, DAY), rest = seconds - days * DAY;
	int64_t z = days + 719468, era = floor_div(z, 146097), of_era = z - era * 146097;
	int64_t year =
		(of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365 + era * 400;
	int64_t of_year = of_era - (365 * (year - era * 400) + (year - era * 400) / 4 -
					   (year - era * 400) / 100);
	int64_t month = (5 * of_year + 2) / 153;

	ret->day = (int32_t)(of_year - (153 * month + 2) / 5 + 1);
	ret->month = (int32_t)(month < 10 ? month + 3 : month - 9);
	ret->year = (int32_t)(year + (ret->month <= 2));
	ret->hour = (int32_t)(rest / 3600);
	ret->minute = (int32_t)(rest / 60 % 60);
	ret->second = (int32_t)(rest % 60);
}

static bool is_leap(int32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int32_t civil_month_days(int32_t year, int32_t month)
{
	static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

unsigned civil_weekday(int64_t days)
{
	return (unsigned)(((days + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

/* ---- the rule of the footer: "CET-1CEST,M3.5.0,M10.5.0/3" ---- */

static bool take(const char **p, char c)
{
	if (**p != c) {
		return false;
	}
	(*p)++;
	return true;
}

static int take_number(const char **p, int32_t max, int32_t *ret)
{
	int32_t v = 0;
	const char *start = *p;

	while (**p >= '0' && **p <= '9' && v <= max) {
		v = v * 10 + (*(*p)++ - '0');
	}
	if (*p == start || v > max) {
		return -EBADMSG;
	}
	*ret = v;
	return 0;
}

/* [+-]hh[:mm[:ss]] */
static int take_time(const char **p, int32_t *ret)
{
	int32_t sign = take(p, '-') ? -1 : 1, part[3] = { 0 };

	if (sign > 0) {
		(void)take(p, '+');
	}
	for (int i = 0; i < 3; i++) {
		if ((i > 0 && !take(p, ':'))) {
			break;
		}
		if (take_number(p, i == 0 ? HOURS_MAX : 59, &part[i]) < 0) {
			return -EBADMSG;
		}
	}
	*ret = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
	return 0;
}

static int take_name(const char **p, char ret[ZONE_NAME])
{
	bool quoted = take(p, '<');
	size_t n = quoted ? strcspn(*p, ">") : strcspn(*p, "0123456789+-,\n");

	if (n < 3 || n >= ZONE_NAME || (quoted && (*p)[n] != '>')) {
		return -EBADMSG;
	}
	memcpy(ret, *p, n);
	ret[n] = '\0';
	*p += n + quoted;
	return 0;
}

static int take_switch(const char **p, struct zone_switch *ret)
{
	*ret = (struct zone_switch) { .seconds = 2 * 3600 };
	if (!take(p, ',')) {
		return -EBADMSG;
	}
	if (take(p, 'M')) {
		ret->form = ZONE_DAY_WEEK;
		if (take_number(p, 12, &ret->month) < 0 || !take(p, '.') ||
			take_number(p, 5, &ret->week) < 0 || !take(p, '.') ||
			take_number(p, 6, &ret->weekday) < 0 || !ret->month || !ret->week) {
			return -EBADMSG;
		}
	} else {
		ret->form = take(p, 'J') ? ZONE_DAY_JULIAN : ZONE_DAY_ZERO;
		if (take_number(p, 365, &ret->day) < 0) {
			return -EBADMSG;
		}
	}
	return take(p, '/') ? take_time(p, &ret->seconds) : 0;
}

static int parse_rule(const char *p, struct zone *z)
{
	int32_t west = 0;

	if (take_name(&p, z->standard.name) < 0 || take_time(&p, &west) < 0) {
		return -EBADMSG;
	}
	z->standard.offset = -west;
	z->has_rule = true;
	if (!*p) {
		return 0;
	}
	z->daylight = (struct zone_kind) { .offset = z->standard.offset + 3600, .dst = true };
	if (take_name(&p, z->daylight.name) < 0) {
		return -EBADMSG;
	}
	if (*p && *p != ',') {
		if (take_time(&p, &west) < 0) {
			return -EBADMSG;
		}
		z->daylight.offset = -west;
	}
	z->rule_dst = true;
	if (take_switch(&p, &z->to_daylight) < 0 || take_switch(&p, &z->to_standard) < 0 || *p) {
		return -EBADMSG;
	}
	return 0;
}

/* Local seconds of the switch in that year, by the clock that is valid before it. */
static int64_t switch_local(const struct zone_switch *s, int32_t year)
{
	int64_t days = civil_days(year, 1, 1);

	if (s->form == ZONE_DAY_JULIAN) {
		days += s->day - 1 + (s->day > 59 && is_leap(year));
	} else if (s->form == ZONE_DAY_ZERO) {
		days += s->day;
	} else {
		int32_t first, day;

		days = civil_days(year, s->month, 1);
		first = (int32_t)(civil_weekday(days) + 1) % 7; /* 0: Sunday */
		day = (s->weekday - first + 7) % 7 + (s->week - 1) * 7;
		while (day >= civil_month_days(year, s->month)) {
			day -= 7;
		}
		days += day;
	}
	return days * DAY + s->seconds;
}

static const struct zone_kind *rule_at(const struct zone *z, int64_t point)
{
	struct civil c;
	int64_t on, off;

	if (!z->rule_dst) {
		return &z->standard;
	}
	civil_from_seconds(point + z->standard.offset, &c);
	on = switch_local(&z->to_daylight, c.year) - z->standard.offset;
	off = switch_local(&z->to_standard, c.year) - z->daylight.offset;
	if (on < off) {
		return point >= on && point < off ? &z->daylight : &z->standard;
	}
	return point >= off && point < on ? &z->standard : &z->daylight;
}

/* ---- the file ---- */

struct counts {
	uint32_t isut, isstd, leap, time, type, chars;
};

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p)
{
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static int read_header(const uint8_t *p, size_t size, struct counts *ret)
{
	if (size < HEADER || memcmp(p, "TZif", 4) != 0) {
		return -EBADMSG;
	}
	*ret = (struct counts) { be32(p + 20), be32(p + 24), be32(p + 28), be32(p + 32),
		be32(p + 36), be32(p + 40) };
	if (ret->time > TRANSITIONS || ret->type == 0 || ret->type > KINDS || ret->leap > 1024 ||
		ret->chars > 1024 || ret->isut > KINDS || ret->isstd > KINDS) {
		return -EBADMSG;
	}
	return 0;
}

static size_t block_size(const struct counts *n, size_t width)
{
	return n->time * (width + 1) + n->type * 6 + n->chars + n->leap * (width + 4) + n->isstd +
	       n->isut;
}

static int read_kinds(const uint8_t *p, const struct counts *n, struct zone *z)
{
	const char *chars = (const char *)p + n->type * 6;

	for (uint32_t i = 0; i < n->type; i++) {
		const uint8_t *row = p + i * 6;
		size_t len;

		if (row[5] >= n->chars) {
			return -EBADMSG;
		}
		len = strnlen(chars + row[5], n->chars - row[5]);
		len = len < ZONE_NAME ? len : ZONE_NAME - 1;
		z->kinds[i].offset = (int32_t)be32(row);
		z->kinds[i].dst = row[4] != 0;
		memcpy(z->kinds[i].name, chars + row[5], len);
		if (z->kinds[i].offset < -DAY || z->kinds[i].offset > DAY) {
			return -EBADMSG;
		}
	}
	return 0;
}

static int read_block(const uint8_t *p, const struct counts *n, size_t width, struct zone *z)
{
	z->at = calloc((size_t)n->time + 1, sizeof(*z->at));
	z->kind = calloc((size_t)n->time + 1, 1);
	z->kinds = calloc(n->type, sizeof(*z->kinds));
	if (!z->at || !z->kind || !z->kinds) {
		return -ENOMEM;
	}
	z->n = n->time;
	z->n_kinds = n->type;
	for (uint32_t i = 0; i < n->time; i++) {
		z->at[i] = width == 8 ? be64(p + i * 8) : (int32_t)be32(p + i * 4);
		z->kind[i] = p[n->time * width + i];
		if (z->kind[i] >= n->type || (i > 0 && z->at[i] <= z->at[i - 1])) {
			return -EBADMSG;
		}
	}
	return read_kinds(p + n->time * (width + 1), n, z);
}

static int read_footer(const uint8_t *p, size_t size, struct zone *z)
{
	char text[RULE_TEXT];
	const uint8_t *end;

	if (size < 2 || p[0] != '\n') {
		return -EBADMSG;
	}
	end = memchr(p + 1, '\n', size - 1);
	if (!end || (size_t)(end - p - 1) >= sizeof(text)) {
		return -EBADMSG;
	}
	memcpy(text, p + 1, (size_t)(end - p - 1));
	text[end - p - 1] = '\0';
	return text[0] ? parse_rule(text, z) : 0;
}

static int parse_file(const uint8_t *p, size_t size, struct zone *z)
{
	struct counts n;
	size_t skip;
	int r = read_header(p, size, &n);

	if (r < 0) {
		return r;
	}
	skip = HEADER + block_size(&n, 4);
	if (skip > size) {
		return -EBADMSG;
	}
	if (p[4] < '2') {
		return read_block(p + HEADER, &n, 4, z);
	}
	p += skip;
	size -= skip;
	r = read_header(p, size, &n);
	if (r < 0 || HEADER + block_size(&n, 8) > size) {
		return -EBADMSG;
	}
	skip = HEADER + block_size(&n, 8);
	r = read_block(p + HEADER, &n, 8, z);
	return r < 0 ? r : read_footer(p + skip, size - skip, z);
}

int zone_parse(const void *data, size_t size, struct zone *ret)
{
	int r;

	*ret = (struct zone) { 0 };
	r = parse_file(data, size, ret);
	if (r < 0) {
		zone_fini(ret);
	}
	return r;
}

void zone_fini(struct zone *z)
{
	free(z->at);
	free(z->kind);
	free(z->kinds);
	*z = (struct zone) { 0 };
}

/* ---- questions ---- */

const struct zone_kind *zone_at(const struct zone *z, int64_t point)
{
	static const struct zone_kind utc = { .name = "UTC" };
	uint32_t low = 0, high;

	if (!z) {
		return &utc;
	}
	if (z->has_rule && (z->n == 0 || point >= z->at[z->n - 1])) {
		return rule_at(z, point);
	}
	for (high = z->n; low < high;) {
		uint32_t middle = (low + high) / 2;

		if (z->at[middle] <= point) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return &z->kinds[low > 0 ? z->kind[low - 1] : 0];
}

unsigned zone_points(const struct zone *z, int64_t local, int64_t ret[2])
{
	unsigned n = 0;

	/* Whatever offset is valid then is valid a day before, at the time, or a day after. */
	for (int i = -1; i <= 1; i++) {
		int64_t point = local - zone_at(z, local + (int64_t)i * DAY)->offset;

		if (point + zone_at(z, point)->offset == local &&
			(n == 0 || (n == 1 && ret[0] != point))) {
			ret[n++] = point;
		}
	}
	if (n == 2 && ret[0] > ret[1]) {
		int64_t swap = ret[0];

		ret[0] = ret[1];
		ret[1] = swap;
	}
	return n;
}

int64_t zone_after_gap(const struct zone *z, int64_t local)
{
	int64_t low = local - 2 * DAY, high = local + 2 * DAY;

	/* The first point whose wall clock is beyond local. */
	while (low + 1 < high) {
		int64_t middle = low + (high - low) / 2;

		if (middle + zone_at(z, middle)->offset > local) {
			high = middle;
		} else {
			low = middle;
		}
	}
	return high + zone_at(z, high)->offset;
}

bool zone_name_is_valid(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n >= NAME_MAX_LEN || name[0] == '/' || name[n - 1] == '/') {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		char c = name[i];
		bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			    (c >= 'A' && c <= 'Z') || strchr("-_+/", c);

		if (!word || (c == '/' && name[i + 1] == '/')) {
			return false;
		}
	}
	return true;
}
