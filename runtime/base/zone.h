// SPDX-License-Identifier: MIT
/*
 * Time zones from the bytes of a TZif file (RFC 8536): its transitions, and the rule of its footer
 * for the time after them. Pure: who has the bytes has read the file. Points are seconds of
 * CLOCK_REALTIME; local times are seconds since 1970-01-01 00:00:00 on the zone's wall clock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZONE_NAME 16u /* "CEST", with its NUL; longer ones are cut */

struct zone_kind {
	int32_t offset; /* seconds east of UTC */
	bool dst;
	char name[ZONE_NAME];
};

/* When a rule switches: a day of the year and seconds from its midnight. */
struct zone_switch {
	enum { ZONE_DAY_JULIAN, ZONE_DAY_ZERO, ZONE_DAY_WEEK } form;
	int32_t day; /* JULIAN: 1-365 without 29 February; ZERO: 0-365 */
	int32_t month, week, weekday;
	int32_t seconds;
};

struct zone {
	uint32_t n;
	int64_t *at;   /* ascending points; owned */
	uint8_t *kind; /* from at[i] on; owned */
	uint32_t n_kinds;
	struct zone_kind *kinds; /* owned; [0] counts before at[0] */
	bool has_rule;           /* for what comes after at[n - 1] */
	bool rule_dst;           /* two kinds that alternate */
	struct zone_kind standard, daylight;
	struct zone_switch to_daylight, to_standard;
};

/* 0, -EBADMSG (no such file format), -ENOMEM. zone_fini() afterwards. */
int zone_parse(const void *data, size_t size, struct zone *ret);
void zone_fini(struct zone *z);
/* z may be NULL: UTC. The result lives as long as z. */
const struct zone_kind *zone_at(const struct zone *z, int64_t point);
/*
 * The points at which the wall clock shows that local time, ascending: none in a gap, two where the
 * clock was put back. Returns how many.
 */
unsigned zone_points(const struct zone *z, int64_t local, int64_t ret[2]);
/* For a local time in a gap: the local time with which the clock goes on after the gap. */
int64_t zone_after_gap(const struct zone *z, int64_t local);

/* May that be the name of a file below the directory of zones? No "..", no leading '/'. */
bool zone_name_is_valid(const char *name);

/* ---- the proleptic Gregorian calendar ---- */

struct civil {
	int32_t year, month, day; /* 1970, 1-12, 1-31 */
	int32_t hour, minute, second;
};

/* Days since 1970-01-01; month may be 1 to 12, day any number. */
int64_t civil_days(int32_t year, int32_t month, int32_t day);
int64_t civil_seconds(const struct civil *c);
void civil_from_seconds(int64_t seconds, struct civil *ret);
int32_t civil_month_days(int32_t year, int32_t month);
/* 0: Monday … 6: Sunday. */
unsigned civil_weekday(int64_t days);
