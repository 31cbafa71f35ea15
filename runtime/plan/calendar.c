// SPDX-License-Identifier: MIT
/* When an expression is due next. */
#include "calendar.h"

#define YEAR_FIRST 1970
#define YEAR_LAST  2199
#define DAY_US     (86400 * (int64_t)USEC_PER_SEC)
#define MINUTE_US  (60 * (int64_t)USEC_PER_SEC)
#define HOUR_US    (60 * MINUTE_US)
/* Clocks are put forward and back at quarters of an hour. */
#define SEASON_STEP_US (15 * MINUTE_US)
#define MISSES         100000u /* local times that are not there, in one question */

static const struct {
	int32_t first, last;
} bounds[CALENDAR_FIELD_COUNT] = {
	[CALENDAR_YEAR] = { YEAR_FIRST, YEAR_LAST },
	[CALENDAR_MONTH] = { 1, 12 },
	[CALENDAR_DAY] = { 1, 31 },
	[CALENDAR_HOUR] = { 0, 23 },
	[CALENDAR_MINUTE] = { 0, 59 },
	[CALENDAR_SECOND] = { 0, 60 * (int32_t)USEC_PER_SEC - 1 },
};

static bool part_is_valid(const struct calendar *c, const struct calendar_part *p)
{
	int32_t first = bounds[p->field].first, last = bounds[p->field].last;
	bool from_end = c->from_end && p->field == CALENDAR_DAY;

	last -= from_end ? 3 : 0; /* every month has 28 last days */
	if (p->start < first || p->start > last || p->step < 0 || p->step > last - first) {
		return false;
	}
	if (p->stop >= 0) {
		return p->stop >= first && p->stop <= last && p->stop - p->start >= p->step;
	}
	return p->stop == -1 &&
	       (from_end ? p->start - p->step >= first : p->start + p->step <= last);
}

bool calendar_is_valid(const struct calendar *c)
{
	if (c->weekdays > 0x7f || c->n > CALENDAR_PARTS || c->dst < -1 || c->dst > 1 ||
		(c->zone[0] && !zone_name_is_valid(c->zone))) {
		return false;
	}
	if (c->n == 0 || c->parts[c->n - 1].field != CALENDAR_SECOND) {
		return false;
	}
	for (uint32_t i = 0; i < c->n; i++) {
		if (c->parts[i].field >= CALENDAR_FIELD_COUNT ||
			(i > 0 && c->parts[i].field < c->parts[i - 1].field) ||
			!part_is_valid(c, &c->parts[i])) {
			return false;
		}
	}
	return true;
}

/* Least value of a part that is at least from; -1: none. length: of the month, for "~". */
static int64_t part_next(
	const struct calendar *c, const struct calendar_part *p, int64_t from, int32_t length)
{
	int64_t start = p->start, stop = p->stop, last = bounds[p->field].last, k;

	if (p->field == CALENDAR_DAY) {
		last = length;
	}
	if (c->from_end && p->field == CALENDAR_DAY) {
		start = length + 1 - start;
		stop = stop >= 0 ? length + 1 - stop : -1;
		if (stop > 0) {
			int64_t swap = start;

			start = stop;
			stop = swap;
		}
	}
	if (start >= from) {
		return start <= last ? start : -1;
	}
	if (p->step == 0) {
		return -1;
	}
	k = start + (from - start + p->step - 1) / p->step * p->step;
	return k <= last && (stop < 0 || k <= stop) ? k : -1;
}

/* Least value of a field that is at least from; -1: none. */
static int64_t field_next(
	const struct calendar *c, enum calendar_field field, int64_t from, int32_t length)
{
	int64_t best = -1;
	bool any = false;

	for (uint32_t i = 0; i < c->n; i++) {
		int64_t v;

		if (c->parts[i].field != field) {
			continue;
		}
		any = true;
		v = part_next(c, &c->parts[i], from, length);
		if (v >= 0 && (best < 0 || v < best)) {
			best = v;
		}
	}
	if (!any) {
		int64_t last = field == CALENDAR_DAY ? length : bounds[field].last;

		return from <= last ? from : -1;
	}
	return best;
}

/* First time of day (µs) from `from` on; -1: none on that day. */
static int64_t time_next(const struct calendar *c, int64_t from)
{
	int64_t hour = from / HOUR_US, minute = from / MINUTE_US % 60, second = from % MINUTE_US;

	for (;;) {
		int64_t h = field_next(c, CALENDAR_HOUR, hour, 0), m, s;

		if (h < 0) {
			return -1;
		}
		if (h > hour) {
			minute = second = 0;
		}
		hour = h;
		m = field_next(c, CALENDAR_MINUTE, minute, 0);
		if (m < 0) {
			hour++;
			minute = second = 0;
			continue;
		}
		second = m > minute ? 0 : second;
		minute = m;
		s = field_next(c, CALENDAR_SECOND, second, 0);
		if (s >= 0) {
			return hour * HOUR_US + minute * MINUTE_US + s;
		}
		minute++;
		second = 0;
	}
}

/* First matching day from that date on; false: none up to YEAR_LAST. */
static bool date_next(const struct calendar *c, struct civil *d)
{
	int64_t year, month, day;

	while ((year = field_next(c, CALENDAR_YEAR, d->year, 0)) >= 0) {
		if (year > d->year) {
			*d = (struct civil) { .year = (int32_t)year, .month = 1, .day = 1 };
		}
		month = field_next(c, CALENDAR_MONTH, d->month, 0);
		if (month < 0) {
			*d = (struct civil) { .year = d->year + 1, .month = 1, .day = 1 };
			continue;
		}
		d->day = month > d->month ? 1 : d->day;
		d->month = (int32_t)month;
		day = field_next(c, CALENDAR_DAY, d->day, civil_month_days(d->year, d->month));
		if (day < 0) {
			d->month++;
			d->day = 1;
			continue;
		}
		d->day = (int32_t)day;
		if (c->weekdays == 0 ||
			(c->weekdays >> civil_weekday(civil_days(d->year, d->month, d->day)) & 1)) {
			return true;
		}
		d->day++;
	}
	return false;
}

/* First matching local time (µs) from `from` on; -1: none. */
static int64_t local_next(const struct calendar *c, int64_t from)
{
	struct civil d;
	int64_t days = from / DAY_US, time;

	civil_from_seconds(days * 86400, &d);
	for (;;) {
		int64_t found;

		if (!date_next(c, &d)) {
			return -1;
		}
		found = civil_days(d.year, d.month, d.day);
		time = time_next(c, found > days ? 0 : from % DAY_US);
		if (time >= 0) {
			return found * DAY_US + time;
		}
		d.day++;
		days = found;
		from = (found + 1) * DAY_US;
		if (d.day > civil_month_days(d.year, d.month)) {
			d.day = 1;
			d.month++;
		}
	}
}

static bool dst_fits(const struct calendar *c, const struct zone *zone, int64_t point)
{
	return c->dst < 0 || zone_at(zone, point)->dst == (c->dst == 1);
}

usec_t calendar_next(const struct calendar *c, const struct zone *zone, usec_t after)
{
	int64_t base, local;

	if (after >= (usec_t)civil_days(YEAR_LAST + 1, 1, 1) * (usec_t)DAY_US) {
		return USEC_INFINITY;
	}
	zone = c->utc ? NULL : zone;
	base = (int64_t)after + 1;
	local = base + zone_at(zone, base / (int64_t)USEC_PER_SEC)->offset * (int64_t)USEC_PER_SEC;
	local = local < 0 ? 0 : local;
	for (unsigned i = 0; i < MISSES; i++) {
		int64_t points[2], us;
		bool wrong_season = false;
		unsigned n;

		local = local_next(c, local);
		if (local < 0) {
			return USEC_INFINITY;
		}
		us = local % (int64_t)USEC_PER_SEC;
		n = zone_points(zone, local / (int64_t)USEC_PER_SEC, points);
		for (unsigned k = 0; k < n; k++) {
			int64_t t = points[k] * (int64_t)USEC_PER_SEC + us;

			wrong_season = !dst_fits(c, zone, points[k]);
			if (t >= base && !wrong_season) {
				return (usec_t)t;
			}
		}
		if (n == 0) {
			local = zone_after_gap(zone, local / (int64_t)USEC_PER_SEC) *
				(int64_t)USEC_PER_SEC;
		} else {
			local = wrong_season ? (local / SEASON_STEP_US + 1) * SEASON_STEP_US
					     : local + 1;
		}
	}
	return USEC_INFINITY;
}
