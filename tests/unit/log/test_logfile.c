// SPDX-License-Identifier: MIT
#include "../../../supervisor/log/logfile.h"

#include <errno.h>
#include <string.h>

#include "../test.h"

static const struct log_field fields[] = { { "JOB", "a\0b", 3 } };

static size_t encode(char *buf, size_t size)
{
	struct log_record r = {
		.realtime_us = 1,
		.monotonic_us = 2,
		.priority = 3,
		.flags = LOG_RECORD_CUT,
		.pid = 4,
		.uid = 5,
		.identifier = "id",
		.message = "m\0n",
		.message_size = 3,
		.fields = fields,
		.n_fields = 1,
	};
	size_t n = 0;

	assert_int_equal(logfile_encode(&r, 77, buf, size, &n), 0);
	return n;
}

static void test_round_trip(void **state)
{
	char buf[512];
	size_t n = encode(buf, sizeof(buf));
	struct log_field out[LOGFILE_FIELDS];
	struct log_record r;
	size_t size = 0;

	(void)state;
	assert_int_equal(n % 8, 0);
	assert_int_equal(logfile_check(buf, n, 77, &size), 1);
	assert_int_equal(size, n);
	assert_int_equal(logfile_decode(buf, n, out, &r), 0);
	assert_int_equal(r.realtime_us, 1);
	assert_int_equal(r.pid, 4);
	assert_string_equal(r.identifier, "id");
	assert_int_equal(r.message_size, 3);
	assert_memory_equal(r.message, "m\0n", 4);
	assert_int_equal(r.n_fields, 1);
	assert_string_equal(out[0].name, "JOB");
	assert_memory_equal(out[0].value, "a\0b", 4);
}

/* Torn at any byte, damaged at any bit, written with another salt: never accepted. */
static void test_damage(void **state)
{
	char buf[512];
	size_t n = encode(buf, sizeof(buf));
	size_t size = 0;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_int_not_equal(logfile_check(buf, i, 77, &size), 1);
	}
	for (size_t i = 0; i < n * 8; i++) {
		buf[i / 8] ^= (char)(1 << i % 8);
		assert_int_not_equal(logfile_check(buf, n, 77, &size), 1);
		buf[i / 8] ^= (char)(1 << i % 8);
	}
	assert_int_equal(logfile_check(buf, n, 78, &size), -EBADMSG);
	assert_int_equal(logfile_check(buf, n, 77, &size), 1);
}

static void test_names(void **state)
{
	char name[LOGFILE_NAME];

	(void)state;
	logfile_name(0x1f, name);
	assert_string_equal(name, "000000000000001f.log");
	assert_string_equal(logfile_directory("web.service"), "web.service");
	assert_string_equal(logfile_directory(".."), LOG_UNIT_NONE);
	assert_string_equal(logfile_directory("a/b.service"), LOG_UNIT_NONE);
	assert_string_equal(logfile_directory(NULL), LOG_UNIT_NONE);
	assert_string_equal(logfile_directory(LOG_UNIT_STRANGERS), LOG_UNIT_STRANGERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
