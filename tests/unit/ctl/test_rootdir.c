// SPDX-License-Identifier: MIT
/* Changes below a root directory, whose links must not lead out of it. */
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../supervisor/ctl/rootdir.h"

struct fixture {
	char dir[64]; /* holds root/ and outside/ */
	int root;
};

static void make(const struct fixture *f, const char *path)
{
	char full[160];

	snprintf(full, sizeof(full), "%s/%s", f->dir, path);
	assert_int_equal(mkdir(full, 0755), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char root[80];

	assert_non_null(f);
	strcpy(f->dir, "/tmp/rootdir.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	make(f, "root");
	make(f, "root/etc");
	make(f, "outside");
	snprintf(root, sizeof(root), "%s/root", f->dir);
	f->root = rootdir_open(root);
	assert_true(f->root >= 0);
	*state = f;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close(f->root);
	nftw(f->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

/* What stands at a path below the fixture: a link's target, or a file's text; NULL: nothing. */
static const char *content(const struct fixture *f, const char *path)
{
	static char text[256];
	char full[160];
	ssize_t n;
	int fd;

	snprintf(full, sizeof(full), "%s/%s", f->dir, path);
	n = readlink(full, text, sizeof(text) - 1);
	if (n < 0 && errno == EINVAL) {
		fd = open(full, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	if (n < 0) {
		return NULL;
	}
	text[n] = '\0';
	return text;
}

static void test_symlink(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rootdir_symlink(f->root, "/etc/a.wants/x.service", "/lib/x.service"), 0);
	assert_string_equal(content(f, "root/etc/a.wants/x.service"), "/lib/x.service");
	assert_int_equal(rootdir_symlink(f->root, "/etc/a.wants/x.service", "../y.service"), 0);
	assert_string_equal(content(f, "root/etc/a.wants/x.service"), "../y.service");
	/* A file that is in the place of a directory. */
	assert_true(rootdir_symlink(f->root, "/etc/a.wants/x.service/deeper", "z") < 0);
	assert_string_equal(content(f, "root/etc/a.wants/x.service"), "../y.service");
}

static void test_write(void **state)
{
	struct fixture *f = *state;
	char full[160];
	struct stat st;

	umask(077);
	assert_int_equal(rootdir_write(f->root, "/etc/u.d/a.conf", "first", 5), 0);
	assert_string_equal(content(f, "root/etc/u.d/a.conf"), "first");
	assert_int_equal(rootdir_write(f->root, "/etc/u.d/a.conf", "2nd", 3), 0);
	assert_string_equal(content(f, "root/etc/u.d/a.conf"), "2nd");
	snprintf(full, sizeof(full), "%s/root/etc/u.d/a.conf", f->dir);
	assert_int_equal(stat(full, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	umask(022);
}

static void test_unlink(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rootdir_symlink(f->root, "/etc/a.wants/x", "t"), 0);
	assert_int_equal(rootdir_symlink(f->root, "/etc/a.wants/y", "t"), 0);
	assert_int_equal(rootdir_unlink(f->root, "/etc/a.wants/x"), 0);
	assert_null(content(f, "root/etc/a.wants/x"));
	assert_non_null(content(f, "root/etc/a.wants/y"));
	assert_int_equal(rootdir_unlink(f->root, "/etc/a.wants/y"), 0);
	assert_int_equal(faccessat(f->root, "etc/a.wants", F_OK, 0), -1);
	/* Other directories stay, empty as they are. */
	assert_int_equal(rootdir_write(f->root, "/etc/plain/z", "", 0), 0);
	assert_int_equal(rootdir_unlink(f->root, "/etc/plain/z"), 0);
	assert_int_equal(faccessat(f->root, "etc/plain", F_OK, 0), 0);
}

static void test_remove(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(rootdir_write(f->root, "/etc/u.d/a.conf", "a", 1), 0);
	assert_int_equal(rootdir_write(f->root, "/etc/u.d/b.conf", "b", 1), 0);
	assert_int_equal(rootdir_remove(f->root, "/etc/u.d"), 0);
	assert_int_equal(faccessat(f->root, "etc/u.d", F_OK, 0), -1);
	assert_int_equal(rootdir_write(f->root, "/etc/file", "a", 1), 0);
	assert_int_equal(rootdir_remove(f->root, "/etc/file"), 0);
	assert_null(content(f, "root/etc/file"));
	/* Deeper than one directory nothing is removed. */
	assert_int_equal(rootdir_write(f->root, "/etc/deep/er/c", "c", 1), 0);
	assert_true(rootdir_remove(f->root, "/etc/deep") < 0);
	assert_string_equal(content(f, "root/etc/deep/er/c"), "c");
}

/* An image with links to places of the host: they mean places of the image. */
static void test_stays_inside(void **state)
{
	struct fixture *f = *state;
	char outside[96], link[96];

	snprintf(outside, sizeof(outside), "%s/outside", f->dir);
	snprintf(link, sizeof(link), "%s/root/etc/away", f->dir);
	assert_int_equal(symlink(outside, link), 0);
	snprintf(link, sizeof(link), "%s/root/etc/up", f->dir);
	assert_int_equal(symlink("../../outside", link), 0);
	(void)rootdir_write(f->root, "/etc/away/file", "x", 1);
	(void)rootdir_write(f->root, "/etc/up/file", "x", 1);
	(void)rootdir_symlink(f->root, "/etc/up/link", "x");
	(void)rootdir_write(f->root, "/../outside/file", "x", 1);
	/* It is as empty as it was. */
	assert_int_equal(rmdir(outside), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_symlink, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unlink, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stays_inside, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
