// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../supervisor/ctl/when.h"

#define NOW_S 1767441600 /* 2026-01-03 12:00:00 UTC, a Saturday */
#define NOW   (NOW_S * USEC_PER_SEC)

static void test_format(void **state)
{
	char buf[WHEN_TEXT];

	(void)state;
	when_format(NOW, buf);
	assert_string_equal(buf, "Sat 2026-01-03 12:00:00 UTC");
	when_format(0, buf);
	assert_string_equal(buf, "n/a");
	when_format(USEC_INFINITY, buf);
	assert_string_equal(buf, "n/a");
}

static void test_relative(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "now" },
		{ 5, "5s ago" },
		{ 123, "2min 3s ago" },
		{ 600, "10min ago" },
		{ 3 * 3600 + 240, "3h 4min ago" },
		{ 7 * 3600, "7h ago" },
		{ 26 * 3600, "1 day 2h ago" },
		{ 3 * 86400, "3 days ago" },
		{ 15 * 86400, "2 weeks 1 days ago" },
	};
	char buf[WHEN_TEXT];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		when_relative(NOW - cases[i].seconds * USEC_PER_SEC, NOW, buf);
		assert_string_equal(buf, cases[i].text);
	}
	when_relative(NOW + 2 * USEC_PER_SEC, NOW, buf);
	assert_string_equal(buf, "2s left");
}

static void test_span(void **state)
{
	char buf[WHEN_TEXT];

	(void)state;
	when_span(90 * USEC_PER_SEC, buf);
	assert_string_equal(buf, "1min 30s");
	when_span(100 * USEC_PER_MSEC, buf);
	assert_string_equal(buf, "100ms");
	when_span(0, buf);
	assert_string_equal(buf, "0");
	when_span(USEC_INFINITY, buf);
	assert_string_equal(buf, "infinity");
	when_span(USEC_INFINITY - 1, buf);
	assert_true(strlen(buf) < WHEN_TEXT);
	when_bytes(1536, buf);
	assert_string_equal(buf, "1.5K");
	when_bytes(12, buf);
	assert_string_equal(buf, "12B");
}

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} cases[] = {
		{ "now", NOW_S },
		{ "today", NOW_S - 12 * 3600 },
		{ "yesterday", NOW_S - 36 * 3600 },
		{ "@1700000000", 1700000000 },
		{ "5 min ago", NOW_S - 300 },
		{ "-1h", NOW_S - 3600 },
		{ "1h 30min ago", NOW_S - 5400 },
		{ "-90", NOW_S - 90 },
		{ "2 days ago", NOW_S - 2 * 86400 },
		{ "2026-01-02 03:04:05", NOW_S - 86400 - 9 * 3600 + 245 },
		{ "2026-01-02 03:04", NOW_S - 86400 - 9 * 3600 + 240 },
		{ "2026-01-02", NOW_S - 86400 - 12 * 3600 },
		{ "11:00", NOW_S - 3600 },
	};
	static const char *const wrong[] = { "", "soon", "5 parsecs ago", "-", " ago", "@", "@-1",
		"2026-13-01", "2026-01-02 03:04:05x", "-99999999999999999999h", "1h" };
	usec_t point;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		point = 0;
		if (when_parse(cases[i].text, NOW, &point) < 0 ||
			point != cases[i].seconds * USEC_PER_SEC) {
			fail_msg("%s: %llu", cases[i].text, (unsigned long long)point);
		}
	}
	for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
		point = 7;
		if (when_parse(wrong[i], NOW, &point) != -EINVAL || point != 7) {
			fail_msg("accepted: %s", wrong[i]);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_relative),
		cmocka_unit_test(test_span),
		cmocka_unit_test(test_parse),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
