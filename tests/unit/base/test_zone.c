// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../../runtime/base/zonefile.h"

static void test_civil(void **state)
{
	(void)state;
	/* Every day of 1600 to 2400 in order: there and back. */
	for (int64_t day = civil_days(1600, 1, 1); day < civil_days(2400, 1, 1); day++) {
		struct civil c;

		civil_from_seconds(day * 86400 + 86399, &c);
		assert_true(civil_days(c.year, c.month, c.day) == day);
		assert_true(c.day >= 1 && c.day <= civil_month_days(c.year, c.month));
		assert_int_equal(c.hour * 3600 + c.minute * 60 + c.second, 86399);
	}
	assert_true(civil_days(1970, 1, 1) == 0);
	assert_int_equal(civil_weekday(0), 3);
	assert_int_equal(civil_weekday(-4), 6);
}

static void read_zone(const char *name, struct zone *z)
{
	int r = zonefile_read(name, z);

	if (r < 0) {
		fail_msg("%s: %s (is tzdata installed?)", name, strerror(-r));
	}
}

static void test_berlin(void **state)
{
	struct zone z;
	int64_t points[2];

	(void)state;
	read_zone("Europe/Berlin", &z);
	assert_int_equal(zone_at(&z, 1774745999)->offset, 3600); /* 2026-03-29 */
	assert_int_equal(zone_at(&z, 1774746000)->offset, 7200);
	assert_string_equal(zone_at(&z, 1774746000)->name, "CEST");
	/* By the rule at the end of the file: 2100-03-28 and 2100-10-31. */
	assert_int_equal(zone_at(&z, 4109878799)->offset, 3600);
	assert_int_equal(zone_at(&z, 4109878800)->offset, 7200);
	assert_int_equal(zone_at(&z, 4128627599)->offset, 7200);
	assert_int_equal(zone_at(&z, 4128627600)->offset, 3600);
	/* 02:30 on the day that has none; 03:00 is next. */
	assert_int_equal(zone_points(&z, 1774751400, points), 0);
	assert_true(zone_after_gap(&z, 1774751400) == 1774753200);
	/* 02:30 on the day that has two. */
	assert_int_equal(zone_points(&z, 1792895400, points), 2);
	assert_true(points[0] == 1792888200 && points[1] == 1792891800);
	zone_fini(&z);
}

static void test_others(void **state)
{
	struct zone z;
	int64_t points[2];

	(void)state;
	read_zone("Pacific/Apia", &z); /* 2011-12-30 did not take place */
	assert_int_equal(zone_points(&z, 1325203200 + 43200, points), 0);
	assert_true(zone_after_gap(&z, 1325203200 + 43200) == 1325289600);
	zone_fini(&z);
	read_zone("Australia/Lord_Howe", &z); /* half an hour, southern */
	assert_int_equal(zone_at(&z, 1767225600)->offset, 39600);
	assert_int_equal(zone_at(&z, 1782864000)->offset, 37800);
	zone_fini(&z);
	read_zone("Etc/UTC", &z);
	assert_int_equal(zone_at(&z, 0)->offset, 0);
	zone_fini(&z);
	assert_int_equal(zone_points(NULL, 5, points), 1);
	assert_true(points[0] == 5);
}

static void test_bad(void **state)
{
	static const char *const names[] = { "", "/etc/passwd", "../UTC", "a//b", "a/", "a b",
		"a.b" };
	static const char garbage[64] = "TZif2";
	char cut[4096];
	struct zone z;
	FILE *f = fopen("/usr/share/zoneinfo/Europe/Berlin", "re");
	size_t n;

	(void)state;
	assert_non_null(f);
	n = fread(cut, 1, sizeof(cut), f);
	fclose(f);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_false(zone_name_is_valid(names[i]));
		assert_int_equal(zonefile_read(names[i], &z), -EINVAL);
	}
	assert_int_equal(zonefile_read("No/Such", &z), -ENOENT);
	assert_int_equal(zonefile_read("Europe", &z), -EBADMSG);
	assert_int_equal(zone_parse(garbage, sizeof(garbage), &z), -EBADMSG);
	/* Every file that is cut short, and every one with a byte that lies: no crash, no leak. */
	for (size_t i = 0; i < n; i++) {
		char lie = cut[i];

		assert_int_equal(zone_parse(cut, i, &z), -EBADMSG);
		cut[i] = (char)0xff;
		if (zone_parse(cut, n, &z) == 0) {
			zone_at(&z, 1774746000);
			zone_fini(&z);
		}
		cut[i] = lie;
	}
	assert_int_equal(zone_parse(cut, n, &z), 0);
	zone_fini(&z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_civil),
		cmocka_unit_test(test_berlin),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
