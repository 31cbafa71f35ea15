// SPDX-License-Identifier: MIT
/* What supd-log says reaches its error stream whole, as one line, and never waits for a reader. */
#include "../test.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../../../supervisor/log/logtell.h"

static int ends[2], before;

static int setup(void **state)
{
	(void)state;
	before = dup(STDERR_FILENO);
	return pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0 || dup2(ends[1], STDERR_FILENO) < 0;
}

static int teardown(void **state)
{
	(void)state;
	dup2(before, STDERR_FILENO);
	close(before);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static void test_line(void **state)
{
	char text[128] = "";

	(void)state;
	logtell("web.service: no memory left");
	assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "supd-log: web.service: no memory left\n");
}

static void test_cut(void **state)
{
	char text[4096], got[4096] = "";
	ssize_t n;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	logtell(text);
	n = read(ends[0], got, sizeof(got) - 1);
	assert_in_range(n, 100, 512);
	assert_int_equal(got[n - 1], '\n');
	assert_int_equal(got[n - 2], 'x');
	assert_ptr_equal(strchr(got, '\n'), got + n - 1);
}

/* A full pipe is let be. */
static void test_full(void **state)
{
	char text[128] = "";

	(void)state;
	while (write(ends[1], text, sizeof(text)) > 0) {
	}
	logtell("not read");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
