// SPDX-License-Identifier: MIT
#include "../test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../../supervisor/stamps.h"

static void test_kept(void **state)
{
	int fd = memfd_create("stamps", MFD_CLOEXEC);
	struct stamps s;

	(void)state;
	assert_int_equal(stamps_init(&s, dup(fd)), 0);
	assert_true(stamps_get(&s, "a.timer") == 0);
	assert_int_equal(stamps_set(&s, "a.timer", 5), 0);
	assert_int_equal(stamps_set(&s, "b.timer", 6), 0);
	assert_int_equal(stamps_set(&s, "a.timer", 7), 0);
	stamps_fini(&s);
	assert_true(lseek(fd, 0, SEEK_END) == 1024);
	assert_int_equal(stamps_init(&s, fd), 0);
	assert_true(stamps_get(&s, "a.timer") == 7 && stamps_get(&s, "b.timer") == 6);
	stamps_fini(&s);
}

/* A record that is half written, or nonsense, counts as none and its place is used again. */
static void test_broken(void **state)
{
	int fd = memfd_create("stamps", MFD_CLOEXEC);
	struct stamps s;
	char zero[100] = "";

	(void)state;
	assert_int_equal(stamps_init(&s, dup(fd)), 0);
	assert_int_equal(stamps_set(&s, "a.timer", 5), 0);
	assert_int_equal(stamps_set(&s, "b.timer", 6), 0);
	stamps_fini(&s);
	assert_int_equal(pwrite(fd, zero, sizeof(zero), 8), sizeof(zero));
	assert_int_equal(ftruncate(fd, 1024 + 77), 0);
	assert_int_equal(stamps_init(&s, dup(fd)), 0);
	assert_true(stamps_get(&s, "a.timer") == 0 && stamps_get(&s, "b.timer") == 6);
	assert_int_equal(stamps_set(&s, "a.timer", 9), 0);
	stamps_fini(&s);
	assert_int_equal(stamps_init(&s, fd), 0);
	assert_true(stamps_get(&s, "a.timer") == 9 && stamps_get(&s, "b.timer") == 6);
	stamps_fini(&s);
}

static void test_bounded(void **state)
{
	int fd = memfd_create("stamps", MFD_CLOEXEC);
	char name[32];
	struct stamps s;

	(void)state;
	assert_int_equal(stamps_init(&s, fd), 0);
	for (unsigned i = 1; i <= LIMIT_STAMPS + 2; i++) {
		snprintf(name, sizeof(name), "t%u.timer", i);
		assert_int_equal(stamps_set(&s, name, i), 0);
	}
	assert_int_equal(s.n, LIMIT_STAMPS);
	assert_true(stamps_get(&s, "t1.timer") == 0 && stamps_get(&s, "t2.timer") == 0);
	assert_true(stamps_get(&s, "t3.timer") == 3 && stamps_get(&s, name) == LIMIT_STAMPS + 2);
	stamps_fini(&s);
	/* Without a file it is kept in memory. */
	assert_int_equal(stamps_init(&s, -1), 0);
	assert_int_equal(stamps_set(&s, "a.timer", 3), 0);
	assert_true(stamps_get(&s, "a.timer") == 3);
	stamps_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
