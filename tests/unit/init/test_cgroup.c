// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/init/cgroup.h"

struct seen {
	size_t n;
	pid_t pids[8];
};

static int note(void *data, pid_t pid)
{
	struct seen *seen = data;

	seen->pids[seen->n++] = pid;
	return 0;
}

/* Chunks may end inside a number; 0 is a process of an outer namespace. */
static void test_digits(void **state)
{
	static const char *const chunks[] = { "1\n2", "3\n0\n", "99999999999\n4\n" };
	struct cgroup_digits d = { 0 };
	struct seen seen = { 0 };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(chunks); i++) {
		assert_int_equal(cgroup_digits(&d, chunks[i], strlen(chunks[i]), note, &seen), 0);
	}
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.pids[0], 1);
	assert_int_equal(seen.pids[1], 23);
	assert_int_equal(seen.pids[2], 4);
}

/* On an ordinary directory: only what mkdir and rmdir do is tested here. */
static void test_tree(void **state)
{
	char dir[] = "/tmp/supd-cgroup-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	AUTO_CLOSE int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(cgroup_make(root, "a.slice/b.slice/c.service", 0), 1);
	assert_int_equal(cgroup_make(root, "a.slice/b.slice/d.service", 0), 1);
	assert_int_equal(cgroup_remove(root, "a.slice/b.slice/d.service", false), 0);
	assert_int_equal(cgroup_make(root, "a.slice/b.slice/c.service", 0), 0);
	assert_int_equal(faccessat(root, "a.slice/b.slice/c.service", F_OK, 0), 0);
	assert_int_equal(cgroup_remove(root, "a.slice/b.slice/c.service", false), 0);
	assert_int_equal(cgroup_remove(root, "a.slice/b.slice/c.service", false), 0);
	assert_int_equal(cgroup_remove(root, "a.slice/b.slice", false), 0);
	assert_int_equal(cgroup_remove(root, "a.slice", false), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void test_keys(void **state)
{
	char dir[] = "/tmp/supd-cgroup-XXXXXX";
	uint64_t value = 9;

	(void)state;
	assert_non_null(mkdtemp(dir));
	AUTO_CLOSE int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int fd = openat(root, "events", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, "populated 1\nfrozen 0\n", 21), 21);
	assert_int_equal(cgroup_read_key(root, "events", "frozen", &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(cgroup_read_key(root, "events", "populated", &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(cgroup_read_key(root, "events", "popul", &value), -ENOENT);
	assert_int_equal(cgroup_read_key(root, "none", "frozen", &value), -ENOENT);
	assert_int_equal(unlinkat(root, "events", 0), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
