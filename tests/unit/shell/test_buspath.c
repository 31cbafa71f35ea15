// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <string.h>

#include "../../../supervisor/bus/path.h"

static void test_escape(void **state)
{
	static const struct {
		const char *name;
		const char *path;
	} rows[] = {
		{ "web.service", BUS_UNIT_PREFIX "web_2eservice" },
		{ "-.slice", BUS_UNIT_PREFIX "_2d_2eslice" },
		{ "7up@a:b.service", BUS_UNIT_PREFIX "_37up_40a_3ab_2eservice" },
		{ "a_b\\x2d.mount", BUS_UNIT_PREFIX "a_5fb_5cx2d_2emount" },
	};
	char path[BUS_PATH_MAX], name[LIMIT_UNIT_NAME];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bus_unit_path(rows[i].name, path);
		assert_string_equal(path, rows[i].path);
		assert_int_equal(bus_unit_name(path, name), 0);
		assert_string_equal(name, rows[i].name);
	}
}

static void test_longest_name(void **state)
{
	char long_name[LIMIT_UNIT_NAME], path[BUS_PATH_MAX], name[LIMIT_UNIT_NAME];

	(void)state;
	memset(long_name, '-', sizeof(long_name));
	strcpy(long_name + LIMIT_UNIT_NAME - 9, ".service");
	bus_unit_path(long_name, path);
	assert_int_equal(bus_unit_name(path, name), 0);
	assert_string_equal(name, long_name);
}

static void test_refuses(void **state)
{
	static const char *const bad[] = { "", "/", BUS_UNIT_PREFIX, BUS_UNIT_PREFIX "web",
		BUS_UNIT_PREFIX "web_2", BUS_UNIT_PREFIX "web_zz",
		BUS_UNIT_PREFIX "web_00_2eservice", BUS_UNIT_PREFIX "a_2fb_2eservice",
		"/org/freedesktop/systemd1/job/1" };
	char name[LIMIT_UNIT_NAME];
	uint32_t id;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(bus_unit_name(bad[i], name), -EINVAL);
	}
	assert_int_equal(bus_job_id(BUS_JOB_PREFIX "12", &id), 0);
	assert_int_equal(id, 12);
	assert_int_equal(bus_job_id(BUS_JOB_PREFIX "x", &id), -EINVAL);
	assert_int_equal(bus_job_id(BUS_JOB_PREFIX "4294967296", &id), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
