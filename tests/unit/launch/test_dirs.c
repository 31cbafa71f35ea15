// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/launch/dirs.h"

static char base[64];

static const char *at(const char *rest)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", base, rest);
	return path;
}

static int setup(void **state)
{
	(void)state;
	snprintf(base, sizeof(base), "/tmp/dirs-test-XXXXXX");
	return mkdtemp(base) ? 0 : -1;
}

static int teardown(void **state)
{
	int tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = dir_remove(tmp, base + 5);

	(void)state;
	close(tmp);
	return r == 0 && access(base, F_OK) < 0 ? 0 : -1;
}

static void touch(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	close(fd);
}

static void test_make(void **state)
{
	struct dir_owner owner = { geteuid(), getegid(), 0710 };
	struct stat st;

	(void)state;
	assert_int_equal(dir_make(at("a/b/c"), &owner), 0);
	assert_int_equal(stat(at("a/b/c"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0710);
	assert_int_equal(dir_make(at("a/b/c"), &owner), 0);
	touch(at("a/file"));
	assert_int_equal(dir_make(at("a/file/x"), &owner), -ENOTDIR);
}

/* A link in a directory that others can write is a trap. */
static void test_links(void **state)
{
	struct dir_owner owner = { geteuid(), getegid(), 0700 };
	struct stat st;

	(void)state;
	assert_int_equal(mkdir(at("open"), 0777), 0);
	assert_int_equal(chmod(at("open"), 0777), 0);
	assert_int_equal(mkdir(at("victim"), 0755), 0);
	assert_int_equal(symlink(at("victim"), at("open/link")), 0);
	assert_int_equal(dir_make(at("open/link"), &owner), -ELOOP);
	assert_int_equal(stat(at("victim"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
}

/* May the path be used by its name? Not where others could put something else into the way. */
static void test_fixed(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("needs root: who else owns a directory cannot be set up\n");
		skip();
	}
	assert_true(dir_parent_is_fixed("/proc"));
	assert_int_equal(chmod(base, 0755), 0);
	assert_int_equal(mkdir(at("roots"), 0755), 0);
	assert_int_equal(mkdir(at("roots/given"), 0755), 0);
	assert_int_equal(mkdir(at("roots/given/below"), 0755), 0);
	assert_true(dir_parent_is_fixed(at("roots/given/below/socket")));
	/* who owns the last directory can change what is in it, not where it is */
	assert_int_equal(chown(at("roots/given"), 65534, 65534), 0);
	assert_true(dir_parent_is_fixed(at("roots/given/socket")));
	assert_false(dir_parent_is_fixed(at("roots/given/below/socket")));
	assert_int_equal(chown(at("roots/given"), 0, 0), 0);
	assert_int_equal(chmod(at("roots/given"), 0777), 0);
	assert_false(dir_parent_is_fixed(at("roots/given/below/socket")));
	assert_int_equal(chmod(at("roots/given"), 01777), 0);
	assert_true(dir_parent_is_fixed(at("roots/given/below/socket")));
	assert_false(dir_parent_is_fixed(at("roots/missing/socket")));
}

static void test_chown_spares_hard_links(void **state)
{
	struct dir_owner owner = { 4, 4, 0700 };
	struct stat st;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		skip();
	}
	assert_int_equal(mkdir(at("state"), 0755), 0);
	touch(at("state/own"));
	touch(at("secret"));
	assert_int_equal(link(at("secret"), at("state/linked")), 0);
	assert_int_equal(dir_make(at("state"), &owner), 0);
	assert_int_equal(stat(at("state/own"), &st), 0);
	assert_int_equal(st.st_uid, 4);
	assert_int_equal(stat(at("secret"), &st), 0);
	assert_int_equal(st.st_uid, 0);
}

static void test_remove(void **state)
{
	int dir = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(mkdir(at("keep"), 0755), 0);
	touch(at("keep/f"));
	assert_int_equal(mkdir(at("gone"), 0755), 0);
	assert_int_equal(mkdir(at("gone/sub"), 0755), 0);
	touch(at("gone/sub/f"));
	assert_int_equal(symlink(at("keep"), at("gone/link")), 0);
	assert_int_equal(dir_remove(dir, "gone"), 0);
	assert_int_equal(access(at("gone"), F_OK), -1);
	assert_int_equal(access(at("keep/f"), F_OK), 0);
	assert_int_equal(dir_remove(dir, "gone"), 0);
	close(dir);
}

static void test_remove_until(void **state)
{
	int dir = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(mkdir(at("late"), 0755), 0);
	touch(at("late/f"));
	assert_int_equal(dir_remove_until(dir, "late", 1), -ETIMEDOUT);
	assert_int_equal(access(at("late/f"), F_OK), 0);
	assert_int_equal(dir_remove_until(dir, "late", UINT64_MAX), 0);
	assert_int_equal(access(at("late"), F_OK), -1);
	close(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_make, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fixed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chown_spares_hard_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove_until, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
