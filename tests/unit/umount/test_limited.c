// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

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
	assert_int_equal(limited_call(hang, "/dead", SHORT_MS), -ETIMEDOUT);
	assert_int_equal(limited_call(hang, "/dead", LONG_MS), -ETIMEDOUT);
	assert_int_equal(limited_call(succeed, "/dead", LONG_MS), -ETIMEDOUT);
	assert_int_equal(limited_call(succeed, "/alive", LONG_MS), 0);
	/* Over at last, and tried again. */
	assert_true(limited_wait());
	assert_int_equal(limited_call(succeed, "/dead", LONG_MS), 0);
	assert_false(limited_wait());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_hang),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
