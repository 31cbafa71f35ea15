// SPDX-License-Identifier: MIT
#include "../test.h"

#include "../../../supervisor/mounttable.h"

static void test_mounts(void **state)
{
	static const char text[] = "25 30 0:23 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
				   "30 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
				   "31 30 0:4 / /mnt/a\\040b\\134c rw - tmpfs x rw\n"
				   "34 30 0:9 / /trap rw shared:1 - autofs supd rw,fd=7,direct\n"
				   "short line\n"
				   "32 30 0:4 / relative rw - tmpfs x rw\n"
				   "33 30 0:4 / /cut\\04";
	struct mounttable t = { 0 };

	(void)state;
	assert_int_equal(mounttable_parse(MOUNTTABLE_MOUNTS, text, &t), 0);
	assert_int_equal(t.n, 4);
	assert_true(mounttable_has(&t, "/"));
	assert_true(mounttable_has(&t, "/sys"));
	assert_true(mounttable_has(&t, "/mnt/a b\\c"));
	assert_true(mounttable_has(&t, "/cut\\04"));
	assert_false(mounttable_has(&t, "/mnt"));
	assert_false(mounttable_has(&t, "/trap")); /* what is to be mounted there is not yet */
	assert_false(mounttable_has(&t, "relative"));
	mounttable_fini(&t);
	assert_false(mounttable_has(&t, "/"));
}

static void test_swaps(void **state)
{
	static const char text[] = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
				   "/dev/sda2                               partition\t1\t0\t-2\n"
				   "/swap\\040file\t\t\t\tfile\t\t1\t0\t-3\n";
	struct mounttable t = { 0 };

	(void)state;
	assert_int_equal(mounttable_parse(MOUNTTABLE_SWAPS, text, &t), 0);
	assert_int_equal(t.n, 2);
	assert_true(mounttable_has(&t, "/dev/sda2") && mounttable_has(&t, "/swap file"));
	mounttable_fini(&t);
	assert_int_equal(mounttable_parse(MOUNTTABLE_SWAPS, "", &t), 0);
	assert_int_equal(t.n, 0);
	mounttable_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_swaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
