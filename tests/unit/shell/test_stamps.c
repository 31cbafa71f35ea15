// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
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

/*
 * No room for more: it says so, even where a part went in, remembers for as long as it runs, harms
 * no other record, and writes again once there is room.
 */
static void test_full(void **state)
{
	int fd = memfd_create("stamps", MFD_CLOEXEC);
	struct rlimit whole, small;
	struct stamps s, reader;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
	small = (struct rlimit) { 512 + 10, whole.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(stamps_init(&s, dup(fd)), 0);
	assert_int_equal(stamps_set(&s, "a.timer", 5), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(stamps_set(&s, "b.timer", 6), -ENOSPC); /* a part of it */
	assert_int_equal(stamps_set(&s, "c.timer", 7), -EFBIG);  /* nothing */
	assert_int_equal(stamps_set(&s, "a.timer", 8), 0);       /* has its place already */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
	assert_true(stamps_get(&s, "b.timer") == 6 && stamps_get(&s, "c.timer") == 7);

	assert_int_equal(stamps_init(&reader, dup(fd)), 0);
	assert_true(stamps_get(&reader, "a.timer") == 8 && stamps_get(&reader, "b.timer") == 0 &&
		    stamps_get(&reader, "c.timer") == 0);
	stamps_fini(&reader);

	assert_int_equal(stamps_set(&s, "c.timer", 9), 0);
	assert_int_equal(stamps_set(&s, "b.timer", 10), 0);
	stamps_fini(&s);
	assert_int_equal(stamps_init(&reader, fd), 0);
	assert_true(stamps_get(&reader, "a.timer") == 8 && stamps_get(&reader, "b.timer") == 10 &&
		    stamps_get(&reader, "c.timer") == 9);
	stamps_fini(&reader);
	signal(SIGXFSZ, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
