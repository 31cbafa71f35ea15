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

static int gate[2], through[2];

static int make_gate(void **state)
{
	(void)state;
	return pipe2(gate, O_CLOEXEC) < 0 || pipe2(through, O_CLOEXEC | O_NONBLOCK) < 0 ? -1 : 0;
}

static void open_gate(void)
{
	close(gate[1]);
	gate[1] = -1;
}

static int drop_gate(void **state)
{
	(void)state;
	if (gate[1] >= 0) {
		open_gate();
	}
	close(gate[0]);
	close(through[0]);
	close(through[1]);
	return 0;
}

/* Until the gate is opened; who got through says so. */
static int hang(const char *object)
{
	char byte;

	(void)object;
	close(gate[1]);
	return read(gate[0], &byte, 1) == 0 && write(through[1], "", 1) == 1 ? 0 : -EIO;
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
	char byte;

	(void)state;
	limited_start(-1, now_us());
	assert_int_equal(limited_call(hang, "/dead", SHORT_MS), -ETIMEDOUT);
	assert_int_equal(limited_call(hang, "/dead", LONG_MS), -ETIMEDOUT);
	assert_int_equal(limited_call(succeed, "/dead", LONG_MS), -ETIMEDOUT);
	assert_int_equal(limited_call(succeed, "/alive", LONG_MS), 0);
	assert_true(limited_hangs("/dead"));
	assert_false(limited_hangs("/alive"));
	assert_int_equal(limited_left(), 1);
	/* Over at last, of itself, and tried again. */
	open_gate();
	assert_true(limited_wait(LONG_MS));
	assert_int_equal(read(through[0], &byte, 1), 1);
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
	open_gate();
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
	open_gate();
	assert_true(limited_wait(LONG_MS));
	limited_start(-1, now_us());
	close(pair[0]);
	close(pair[1]);
}

/* Where nothing moves any more it is ended, by a signal. */
static void test_given_up(void **state)
{
	char byte;

	(void)state;
	limited_start(-1, now_us());
	assert_int_equal(limited_call(hang, "/dead", SHORT_MS), -ETIMEDOUT);
	assert_false(limited_wait(0));
	assert_int_equal(limited_left(), 1);
	assert_true(limited_wait(LONG_MS));
	assert_int_equal(limited_left(), 0);
	assert_true(read(through[0], &byte, 1) < 0);
}

/* A program is killed when its time is over, and nothing is left of it. */
static void test_program(void **state)
{
	(void)state;
	limited_start(-1, now_us());
	assert_int_equal(limited_program(succeed, "/program", LONG_MS), 0);
	assert_int_equal(limited_program(refuse, "/program", LONG_MS), -EBUSY);
	assert_int_equal(limited_program(hang, "/program", SHORT_MS), -ETIMEDOUT);
	assert_int_equal(limited_left(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),
		cmocka_unit_test_setup_teardown(test_hang, make_gate, drop_gate),
		cmocka_unit_test_setup_teardown(test_one_of_two, make_gate, drop_gate),
		cmocka_unit_test_setup_teardown(test_beat, make_gate, drop_gate),
		cmocka_unit_test_setup_teardown(test_given_up, make_gate, drop_gate),
		cmocka_unit_test_setup_teardown(test_program, make_gate, drop_gate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
