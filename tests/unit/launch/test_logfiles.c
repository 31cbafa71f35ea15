// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/launch/logfiles.h"
#include "../../../runtime/plan/logfile.h"

static char top[] = "/tmp/supd-logfiles-XXXXXX";

static void check_link(int dir, const char *name, const char *text)
{
	char found[64];
	ssize_t n = readlinkat(dir, name, found, sizeof(found));

	assert_int_equal(n, (ssize_t)strlen(text));
	assert_memory_equal(found, text, (size_t)n);
}

static void check_file(int dir, const char *name, const void *data, size_t size)
{
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	char found[128];

	assert_true(fd >= 0);
	assert_int_equal(read(fd, found, sizeof(found)), (ssize_t)size);
	assert_memory_equal(found, data, size);
}

/* Made, and replaced by the next start's. */
static void test_write(void **state)
{
	static const uint8_t fields[] = "\3\0\0\0\0\0\0\0A=b\6\0\0\0\0\0\0\0C=\n\377 d";
	struct plan_log_file rows[] = {
		{ .kind = LOGFILE_LEVEL_MAX, .text = "4" },
		{ .kind = LOGFILE_RATE_INTERVAL, .text = "30000000" },
		{ .kind = LOGFILE_RATE_BURST, .text = "7" },
		{ .kind = LOGFILE_EXTRA_FIELDS, .data = { fields, sizeof(fields) - 1 } },
	};
	AUTO_CLOSE int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	for (int round = 0; round < 2; round++) {
		assert_int_equal(logfiles_write(dir, "a@b.service", rows, ELEMENTSOF(rows)), 0);
		check_link(dir, "log-level-max:a@b.service", round ? "0" : "4");
		check_link(dir, "log-rate-limit-interval:a@b.service", "30000000");
		check_link(dir, "log-rate-limit-burst:a@b.service", "7");
		check_file(dir, "log-extra-fields:a@b.service", fields, rows[3].data.n);
		rows[0].text = "0";
		rows[3].data.n = 11;
	}
	for (unsigned kind = 0; kind < LOGFILE_KIND_COUNT; kind++) {
		char name[64];

		assert_int_equal(logfile_name(kind, "a@b.service", name, sizeof(name)), 0);
		assert_int_equal(unlinkat(dir, name, 0), 0);
	}
	/* nothing else was left there */
	assert_int_equal(rmdir(top), 0);
	assert_int_equal(logfiles_write(dir, "a.service", rows, 1), -ENOENT);
}

static void test_names(void **state)
{
	struct plan plan = { .unit = "web@.service" };
	struct launch *l = calloc(1, sizeof(*l));
	char name[LOGFILES_UNIT_NAME], small[20];

	(void)state;
	assert_non_null(l);
	l->plan = plan;
	logfiles_unit_name(l, name);
	assert_string_equal(name, "web@.service");
	l->job.instance = 4096;
	logfiles_unit_name(l, name);
	assert_string_equal(name, "web@4096.service");
	free(l);
	assert_int_equal(
		logfile_name(LOGFILE_LEVEL_MAX, "a.service", small, sizeof(small)), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_names),
	};

	if (!mkdtemp(top)) {
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
