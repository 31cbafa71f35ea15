// SPDX-License-Identifier: MIT
/* Pressure: which average counts, of the machine and of a slice. */
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/launch/condpressure.h"

#define SOME "some avg10=0.10 avg60=9.50 avg300=1.00 total=1\n"
#define FULL "full avg10=0.05 avg60=1.25 avg300=100.00 total=1\n"

static void test_average(void **state)
{
	uint64_t value = 7;

	(void)state;
	assert_int_equal(condpressure_average(SOME, "avg10", &value), 0);
	assert_int_equal(value, 10);
	assert_int_equal(condpressure_average(SOME FULL, "avg10", &value), 0);
	assert_int_equal(value, 5);
	assert_int_equal(condpressure_average(SOME FULL, "avg60", &value), 0);
	assert_int_equal(value, 125);
	assert_int_equal(condpressure_average(SOME FULL, "avg300", &value), 0);
	assert_int_equal(value, 10000);
	assert_int_equal(condpressure_average(SOME FULL, "avg30", &value), -EINVAL);
	assert_int_equal(condpressure_average("", "avg10", &value), -EINVAL);
	assert_int_equal(value, 10000);
}

static int holds(int root, const char *parameter)
{
	struct plan_condition c = { .type = CONDITION_MEMORY_PRESSURE, .parameter = parameter };

	return condpressure_holds(&c, root);
}

static void test_slices(void **state)
{
	char dir[] = "/tmp/supd-test-pressure-XXXXXX";
	AUTO_CLOSE int root = -1;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(root, "a.slice", 0755), 0);
	fd = openat(root, "a.slice/memory.pressure", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, SOME FULL, strlen(SOME FULL)), strlen(SOME FULL));
	close(fd);
	assert_int_equal(holds(root, "125 avg60 a.slice"), 1);
	assert_int_equal(holds(root, "124 avg60 a.slice"), 0);
	assert_int_equal(holds(root, "9999 avg300 a.slice"), 0);
	/* As in systemd: nothing runs in a slice that is not there. */
	assert_int_equal(holds(root, "0 avg300 b.slice"), 1);
	assert_int_equal(holds(root, "0 avg300 ."), 1);
	assert_int_equal(holds(-1, "0 avg300 a.slice"), -EBADF);
	assert_int_equal(holds(root, "10000 avg300"), 1);
	assert_int_equal(holds(root, "20%"), -EINVAL);
	assert_int_equal(holds(root, "a.slice:20%"), -EINVAL);
	assert_int_equal(holds(root, "x avg10"), -EINVAL);
	assert_int_equal(unlinkat(root, "a.slice/memory.pressure", 0), 0);
	assert_int_equal(unlinkat(root, "a.slice", AT_REMOVEDIR), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_average),
		cmocka_unit_test(test_slices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
