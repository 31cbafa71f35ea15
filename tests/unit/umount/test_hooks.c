// SPDX-License-Identifier: MIT
#include "../test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/base/fd.h"
#include "../../../runtime/base/timeutil.h"
#include "../../../runtime/umount/hooks.h"
#include "../../../runtime/umount/limited.h"

static char dir[] = "/tmp/hooks.XXXXXX";

static const struct {
	const char *name;
	mode_t mode;
	uid_t owner;
	bool runs;
} rows[] = {
	{ "first", 0755, 0, true },
	{ "fails", 0700, 0, true },
	{ "no-program", 0644, 0, false },
	{ "anybody's", 0777, 0, false },
	{ "group's", 0775, 0, false },
	{ "another's", 0755, 65534, false },
	{ ".hidden", 0755, 0, false },
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static void path_of(const char *name, const char *tail, char ret[128])
{
	snprintf(ret, 128, "%s/%s%s", dir, name, tail);
}

/* Each writes its argument into a file beside itself, that is no program. */
static void test_run(void **state)
{
	char path[128], text[128];
	unsigned expected = 0;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root has programs of root's\n");
		skip();
	}
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < N_ROWS; i++) {
		path_of(rows[i].name, "", path);
		FILE *f = fopen(path, "we");

		assert_non_null(f);
		fprintf(f, "#!/bin/sh\necho \"$1\" >\"$0.out\"\nexit %d\n",
			strcmp(rows[i].name, "fails") == 0);
		assert_int_equal(fclose(f), 0);
		assert_int_equal(chown(path, rows[i].owner, rows[i].owner), 0);
		assert_int_equal(chmod(path, rows[i].mode), 0);
		expected += rows[i].runs;
	}
	limited_start(-1, now_us());
	assert_int_equal(hooks_run(dir, "poweroff"), expected);
	for (size_t i = 0; i < N_ROWS; i++) {
		path_of(rows[i].name, ".out", path);
		ssize_t n = fd_read_text(path, text, sizeof(text));

		assert_int_equal(n > 0, rows[i].runs);
		if (rows[i].runs) {
			assert_string_equal(text, "poweroff\n");
			assert_int_equal(unlink(path), 0);
		}
		path_of(rows[i].name, "", path);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(hooks_run("/nowhere", "poweroff"), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_run) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
