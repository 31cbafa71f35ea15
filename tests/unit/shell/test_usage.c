// SPDX-License-Identifier: MIT
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../supervisor/usage.h"

#define NONE CGROUP_NOT_SET

static void test_text(void **state)
{
	static const struct {
		struct usage usage;
		const char *text;
		int level;
	} rows[] = {
		{ { { NONE, NONE, NONE, NONE, NONE, NONE, NONE } }, "", LOG_DEBUG },
		{ { { 12345678, NONE, NONE, NONE, NONE, NONE, NONE } }, "Consumed 0.012s CPU time.",
			LOG_DEBUG },
		{ { { 1000000001, 5 << 20, 0, 4096, 0, 1, 0 } },
			"Consumed 1.000s CPU time, 5.0M memory peak, read 4.0K from disk, written "
			"0B to disk.",
			LOG_INFO },
		{ { { 3723456000000, NONE, NONE, NONE, 1536, NONE, 2 } },
			"Consumed 1h 2min 3.456s CPU time, written 1.5K to disk.", LOG_NOTICE },
		{ { { 0, NONE, NONE, (1 << 20) + 1, 0, 9, 0 } },
			"Consumed 0.000s CPU time, read 1.0M from disk, written 0B to disk.",
			LOG_INFO },
		{ { { NONE, NONE, NONE, UINT64_C(11) << 30, NONE, 9, NONE } },
			"Consumed read 11.0G from disk.", LOG_NOTICE },
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		usage_text(&rows[i].usage, text, sizeof(text));
		assert_string_equal(text, rows[i].text);
		assert_int_equal(usage_level(&rows[i].usage), rows[i].level);
	}
}

/* A size that cannot hold it is not written over. */
static void test_short(void **state)
{
	const struct usage usage = { { 1, 1, 1, 1, 1, 1, 1 } };
	char text[64];

	(void)state;
	for (size_t size = 1; size < 48; size++) {
		memset(text, 'x', sizeof(text));
		usage_text(&usage, text, size);
		assert_true(strlen(text) < size);
		assert_int_equal(text[size], 'x');
	}
}

static void put(const char *dir, const char *file, const char *content)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(content, f);
	assert_int_equal(fclose(f), 0);
}

static void test_read(void **state)
{
	static const char *const files[][2] = {
		{ "cpu.stat", "usage_usec 1500\nuser_usec 1000\n" },
		{ "memory.peak", "8192\n" },
		{ "io.stat", "259:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n"
			     "7:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n" },
	};
	static const uint64_t want[USAGE_COUNT] = { 1500000, 8192, NONE, 11, 22, 4, 6 };
	char top[] = "/tmp/supd-usage-XXXXXX", dir[64], path[256];
	struct cgroup_root root;
	struct usage usage;

	(void)state;
	assert_non_null(mkdtemp(top));
	snprintf(dir, sizeof(dir), "%s/u", top);
	assert_int_equal(mkdir(dir, 0700), 0);
	cgroup_root_init(&root, top);
	usage_read(&root, "u", &usage);
	for (size_t i = 0; i < USAGE_COUNT; i++) {
		assert_int_equal(usage.values[i], NONE);
	}
	for (size_t i = 0; i < ELEMENTSOF(files); i++) {
		put(dir, files[i][0], files[i][1]);
	}
	usage_read(&root, "u", &usage);
	for (size_t i = 0; i < ELEMENTSOF(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i][0]);
		unlink(path);
	}
	rmdir(dir);
	rmdir(top);
	assert_memory_equal(usage.values, want, sizeof(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
