// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../../units/idtable.h"

static int new_file(void)
{
	char path[] = "/tmp/idtable.XXXXXX";
	int fd = mkostemp(path, O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static uint32_t get(struct idtable *t, const char *name)
{
	uint32_t range = 0;

	assert_int_equal(idtable_get(t, name, &range), 0);
	return range;
}

static void test_ranges_are_kept(void **state)
{
	struct idtable t;
	int fd = new_file();
	uint32_t a, b;

	(void)state;
	assert_int_equal(idtable_open(&t, fd, 100), 0);
	a = get(&t, "a.service");
	b = get(&t, "b.service");
	assert_true(a != 0 && b != 0 && a != b);
	assert_int_equal(get(&t, "a.service"), a);
	idtable_close(&t);
	assert_int_equal(idtable_open(&t, fd, 100), 0);
	assert_int_equal(get(&t, "b.service"), b);
	assert_int_equal(get(&t, "a.service"), a);
	assert_true(get(&t, "c.service") > b);
	idtable_close(&t);
	close(fd);
}

static void test_many_and_full(void **state)
{
	struct idtable t;
	int fd = new_file();
	char name[64];
	uint32_t range;

	(void)state;
	assert_int_equal(idtable_open(&t, fd, 2000), 0);
	for (uint32_t i = 1; i < 2000; i++) {
		snprintf(name, sizeof(name), "unit-%u.service", i);
		assert_int_equal(get(&t, name), i);
	}
	assert_int_equal(idtable_get(&t, "more.service", &range), -EUSERS);
	assert_int_equal(get(&t, "unit-77.service"), 77);
	idtable_close(&t);
	close(fd);
}

/* A crash in the middle of a write must not shift what comes after it. */
static void test_torn_record(void **state)
{
	struct idtable t;
	int fd = new_file();
	uint32_t a, c;

	(void)state;
	assert_int_equal(idtable_open(&t, fd, 100), 0);
	a = get(&t, "a.service");
	idtable_close(&t);
	assert_int_equal(write(fd, "b.serv", 6), 6);
	assert_int_equal(idtable_open(&t, fd, 100), 0);
	c = get(&t, "c.service");
	assert_int_equal(c, a + 2);
	idtable_close(&t);
	assert_int_equal(idtable_open(&t, fd, 100), 0);
	assert_int_equal(get(&t, "c.service"), c);
	idtable_close(&t);
	close(fd);
}

static void test_not_a_table(void **state)
{
	struct idtable t;
	int fd = new_file();
	uint32_t range;

	(void)state;
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(idtable_open(&t, fd, 100), -EBADMSG);
	close(fd);
	assert_int_equal(idtable_open(&t, -1, 100), 0);
	assert_int_equal(idtable_get(&t, "a.service", &range), -ENOENT);
	idtable_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges_are_kept),
		cmocka_unit_test(test_many_and_full),
		cmocka_unit_test(test_torn_record),
		cmocka_unit_test(test_not_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
