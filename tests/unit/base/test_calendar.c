// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <string.h>

#include "../../../runtime/base/zonefile.h"
#include "../../../runtime/plan/calendar.h"

#define S USEC_PER_SEC

static usec_t next_of(const char *text, const struct zone *zone, usec_t after)
{
	struct calendar c;

	assert_int_equal(calendar_parse(text, NULL, &c), 0);
	return calendar_next(&c, zone, after);
}

static void test_normal(void **state)
{
	static const char *const rows[][2] = {
		{ "hourly", "*-*-* *:00:00" },
		{ "Sat,Thu,Mon..Wed,Sat..Sun", "Mon..Thu,Sat,Sun *-*-* 00:00:00" },
		{ "*-*~07/1", "*-*~07/1 00:00:00" },
		{ "*:*:59.9999995", NULL },
		{ "12:00:03.1234567 UTC", "*-*-* 12:00:03.123457 UTC" },
		{ "70-1-1,1", "1970-01-01 00:00:00" },
		{ "@1771199999", "2026-02-15 23:59:59 UTC" },
		{ "*-*-* 02:30 America/New_York", "*-*-* 02:30:00 America/New_York" },
		{ "*:0..10/11", "*-*-* *:00:00" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[CALENDAR_TEXT];
		struct calendar c, again;
		int r = calendar_parse(rows[i][0], NULL, &c);

		assert_int_equal(r, rows[i][1] ? 0 : -ERANGE);
		if (r < 0) {
			continue;
		}
		calendar_format(&c, text);
		assert_string_equal(text, rows[i][1]);
		assert_int_equal(calendar_parse(text, NULL, &again), 0);
		assert_memory_equal(c.parts, again.parts, c.n * sizeof(c.parts[0]));
	}
}

static void test_refused(void **state)
{
	static const char *const bad[] = { "", " ", "never", "12", "Mon..", "Fri..Mon", "25:00",
		"*:60", "*:*:60", "*-13-1", "*-*~29", "*-*-0", "1..2..3:0", "*:0/0", "*:10..5",
		"*:5.", "2200-1-1", "1969-1-1", "@", "@1.5", "Monday@5", "12:00 UTC UTC", "*-*-*-*",
		"99999999999:0" };
	struct calendar c = { .n = 77 };
	char many[2048] = "0";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (calendar_parse(bad[i], NULL, &c) >= 0) {
			fail_msg("accepted: \"%s\"", bad[i]);
		}
	}
	for (unsigned i = 0; i < CALENDAR_PARTS; i++) {
		strcat(many, ",1");
	}
	strcat(many, ":0");
	assert_int_equal(calendar_parse(many, NULL, &c), -E2BIG);
	assert_int_equal(c.n, 77);
}

/* Clocks that are put forward and back. Where systemd 252 goes wrong, this is what is right. */
static void test_zones(void **state)
{
	struct zone z;

	(void)state;
	assert_int_equal(zonefile_read("Europe/Berlin", &z), 0);
	/* 02:30 is skipped on 2026-03-29, *:30 goes on with 03:30. */
	assert_true(next_of("02:30", &z, 1774661400 * S) == 1774830600 * S);
	assert_true(next_of("*:30", &z, 1774744200 * S) == 1774747800 * S);
	/* Of two 02:30 the first counts; asked between them, the second. */
	assert_true(next_of("02:30", &z, 1792880000 * S) == 1792888200 * S);
	assert_true(next_of("02:30", &z, 1792888200 * S) == 1792978200 * S);
	assert_true(next_of("02:30", &z, 1792890000 * S) == 1792891800 * S);
	assert_true(next_of("*:0/30", &z, 1792888200 * S) > 1792888200 * S);
	zone_fini(&z);
	assert_int_equal(zonefile_read("Africa/Casablanca", &z), 0);
	/* 02:00 to 03:00 is not there on 2026-03-22; the rest of the day is. */
	assert_true(next_of("Sun 02,06:00", &z, 1774137600 * S) == 1774155600 * S);
	zone_fini(&z);
	assert_int_equal(zonefile_read("Pacific/Apia", &z), 0);
	assert_true(next_of("*-*-30 12:00", &z, 1325152800 * S) == 1327874400 * S);
	zone_fini(&z);
}

static void test_edges(void **state)
{
	struct calendar c;

	(void)state;
	assert_true(next_of("*-*-* *:*:*", NULL, 0) == S);
	assert_true(next_of("*-*-* *:*:0/0.5", NULL, S) == S + 500000);
	assert_true(next_of("*-02-29", NULL, 1771200000 * S) == 1835395200 * S);
	assert_true(next_of("*-02-30", NULL, 0) == USEC_INFINITY);
	assert_true(next_of("2025-01-01", NULL, 1771200000 * S) == USEC_INFINITY);
	assert_true(next_of("daily", NULL, USEC_INFINITY - 1) == USEC_INFINITY);
	assert_true(next_of("*-*~01", NULL, 1771200000 * S) == 1772236800 * S);
	/* A forged expression is told apart. */
	assert_int_equal(calendar_parse("daily", NULL, &c), 0);
	assert_true(calendar_is_valid(&c));
	c.n--;
	assert_false(calendar_is_valid(&c));
	c.n++;
	c.parts[0].step = -1;
	assert_false(calendar_is_valid(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normal),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
