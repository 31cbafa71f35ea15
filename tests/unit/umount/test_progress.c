// SPDX-License-Identifier: MIT
#include "../test.h"

#include "../../../runtime/umount/progress.h"

#define SEC 1000000u

static const char meminfo[] = "MemTotal:         497000 kB\n"
			      "Dirty:             20480 kB\n"
			      "Writeback:          1024 kB\n"
			      "WritebackTmp:         16 kB\n"
			      "Committed_AS:       9999 kB\n";

/* Two partitions and their disk, a line of a kernel before 4.18, one that is cut off. */
static const char diskstats[] =
	" 259       0 nvme0n1 1000 1 1 1 2000 1 1 1 0 1 1 300 1 1 1 40 1\n"
	" 259       1 nvme0n1p1 10 999 999 999 20 999 999 999 5 999 999 3 999 999 999 4 999\n"
	"   8      16 sdb 7 1 1 1 9 1 1 1 0 1 1\n"
	" 253       0 dm-0 5 1 1 1 6";

static void test_counters(void **state)
{
	struct progress p;

	(void)state;
	progress_init(&p, 0);
	assert_int_equal(progress_left_kb(meminfo), 20480 + 1024 + 16);
	assert_int_equal(progress_left_kb("Dirty: 7 kB\n"), 0); /* never the first line */
	assert_int_equal(progress_left_kb(""), 0);
	/* Those that are not in use do not count: an array may be rebuilt for hours. */
	assert_int_equal(progress_done(&p, diskstats), 0);
	progress_add_disk(&p, 259, 1);
	progress_add_disk(&p, 259, 1);
	assert_int_equal(progress_done(&p, diskstats), 10 + 20 + 3 + 4);
	progress_add_disk(&p, 8, 16);
	progress_add_disk(&p, 253, 0);
	assert_int_equal(progress_done(&p, diskstats), 37 + 16 + 11);
	progress_add_disk(&p, 0, 25); /* of no disk */
	assert_int_equal(progress_done(&p, diskstats), 37 + 16 + 11);
	assert_int_equal(progress_done(&p, "garbage\n\n 8 16\n8 16 sdb x\n"), 0);
	for (unsigned i = 0; i < 2 * PROGRESS_DISKS_MAX; i++) {
		progress_add_disk(&p, 9, i);
	}
	assert_int_equal(p.n_disks, PROGRESS_DISKS_MAX);
}

static uint64_t still(struct progress *p, const struct progress_facts *facts, uint64_t now)
{
	progress_step(p, facts, now);
	return progress_still_us(p, now);
}

/* A slow disk finishes requests; its memory becomes less; a call computes. Any of it is enough. */
static void test_moves(void **state)
{
	struct progress_facts facts = { .left_kb = 1000, .done = 5 };
	struct progress p;

	(void)state;
	progress_init(&p, SEC);
	assert_int_equal(still(&p, &facts, 2 * SEC), 0);
	assert_int_equal(still(&p, &facts, 9 * SEC), 7 * SEC);
	facts.done++;
	assert_int_equal(still(&p, &facts, 100 * SEC), 0);
	assert_int_equal(p.left_kb, 1000);
	facts.left_kb = 999;
	assert_int_equal(still(&p, &facts, 200 * SEC), 0);
	assert_int_equal(still(&p, &facts, 230 * SEC), 30 * SEC);
	facts.cpu_us = 99999; /* waiting itself */
	assert_int_equal(still(&p, &facts, 240 * SEC), 40 * SEC);
	facts.cpu_us = 100000;
	assert_int_equal(still(&p, &facts, 250 * SEC), 0);
	/* a call is over, and the next begins to compute */
	facts.cpu_us = 0;
	assert_int_equal(still(&p, &facts, 260 * SEC), 10 * SEC);
	facts.cpu_us = 100000;
	assert_int_equal(still(&p, &facts, 270 * SEC), 0);
}

/* More to write is no progress, nor is what only comes back to what it was: that has an end. */
static void test_no_move(void **state)
{
	struct progress_facts facts = { .left_kb = 1000 };
	struct progress p;

	(void)state;
	progress_init(&p, 0);
	progress_step(&p, &facts, SEC);
	facts.left_kb = 5000;
	assert_int_equal(still(&p, &facts, 2 * SEC), SEC);
	assert_int_equal(p.left_kb, 5000);
	facts.left_kb = 1000;
	assert_int_equal(still(&p, &facts, 60 * SEC), 59 * SEC);
	assert_int_equal(progress_still_us(&p, 0), 0);
}

/* The kernel's own files, as they are here. */
static void test_look(void **state)
{
	struct progress p;

	(void)state;
	progress_init(&p, 0);
	progress_look(&p, 0, SEC);
	assert_int_equal(progress_still_us(&p, SEC), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_no_move),
		cmocka_unit_test(test_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
