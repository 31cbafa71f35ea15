// SPDX-License-Identifier: MIT
/* calendar, timespan and timestamp: what a time in a unit file means. No daemon is asked. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"
#include "../../runtime/base/scaled.h"
#include "../../runtime/base/zonefile.h"
#include "../../runtime/plan/calendar.h"
#include "exitcode.h"
#include "verbs.h"
#include "when.h"

#define ITERATIONS_MAX 1000u

struct asking {
	struct ctl *c;
	struct json j; /* with --json: an array of objects, one for each operand */
	usec_t base, now;
	uint32_t iterations;
	struct zone local, own; /* the machine's; the expression's */
	bool has_local, has_own;
};

static void asking_fini(struct asking *a)
{
	zone_fini(&a->local);
	zone_fini(&a->own);
}

/* TZ= as users of libc's programs expect it; else the machine's zone. */
static void read_local(struct asking *a)
{
	const char *tz = getenv("TZ");

	tz = tz && *tz == ':' ? tz + 1 : tz;
	a->has_local = zonefile_read(tz && *tz ? tz : NULL, &a->local) == 0;
}

static bool exists(void *context, const char *name)
{
	(void)context;
	return zonefile_exists(name);
}

static void point_text(const struct zone *zone, usec_t point, char buf[WHEN_TEXT])
{
	static const char days[7][4] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	int64_t seconds = (int64_t)(point / USEC_PER_SEC);
	const struct zone_kind *kind = zone_at(zone, seconds);
	unsigned us = (unsigned)(point % USEC_PER_SEC);
	struct civil d;
	int n;

	civil_from_seconds(seconds + kind->offset, &d);
	n = snprintf(buf, WHEN_TEXT, "%s %04d-%02d-%02d %02d:%02d:%02d",
		days[civil_weekday(civil_days(d.year, d.month, d.day))], d.year, d.month, d.day,
		d.hour, d.minute, d.second);
	if (us) {
		n += snprintf(buf + n, WHEN_TEXT - (size_t)n, ".%06u", us);
	}
	snprintf(buf + n, WHEN_TEXT - (size_t)n, " %s", kind->name);
}

static void json_point(struct asking *a, usec_t point)
{
	char text[WHEN_TEXT];

	json_u64(&a->j, "realtime_us", point);
	point_text(a->has_local ? &a->local : NULL, point, text);
	json_string(&a->j, "local", text);
	point_text(NULL, point, text);
	json_string(&a->j, "utc", text);
	when_relative(point, a->now, text);
	json_string(&a->j, "from_now", text);
}

static void print_point(struct asking *a, const char *title, usec_t point)
{
	const struct zone *local = a->has_local ? &a->local : NULL;
	char text[WHEN_TEXT], utc[WHEN_TEXT];

	point_text(local, point, text);
	fprintf(a->c->out, "%15s: %s\n", title, text);
	point_text(NULL, point, utc);
	if (strcmp(text, utc) != 0) {
		fprintf(a->c->out, "%15s: %s\n", "(in UTC)", utc);
	}
	when_relative(point, a->now, text);
	fprintf(a->c->out, "%15s: %s\n", "From now", text);
}

static void json_iterations(struct asking *a, const struct calendar *spec)
{
	const struct zone *zone = a->has_own ? &a->own : a->has_local ? &a->local : NULL;
	usec_t at = a->base;

	json_array(&a->j, "elapses");
	for (uint32_t i = 0; i < a->iterations; i++) {
		at = calendar_next(spec, zone, at);
		if (at == USEC_INFINITY) {
			break;
		}
		json_object(&a->j, NULL);
		json_point(a, at);
		json_end(&a->j);
	}
	json_end(&a->j);
}

static void print_iterations(struct asking *a, const struct calendar *spec)
{
	const struct zone *zone = a->has_own ? &a->own : a->has_local ? &a->local : NULL;
	usec_t at = a->base;

	for (uint32_t i = 1; i <= a->iterations; i++) {
		char title[24] = "Next elapse";

		at = calendar_next(spec, zone, at);
		if (at == USEC_INFINITY) {
			if (i == 1) {
				fprintf(a->c->out, "%15s: never\n", title);
			}
			return;
		}
		if (i > 1) {
			snprintf(title, sizeof(title), "Iteration #%" PRIu32, i);
		}
		print_point(a, title, at);
	}
}

static int show_calendar(struct asking *a, const char *text)
{
	struct calendar_names names = { .zone_exists = exists };
	char normal[CALENDAR_TEXT];
	struct calendar spec;
	int r;

	for (size_t i = 0; a->has_local && i < a->local.n_kinds; i++) {
		names.local[a->local.kinds[i].dst] = a->local.kinds[i].name;
	}
	r = calendar_parse(text, &names, &spec);
	if (r < 0) {
		ctl_error(a->c,
			"%s: no calendar expression%s; there are such as \"hourly\", "
			"\"Mon..Fri *-*-* 06:30\", \"*-*~01 UTC\"",
			text, r == -ERANGE ? ": a number is out of its range" : "");
		return EXIT_FAILED;
	}
	zone_fini(&a->own);
	a->has_own = spec.zone[0] && zonefile_read(spec.zone, &a->own) == 0;
	if (spec.zone[0] && !a->has_own) {
		ctl_error(a->c, "%s: the time zone %s cannot be read", text, spec.zone);
		return EXIT_FAILED;
	}
	calendar_format(&spec, normal);
	if (a->c->o.json) {
		json_object(&a->j, NULL);
		json_string(&a->j, "original", text);
		json_string(&a->j, "normalized", normal);
		json_iterations(a, &spec);
		json_end(&a->j);
		return EXIT_OK;
	}
	fprintf(a->c->out, "%15s: %s\n%15s: %s\n", "Original form", text, "Normalized form",
		normal);
	print_iterations(a, &spec);
	return EXIT_OK;
}

static void begin(struct asking *a)
{
	json_init(&a->j, a->c->out);
	if (a->c->o.json) {
		json_array(&a->j, NULL);
	}
}

static int prepare(struct asking *a, struct ctl *c)
{
	*a = (struct asking) { .c = c, .iterations = 1, .now = clock_us(CLOCK_REALTIME) };
	a->base = a->now;
	if (c->o.iterations && (number_parse_u32(c->o.iterations, &a->iterations) < 0 ||
				       a->iterations > ITERATIONS_MAX)) {
		ctl_error(c, "--iterations: %s: not a number up to %u", c->o.iterations,
			ITERATIONS_MAX);
		return EXIT_FAILED;
	}
	if (c->o.base_time && when_parse(c->o.base_time, a->now, &a->base) < 0) {
		ctl_error(c,
			"--base-time: %s: no point in time such as \"2026-01-02 03:04\" or "
			"@SECONDS",
			c->o.base_time);
		return EXIT_FAILED;
	}
	read_local(a);
	begin(a);
	return EXIT_OK;
}

/* Of a walk over operands that went well enough to begin(). */
static void finish(struct asking *a)
{
	if (a->c->o.json) {
		json_end(&a->j);
	}
}

int verb_calendar(struct ctl *c, int n, char *const *args)
{
	AUTO(asking_fini) struct asking a;
	int code = prepare(&a, c);

	if (code != EXIT_OK) {
		return code;
	}
	for (int i = 1; i < n; i++) {
		if (show_calendar(&a, args[i]) != EXIT_OK) {
			code = EXIT_FAILED;
		}
		if (i + 1 < n && !c->o.json) {
			fputc('\n', c->out);
			fflush(c->out);
		}
	}
	finish(&a);
	return code;
}

static void show_span(struct asking *a, const char *text, uint64_t span, bool first)
{
	char human[WHEN_TEXT];

	when_span(span, human);
	if (!a->c->o.json) {
		fprintf(a->c->out, "%s%8s: %s\n%8s: %" PRIu64 "\n%8s: %s\n", first ? "" : "\n",
			"Original", text, "us", span, "Human", human);
		return;
	}
	json_object(&a->j, NULL);
	json_string(&a->j, "original", text);
	json_u64(&a->j, "us", span);
	json_string(&a->j, "human", human);
	json_end(&a->j);
}

int verb_timespan(struct ctl *c, int n, char *const *args)
{
	struct asking a = { .c = c };
	int code = EXIT_OK;

	begin(&a);
	for (int i = 1; i < n; i++) {
		uint64_t span;

		if (timespan_parse(args[i], USEC_PER_SEC, &span) < 0) {
			ctl_error(c, "%s: no time span such as \"5min 20s\"", args[i]);
			code = EXIT_FAILED;
			continue;
		}
		show_span(&a, args[i], span, i == 1);
	}
	finish(&a);
	return code;
}

static void show_timestamp(struct asking *a, const char *text, usec_t point, bool first)
{
	if (a->c->o.json) {
		json_object(&a->j, NULL);
		json_string(&a->j, "original", text);
		json_point(a, point);
		json_end(&a->j);
		return;
	}
	fprintf(a->c->out, "%s%15s: %s\n", first ? "" : "\n", "Original form", text);
	print_point(a, "Normalized form", point);
	fprintf(a->c->out, "%15s: @%" PRIu64 "\n", "UNIX seconds", point / USEC_PER_SEC);
}

int verb_timestamp(struct ctl *c, int n, char *const *args)
{
	AUTO(asking_fini) struct asking a;
	int code = prepare(&a, c);

	if (code != EXIT_OK) {
		return code;
	}
	for (int i = 1; code == EXIT_OK && i < n; i++) {
		usec_t point;

		if (when_parse(args[i], a.now, &point) < 0) {
			ctl_error(c,
				"%s: no point in time such as \"2026-01-02 03:04\", "
				"\"yesterday\" or @SECONDS",
				args[i]);
			code = EXIT_FAILED;
		} else {
			show_timestamp(&a, args[i], point, i == 1);
		}
	}
	finish(&a);
	return code;
}
