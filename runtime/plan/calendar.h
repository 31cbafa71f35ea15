// SPDX-License-Identifier: MIT
/*
 * Calendar expressions of systemd.time(7): "Mon..Fri *-*-* 06:30", "*-*~01 UTC", "hourly". Parsed
 * by supd-load, carried as numbers, evaluated by supd. Pure; times are microseconds of
 * CLOCK_REALTIME.
 *
 * A local time that the zone's clock skips does not occur; one that it shows twice occurs the first
 * time only, unless the question is asked between the two.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/timeutil.h"
#include "../base/zone.h"

#define CALENDAR_PARTS 256u /* of all fields together */
#define CALENDAR_ZONE  64u
#define CALENDAR_TEXT  4096u /* room for any normal form */

enum calendar_field {
	CALENDAR_YEAR,
	CALENDAR_MONTH,
	CALENDAR_DAY,
	CALENDAR_HOUR,
	CALENDAR_MINUTE,
	CALENDAR_SECOND, /* in microseconds */
	CALENDAR_FIELD_COUNT,
};

/* A value, a range or a repetition of one field. A field without parts is "*". */
struct calendar_part {
	uint32_t field; /* enum calendar_field; parts are sorted by field, then start, stop, step */
	int32_t start;
	int32_t stop; /* -1: none */
	int32_t step; /* 0: none */
};

struct calendar {
	uint32_t weekdays; /* bit 0: Monday; 0: every day */
	bool from_end;     /* "~": days count from the month's end */
	bool utc;
	int32_t dst; /* -1: either; 0, 1: only while the local zone has (no) summer time */
	char zone[CALENDAR_ZONE];   /* "": the local one */
	char zone_label[ZONE_NAME]; /* "CEST", with dst */
	uint32_t n;
	struct calendar_part parts[CALENDAR_PARTS];
};

/* What the parser must know of the machine. */
struct calendar_names {
	/* Is there such a time zone? NULL: any valid name counts. */
	bool (*zone_exists)(void *context, const char *name);
	void *context;
	/* Names of the local zone without and with summer time, or NULL. */
	const char *local[2];
};

/* 0, -EINVAL (no such expression), -ERANGE (a number is out of range), -E2BIG. names may be NULL.
 */
int calendar_parse(const char *text, const struct calendar_names *names, struct calendar *ret);
/* The normal form: "Mon..Fri *-*-* 06:30:00". */
void calendar_format(const struct calendar *c, char buf[CALENDAR_TEXT]);
/* Can calendar_next() be asked? For what has travelled. */
bool calendar_is_valid(const struct calendar *c);
/*
 * The first time after `after`; USEC_INFINITY: never again. zone: of c->zone, or the local one
 * (NULL: UTC); c->utc wins over it.
 */
usec_t calendar_next(const struct calendar *c, const struct zone *zone, usec_t after);
