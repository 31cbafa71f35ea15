// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "../../../runtime/base/timeutil.h"
#include "../../../runtime/umount/limited.h"

#define SHORT_MS 100
#define LONG_MS  60000

static int succeed(const char *object)
{
	(void)object;
	return 0;
}

static int refuse(const char *object)
{
	(void)object;
	return -EBUSY;
}

static int die(const char *object)
{
	(void)object;
	raise(SIGKILL);
	return 0;
}

static int hang(const char *object)
{
	(void)object;
	while (pause() < 0) {
	}
	return 0;
}

static void test_results(void **state)
{
	(void)state;
	assert_int_equal(limited_call(succeed, "/a", LONG_MS), 0);
	assert_int_equal(limited_call(refuse, "/a", LONG_MS), -EBUSY);
	assert_int_equal(limited_call(die, "/a", LONG_MS), -EINTR);
}

/* It costs its time once; others go on. */
static void test_hang(void **state)
{
	(void)state;
	limited_start(-1, now_us());
	assert_int_equal(limited_call(hang, "/dead", SHORT_MS), -ETIMEDOUT);
	assert_int_equal(limited_call(hang, "/dead", LONG_MS), -ETIMEDOUT);
	assert_int_equal(limited_call(succeed, "/dead", LONG_MS), -ETIMEDOUT);
	assert_int_equal(limited_call(succeed, "/alive", LONG_MS), 0);
	assert_true(limited_hangs("/dead"));
	assert_false(limited_hangs("/alive"));
	assert_int_equal(limited_left(), 1);
	/* Over at last, and tried again. */
	assert_true(limited_wait(LONG_MS));
	assert_int_equal(limited_call(succeed, "/dead", LONG_MS), 0);
	assert_false(limited_wait(LONG_MS));
	assert_int_equal(limited_left(), 0);
}

/* One that is over lets the others be tried again, those that are not. */
static void test_one_of_two(void **state)
{
	(void)state;
	limited_start(-1, now_us());
	assert_int_equal(limited_call(hang, "/a", SHORT_MS), -ETIMEDOUT);
	assert_int_equal(limited_call(hang, "/b", SHORT_MS), -ETIMEDOUT);
	while (limited_left()) {
		assert_true(limited_wait(LONG_MS));
	}
	assert_int_equal(limited_call(succeed, "/a", LONG_MS), 0);
	assert_int_equal(limited_call(succeed, "/b", LONG_MS), 0);
}

/* Whoever started us hears that we are there, also while a call hangs. */
static void test_beat(void **state)
{
	int pair[2];
	char byte;

	(void)state;
	assert_int_equal(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
	limited_start(pair[1], now_us());
	assert_int_equal(limited_call(hang, "/dead", SHORT_MS), -ETIMEDOUT);
	assert_int_equal(read(pair[0], &byte, 1), 1);
	assert_true(limited_wait(LONG_MS));
	limited_start(-1, now_us());
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_hang),
		cmocka_unit_test(test_one_of_two),
		cmocka_unit_test(test_beat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
