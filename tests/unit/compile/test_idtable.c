// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../../units/idtable.h"

static int new_file(void)
{
	char path[] = "/tmp/idtable.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static uint32_t get(struct idtable *t, const char *name)
{
	uint32_t range = 0;

	assert_int_equal(idtable_get(t, name, false, &range), 0);
	return range;
}

static uint32_t get_passing(struct idtable *t, unsigned number)
{
	char name[64];
	uint32_t range = 0;

	snprintf(name, sizeof(name), "run-%u.service", number);
	assert_int_equal(idtable_get(t, name, true, &range), 0);
	return range;
}

/* Units of odd numbers are there. */
static bool is_odd(const void *context, const char *name)
{
	unsigned number = 0;

	(void)context;
	return sscanf(name, "run-%u.service", &number) == 1 && number % 2 == 1;
}

static bool is_gone(const void *context, const char *name)
{
	(void)context;
	(void)name;
	return false;
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
	assert_int_equal(idtable_get(&t, "more.service", false, &range), -EUSERS);
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
	assert_true(lseek(fd, 0, SEEK_END) > 0);
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
	assert_int_equal(idtable_get(&t, "a.service", false, &range), -ENOENT);
	idtable_close(&t);
}

/* One after the other: however many, they take no more ranges than IDTABLE_PASSING. */
static void test_passing(void **state)
{
	struct idtable t;
	int fd = new_file();
	uint32_t stays;

	(void)state;
	assert_int_equal(idtable_open(&t, fd, 16383), 0);
	t.lives = is_gone;
	stays = get(&t, "stays.service");
	for (unsigned i = 0; i < IDTABLE_PASSING + 300; i++) {
		uint32_t range = get_passing(&t, i);

		assert_int_equal(range, 2 + i % IDTABLE_PASSING);
		assert_int_not_equal(range, stays);
	}
	assert_int_equal(t.n, 2 + IDTABLE_PASSING);
	idtable_close(&t);
	/* So it stands in the file. */
	assert_int_equal(idtable_open(&t, fd, 16383), 0);
	t.lives = is_gone;
	assert_int_equal(t.n_passing, IDTABLE_PASSING);
	assert_int_equal(get(&t, "stays.service"), stays);
	assert_int_equal(get_passing(&t, IDTABLE_PASSING + 200), 2 + 200);
	assert_int_equal(get_passing(&t, 200000), 2 + 300);
	idtable_close(&t);
	close(fd);
}

/* What is there keeps its range, and there is room for more than usual as long as the pool has it.
 */
static void test_passing_alive(void **state)
{
	enum { POOL = IDTABLE_PASSING + 10 };
	struct idtable t;
	int fd = new_file();
	uint32_t range, first;

	(void)state;
	assert_int_equal(idtable_open(&t, fd, POOL), 0);
	first = get_passing(&t, 1);
	for (unsigned i = 1; i < POOL - 1; i++) {
		get_passing(&t, 2 * i + 1);
	}
	assert_int_equal(t.n, POOL);
	t.lives = is_odd;
	assert_int_equal(idtable_get(&t, "x.service", true, &range), -EUSERS);
	assert_int_equal(idtable_get(&t, "x.service", false, &range), -EUSERS);
	assert_int_equal(get_passing(&t, 1), first);
	/* A unit that stays may have one, too. */
	t.lives = is_gone;
	assert_int_equal(get(&t, "x.service"), 2);
	t.lives = is_odd;
	assert_int_equal(get(&t, "x.service"), 2);
	assert_int_equal(idtable_get(&t, "y.service", false, &range), -EUSERS);
	idtable_close(&t);
	close(fd);
}

/* A name that came to stay is never given away; one that is used again is the last to go. */
static void test_passing_stays(void **state)
{
	struct idtable t;
	int fd = new_file();
	uint32_t a, b;

	(void)state;
	assert_int_equal(idtable_open(&t, fd, 16383), 0);
	t.lives = is_gone;
	a = get_passing(&t, 0);
	b = get_passing(&t, 1);
	for (unsigned i = 2; i < IDTABLE_PASSING; i++) {
		get_passing(&t, i);
	}
	assert_int_equal(get(&t, "run-0.service"), a);
	assert_int_equal(get_passing(&t, 1), b);
	for (unsigned i = IDTABLE_PASSING; i < 2 * IDTABLE_PASSING; i++) {
		uint32_t range = get_passing(&t, i);

		assert_int_not_equal(range, a);
		assert_true(range != b || i == 2 * IDTABLE_PASSING - 1);
	}
	assert_int_equal(get(&t, "run-0.service"), a);
	idtable_close(&t);
	close(fd);
}

/* A name that leaves no room for the count has its range for ever. */
static void test_passing_long(void **state)
{
	struct idtable t;
	int fd = new_file();
	char name[LIMIT_UNIT_NAME];
	uint32_t range, again;

	(void)state;
	memset(name, 'x', sizeof(name));
	strcpy(name + sizeof(name) - 9, ".service");
	assert_int_equal(strlen(name), LIMIT_UNIT_NAME - 1);
	assert_int_equal(idtable_open(&t, fd, 16383), 0);
	assert_int_equal(idtable_get(&t, name, true, &range), 0);
	assert_int_equal(t.n_passing, 0);
	idtable_close(&t);
	assert_int_equal(idtable_open(&t, fd, 16383), 0);
	assert_int_equal(idtable_get(&t, name, true, &again), 0);
	assert_int_equal(again, range);
	idtable_close(&t);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges_are_kept),
		cmocka_unit_test(test_many_and_full),
		cmocka_unit_test(test_torn_record),
		cmocka_unit_test(test_not_a_table),
		cmocka_unit_test(test_passing),
		cmocka_unit_test(test_passing_alive),
		cmocka_unit_test(test_passing_stays),
		cmocka_unit_test(test_passing_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
