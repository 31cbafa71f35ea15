// SPDX-License-Identifier: MIT
#include "../test.h"

#include <string.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../units/knownnames.h"
#include "../../../units/parsers.h"
#include "../../../units/settings.h"
#include "../../../units/unit.h"

/* bsearch needs it. */
static void test_sorted(void **state)
{
	/* Where a unit has what the row's target is a part of. */
	static const unsigned sections[] = {
		[TARGET_UNIT] = ~0u,
		[TARGET_SERVICE] = SECTION_SERVICE | SECTION_SOCKET | SECTION_MOUNT | SECTION_SWAP,
		[TARGET_EXEC] = SECTION_SERVICE | SECTION_SOCKET,
		[TARGET_TIMER] = SECTION_TIMER,
		[TARGET_MOUNT] = SECTION_MOUNT | SECTION_SWAP,
		[TARGET_SOCKET] = SECTION_SOCKET,
		[TARGET_WATCH] = SECTION_PATH | SECTION_AUTOMOUNT,
	};
	size_t n;
	const struct setting *rows = settings_table(&n);
	size_t n_known;
	const struct known_name *known = known_names(&n_known);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		/* A name that means different things by section has several rows. */
		int order = i == 0 ? -1 : strcmp(rows[i - 1].name, rows[i].name);

		assert_true(
			order < 0 || (order == 0 && !(rows[i - 1].sections & rows[i].sections)));
		assert_non_null(rows[i].parse);
		assert_true(strlen(rows[i].help) > 0);
		assert_int_equal(rows[i].sections & ~sections[rows[i].target], 0);
	}
	for (size_t i = 1; i < n_known; i++) {
		assert_true(strcmp(known[i - 1].name, known[i].name) < 0);
	}
}

static void test_nearest(void **state)
{
	(void)state;
	assert_string_equal(settings_nearest(SECTION_SERVICE, "ExecStar"), "ExecStart");
	assert_string_equal(settings_nearest(SECTION_SERVICE, "privatetmp"), "PrivateTmp");
	assert_string_equal(settings_nearest(SECTION_UNIT, "Requries"), "Requires");
	assert_null(settings_nearest(SECTION_UNIT, "Zzzzzzzzz"));
}

/* What has no effect says so when it is asked for something; Strict=yes refuses the unit. */
static void test_without_effect(void **state)
{
	static const char *const quiet[] = { "BlockIOAccounting", "CPUAccounting", "IOAccounting",
		"MemoryAccounting", "SysVStartPriority", "TasksAccounting" };
	size_t n, found = 0;
	const struct setting *rows = settings_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct reader_line line = { .line = 3 };
		struct unit unit = { .name = "a.service" };
		struct diagnostics d;
		struct arena arena;
		struct setting_context c = { .unit = &unit,
			.arena = &arena,
			.d = &d,
			.file = "/a.service",
			.line = &line,
			.row = &rows[i],
			.value = "yes" };
		bool says = true;

		if (rows[i].parse != parse_ignored) {
			continue;
		}
		found++;
		for (size_t q = 0; q < ELEMENTSOF(quiet); q++) {
			says &= strcmp(quiet[q], rows[i].name) != 0;
		}
		for (int strict = 0; strict < 2; strict++) {
			arena_init(&arena);
			diag_init(&d, &arena);
			unit.container.strict = strict;
			assert_int_equal(rows[i].parse(&c), 0);
			assert_int_equal(d.rows.n, says);
			assert_int_equal(d.n_errors, says && strict);
			assert_int_equal(unit.refused, says && strict);
			arena_fini(&arena);
		}
	}
	assert_true(found >= ELEMENTSOF(quiet));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_without_effect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
