// SPDX-License-Identifier: MIT
/* Calendar expressions as text: reading, and the normal form. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "../base/cleanup.h"
#include "calendar.h"

#define SECOND     ((int32_t)USEC_PER_SEC)
#define EVERY_DAY  0x7fu
#define NUMBER_MAX 999999999

/* One reading under way. */
struct reading {
	const char *p;
	struct calendar *c;
};

static const struct {
	const char *word;
	const char *means;
} words[] = {
	{ "minutely", "*-*-* *:*:00" },
	{ "hourly", "*-*-* *:00:00" },
	{ "daily", "*-*-* 00:00:00" },
	{ "weekly", "Mon *-*-* 00:00:00" },
	{ "monthly", "*-*-01 00:00:00" },
	{ "quarterly", "*-01,04,07,10-01 00:00:00" },
	{ "annually", "*-01-01 00:00:00" },
	{ "yearly", "*-01-01 00:00:00" },
	{ "anually", "*-01-01 00:00:00" }, /* accepted by systemd */
	{ "biannually", "*-01,07-01 00:00:00" },
	{ "bi-annually", "*-01,07-01 00:00:00" },
	{ "semiannually", "*-01,07-01 00:00:00" },
	{ "semi-annually", "*-01,07-01 00:00:00" },
};

static const char *const day_names[7][2] = {
	{ "Monday", "Mon" },
	{ "Tuesday", "Tue" },
	{ "Wednesday", "Wed" },
	{ "Thursday", "Thu" },
	{ "Friday", "Fri" },
	{ "Saturday", "Sat" },
	{ "Sunday", "Sun" },
};

static bool is_digit(char ch)
{
	return ch >= '0' && ch <= '9';
}

/* ---- weekdays ---- */

/* Number of the weekday at p and the length of its name; -1: none there. */
static int weekday_at(const char *p, size_t *ret_len)
{
	for (int d = 0; d < 7; d++) {
		for (size_t k = 0; k < 2; k++) {
			size_t n = strlen(day_names[d][k]);

			if (strncasecmp(p, day_names[d][k], n) == 0) {
				*ret_len = n;
				return d;
			}
		}
	}
	return -1;
}

/* "Mon", "Mon..Wed" or, in its old spelling, "Mon-Wed". */
static int read_day_range(struct reading *r)
{
	size_t len = 0;
	int from = weekday_at(r->p, &len), to = from;

	if (from < 0) {
		return -EINVAL;
	}
	r->p += len;
	if (strncmp(r->p, "..", 2) == 0 || *r->p == '-') {
		r->p += *r->p == '-' ? 1 : 2;
		to = weekday_at(r->p, &len);
		if (to < from) {
			return -EINVAL;
		}
		r->p += len;
	}
	for (; from <= to; from++) {
		r->c->weekdays |= 1u << from;
	}
	return *r->p == '\0' || *r->p == ',' || *r->p == ' ' ? 0 : -EINVAL;
}

static int read_weekdays(struct reading *r)
{
	size_t len;

	if (weekday_at(r->p, &len) < 0) {
		return 0;
	}
	for (;;) {
		int e = read_day_range(r);

		if (e < 0) {
			return e;
		}
		if (*r->p == ',') {
			r->p++; /* one may stand at the end */
		}
		if (*r->p == '\0' || *r->p == ' ') {
			r->p += strspn(r->p, " ");
			return 0;
		}
	}
}

/* ---- numbers ---- */

static int read_integer(const char **p, int64_t *ret)
{
	int64_t v = 0;

	if (!is_digit(**p)) {
		return -EINVAL;
	}
	while (is_digit(**p)) {
		v = v * 10 + (*(*p)++ - '0');
		if (v > NUMBER_MAX) {
			return -ERANGE;
		}
	}
	*ret = v;
	return 0;
}

/* Six decimals, the seventh rounds; "1..2" is a range, not a decimal point. */
static int read_fraction(const char **p, int64_t *us)
{
	int32_t scale = SECOND / 10;

	if (**p != '.' || (*p)[1] == '.') {
		return 0;
	}
	(*p)++;
	if (!is_digit(**p)) {
		return -EINVAL;
	}
	for (; is_digit(**p) && scale > 0; (*p)++, scale /= 10) {
		*us += (int64_t)(**p - '0') * scale;
	}
	*us += scale == 0 && **p >= '5' && **p <= '9';
	while (is_digit(**p)) {
		(*p)++;
	}
	return 0;
}

static int read_value(const char **p, enum calendar_field field, int32_t *ret)
{
	int64_t v = 0;
	int r = read_integer(p, &v);

	if (r < 0) {
		return r;
	}
	if (field == CALENDAR_SECOND) {
		v *= SECOND;
		r = read_fraction(p, &v);
	}
	if (r < 0 || v > INT32_MAX) {
		return r < 0 ? r : -ERANGE;
	}
	*ret = (int32_t)v;
	return 0;
}

/* ---- fields ---- */

static int add_part(struct calendar *c, const struct calendar_part *part)
{
	if (c->n == CALENDAR_PARTS) {
		return -E2BIG;
	}
	c->parts[c->n++] = *part;
	return 0;
}

/* START[..STOP][/STEP] */
static int read_part(struct reading *r, enum calendar_field field)
{
	struct calendar_part part = { .field = field, .stop = -1 };
	int e = read_value(&r->p, field, &part.start);

	if (e == 0 && strncmp(r->p, "..", 2) == 0) {
		r->p += 2;
		part.step = field == CALENDAR_SECOND ? SECOND : 1;
		e = read_value(&r->p, field, &part.stop);
	}
	if (e == 0 && *r->p == '/') {
		r->p++;
		e = read_value(&r->p, field, &part.step);
		e = e == 0 && part.step == 0 ? -ERANGE : e;
	}
	if (e == 0 && !strchr(" ,-~:", *r->p)) {
		e = -EINVAL;
	}
	return e < 0 ? e : add_part(r->c, &part);
}

static int read_field(struct reading *r, enum calendar_field field)
{
	if (*r->p == '*') {
		const struct calendar_part every = { field, 0, -1, SECOND };

		r->p++;
		return field == CALENDAR_SECOND ? add_part(r->c, &every) : 0;
	}
	for (;;) {
		int e = read_part(r, field);

		if (e < 0 || *r->p != ',') {
			return e;
		}
		r->p++;
	}
}

static int set_value(struct calendar *c, enum calendar_field field, int32_t value)
{
	const struct calendar_part part = { field, value, -1, 0 };

	return add_part(c, &part);
}

/* "@SECONDS" since 1970: one point in time. */
static int read_timestamp(struct reading *r)
{
	struct civil d;
	int64_t seconds = 0;
	const char *p = r->p + 1;

	if (!is_digit(*p)) {
		return -EINVAL;
	}
	for (; is_digit(*p); p++) {
		seconds = seconds * 10 + (*p - '0');
		if (seconds > INT64_C(9999999999)) {
			return -ERANGE;
		}
	}
	r->p = p;
	if (*p) {
		return -EINVAL;
	}
	civil_from_seconds(seconds, &d);
	r->c->utc = true;
	return set_value(r->c, CALENDAR_YEAR, d.year) < 0 ||
			       set_value(r->c, CALENDAR_MONTH, d.month) < 0 ||
			       set_value(r->c, CALENDAR_DAY, d.day) < 0 ||
			       set_value(r->c, CALENDAR_HOUR, d.hour) < 0 ||
			       set_value(r->c, CALENDAR_MINUTE, d.minute) < 0 ||
			       set_value(r->c, CALENDAR_SECOND, d.second * SECOND) < 0
		       ? -E2BIG
		       : 1;
}

/* How many of "-" and "~" separate the fields of the word at p: 0 for a time. */
static unsigned count_separators(const char *p)
{
	unsigned n = 0;

	for (; *p && *p != ' ' && *p != ':'; p++) {
		n += *p == '-' || *p == '~';
	}
	return *p == ':' ? 0 : n;
}

/* [[YEAR-]MONTH]-DAY, "~" for "-" before DAY. 0: there is none. */
static int read_date(struct reading *r)
{
	unsigned n = count_separators(r->p);

	if (*r->p == '@') {
		return read_timestamp(r);
	}
	if (n == 0) {
		return 0;
	}
	for (unsigned field = n == 2 ? CALENDAR_YEAR : CALENDAR_MONTH; field <= CALENDAR_DAY;
		field++) {
		int e = n > 2 ? -EINVAL : read_field(r, (enum calendar_field)field);

		if (e < 0) {
			return e;
		}
		if (field == CALENDAR_DAY) {
			break;
		}
		r->c->from_end = *r->p == '~';
		if (*r->p != '-' && !(*r->p == '~' && field == CALENDAR_MONTH)) {
			return -EINVAL;
		}
		r->p++;
	}
	if (*r->p != '\0' && *r->p != ' ') {
		return -EINVAL;
	}
	r->p += strspn(r->p, " ");
	return 0;
}

/* HOUR:MINUTE[:SECOND]; nothing is midnight. */
static int read_time(struct reading *r)
{
	int e = 0;

	if (*r->p == '\0') {
		e = set_value(r->c, CALENDAR_HOUR, 0);
		e = e < 0 ? e : set_value(r->c, CALENDAR_MINUTE, 0);
		return e < 0 ? e : set_value(r->c, CALENDAR_SECOND, 0);
	}
	e = read_field(r, CALENDAR_HOUR);
	if (e == 0 && *r->p != ':') {
		e = -EINVAL;
	}
	r->p++;
	e = e < 0 ? e : read_field(r, CALENDAR_MINUTE);
	if (e == 0 && *r->p == '\0') {
		return set_value(r->c, CALENDAR_SECOND, 0);
	}
	if (e == 0 && *r->p != ':') {
		e = -EINVAL;
	}
	r->p++;
	e = e < 0 ? e : read_field(r, CALENDAR_SECOND);
	return e < 0 ? e : (*r->p == '\0' ? 0 : -EINVAL);
}

/* ---- the zone at the end ---- */

/* Cuts the last word off text, when it names a zone. */
static void take_zone(char *text, const struct calendar_names *names, struct calendar *c)
{
	char *word = strrchr(text, ' ');

	if (!word) {
		return;
	}
	if (strcasecmp(word + 1, "UTC") == 0) {
		c->utc = true;
		*word = '\0';
		return;
	}
	for (int i = 0; names && i < 2; i++) {
		if (names->local[i] && names->local[i][0] &&
			strcasecmp(word + 1, names->local[i]) == 0) {
			c->dst = i;
			snprintf(c->zone_label, sizeof(c->zone_label), "%s", names->local[i]);
			*word = '\0';
			return;
		}
	}
	if (strpbrk(word + 1, ":*,~") || is_digit(word[1]) || strlen(word + 1) >= CALENDAR_ZONE ||
		!zone_name_is_valid(word + 1) || weekday_at(word + 1, &(size_t) { 0 }) >= 0) {
		return;
	}
	if (!names || !names->zone_exists || names->zone_exists(names->context, word + 1)) {
		strcpy(c->zone, word + 1);
		*word = '\0';
	}
}

/* ---- normal form ---- */

static int32_t full_year(int32_t year)
{
	if (year < 0 || year >= 100) {
		return year;
	}
	return year + (year < 70 ? 2000 : 1900);
}

static bool part_is_less(const struct calendar_part *a, const struct calendar_part *b)
{
	if (a->field != b->field) {
		return a->field < b->field;
	}
	if (a->start != b->start) {
		return a->start < b->start;
	}
	return a->stop != b->stop ? a->stop < b->stop : a->step < b->step;
}

static bool part_is_equal(const struct calendar_part *a, const struct calendar_part *b)
{
	return !part_is_less(a, b) && !part_is_less(b, a);
}

static void normalize(struct calendar *c)
{
	uint32_t n = 0;

	c->weekdays = c->weekdays == EVERY_DAY ? 0 : c->weekdays;
	for (uint32_t i = 0; i < c->n; i++) {
		struct calendar_part part = c->parts[i];
		uint32_t at = i;

		if (part.field == CALENDAR_YEAR) {
			part.start = full_year(part.start);
			part.stop = full_year(part.stop);
		}
		if (part.stop > part.start && part.step > 0) {
			part.stop -= (part.stop - part.start) % part.step;
		}
		if (part.stop == part.start) {
			part.stop = -1; /* the step is never made */
			part.step = 0;
		}
		while (at > 0 && part_is_less(&part, &c->parts[at - 1])) {
			c->parts[at] = c->parts[at - 1];
			at--;
		}
		c->parts[at] = part;
	}
	for (uint32_t i = 0; i < c->n; i++) {
		if (i == 0 || !part_is_equal(&c->parts[i], &c->parts[n - 1])) {
			c->parts[n++] = c->parts[i];
		}
	}
	c->n = n;
}

static bool has_field(const struct calendar *c, enum calendar_field field)
{
	for (uint32_t i = 0; i < c->n; i++) {
		if (c->parts[i].field == field) {
			return true;
		}
	}
	return false;
}

static int read_all(const char *text, struct calendar *c)
{
	struct reading r = { .p = text, .c = c };
	int e = -EINVAL;

	for (size_t i = 0; i < ELEMENTSOF(words); i++) {
		if (strcasecmp(text, words[i].word) == 0) {
			r.p = words[i].means;
		}
	}
	if (*r.p) {
		e = read_weekdays(&r);
	}
	e = e < 0 ? e : read_date(&r);
	e = e == 0 ? read_time(&r) : e;
	return e < 0 ? e : (*r.p == '\0' ? 0 : -EINVAL);
}

int calendar_parse(const char *text, const struct calendar_names *names, struct calendar *ret)
{
	struct calendar c = { .dst = -1 };
	char copy[CALENDAR_TEXT];
	int r;

	if (strlen(text) >= sizeof(copy)) {
		return -E2BIG;
	}
	strcpy(copy, text);
	take_zone(copy, names, &c);
	r = read_all(copy, &c);
	if (r < 0) {
		return r;
	}
	normalize(&c);
	c.from_end = c.from_end && has_field(&c, CALENDAR_DAY);
	if (!calendar_is_valid(&c)) {
		return -ERANGE;
	}
	*ret = c;
	return 0;
}

/* ---- writing ---- */

struct writing {
	char *buf;
	size_t at;
};

__attribute__((format(printf, 2, 3))) static void put(struct writing *w, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(w->buf + w->at, CALENDAR_TEXT - w->at, format, args);
	va_end(args);
	w->at += n > 0 ? (size_t)n : 0;
	w->at = w->at < CALENDAR_TEXT ? w->at : CALENDAR_TEXT - 1;
}

static void put_weekdays(struct writing *w, uint32_t days)
{
	for (int d = 0; d < 7; d++) {
		int last = d;

		if (!(days >> d & 1)) {
			continue;
		}
		while (last < 6 && (days >> (last + 1) & 1)) {
			last++;
		}
		put(w, "%s%s", w->at ? "," : "", day_names[d][1]);
		if (last > d) {
			put(w, "%s%s", last > d + 1 ? ".." : ",", day_names[last][1]);
		}
		d = last;
	}
	if (days) {
		put(w, " ");
	}
}

static void put_value(struct writing *w, int32_t value, int width, bool seconds)
{
	put(w, "%0*d", width, (int)(seconds ? value / SECOND : value));
	if (seconds && value % SECOND) {
		put(w, ".%06d", (int)(value % SECOND));
	}
}

static void put_part(struct writing *w, const struct calendar_part *p, int width)
{
	bool seconds = p->field == CALENDAR_SECOND;
	int32_t one = seconds ? SECOND : 1;

	put_value(w, p->start, width, seconds);
	if (p->stop > 0) {
		put(w, "..");
		put_value(w, p->stop, width, seconds);
	}
	if (p->step > 0 && !(p->stop > 0 && p->step == one)) {
		put(w, "/");
		put_value(w, p->step, 1, seconds);
	}
}

static void put_field(struct writing *w, const struct calendar *c, enum calendar_field field)
{
	int width = field == CALENDAR_YEAR ? 4 : 2;
	uint32_t n = 0, first = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		first = c->parts[i].field == field && n == 0 ? i : first;
		n += c->parts[i].field == field;
	}
	if (n == 0 || (field == CALENDAR_SECOND && n == 1 && c->parts[first].start == 0 &&
			      c->parts[first].stop < 0 && c->parts[first].step == SECOND)) {
		put(w, "*");
		return;
	}
	for (uint32_t i = first; i < first + n; i++) {
		put(w, "%s", i > first ? "," : "");
		put_part(w, &c->parts[i], width);
	}
}

void calendar_format(const struct calendar *c, char buf[CALENDAR_TEXT])
{
	static const char after[CALENDAR_FIELD_COUNT] = { '-', '-', ' ', ':', ':', '\0' };
	struct writing w = { .buf = buf };

	buf[0] = '\0';
	put_weekdays(&w, c->weekdays);
	for (unsigned f = 0; f < CALENDAR_FIELD_COUNT; f++) {
		put_field(&w, c, (enum calendar_field)f);
		if (after[f]) {
			put(&w, "%c", f == CALENDAR_MONTH && c->from_end ? '~' : after[f]);
		}
	}
	if (c->utc) {
		put(&w, " UTC");
	} else if (c->dst >= 0) {
		put(&w, " %s", c->zone_label);
	} else if (c->zone[0]) {
		put(&w, " %s", c->zone);
	}
}
