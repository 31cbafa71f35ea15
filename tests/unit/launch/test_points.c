// SPDX-License-Identifier: MIT
/* Mount points: made where they lack, never outside the tree. */
#include "../test.h"

#include <sys/resource.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/launch/points.h"
#include "launchbox.h"

#define DEPTH 500u

static int setup(void **state)
{
	struct launchbox *b = launchbox_new();

	*state = b;
	return b->fd >= 0 && mkdirat(b->fd, "root", 0755) == 0 &&
			       mkdirat(b->fd, "outside", 0755) == 0
		       ? 0
		       : -1;
}

static int teardown(void **state)
{
	launchbox_free(*state);
	return 0;
}

static int open_root(const struct launchbox *b)
{
	int fd = openat(b->fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Type of what is there, a link not followed; 0: nothing. */
static mode_t type_of(int dir, const char *path)
{
	struct stat st;

	return fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mode & S_IFMT : 0;
}

static void test_make(void **state)
{
	struct launchbox *b = *state;
	AUTO_CLOSE int root = open_root(b);
	struct stat st;

	umask(022);
	assert_int_equal(points_make(root, "/a/b", true), 0);
	assert_int_equal(points_make(root, "/a/c/file", false), 0);
	assert_int_equal(points_make(root, "//x//y/", true), 0);
	assert_int_equal(points_make(root, "", true), 0);
	assert_int_equal(points_make(root, "/", true), 0);
	assert_int_equal(type_of(root, "a/b"), S_IFDIR);
	assert_int_equal(type_of(root, "x/y"), S_IFDIR);
	assert_int_equal(fstatat(root, "a/c/file", &st, 0), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0444);
	assert_int_equal(st.st_size, 0);
	/* What is there stays, whatever it is; nothing is made below a file. */
	assert_int_equal(points_make(root, "/a/c/file", true), 0);
	assert_int_equal(type_of(root, "a/c/file"), S_IFREG);
	assert_int_equal(points_make(root, "/a/c/file/z", true), -ENOTDIR);
}

static void test_too_long(void **state)
{
	static char path[LIMIT_PATH + 8];
	struct launchbox *b = *state;
	AUTO_CLOSE int root = open_root(b);

	memset(path, 'n', sizeof(path) - 1);
	path[0] = '/';
	assert_int_equal(points_make(root, path, true), -ENAMETOOLONG);
	assert_int_equal(points_make_below(root, path, true), -ENAMETOOLONG);
	path[300] = '\0';
	assert_int_equal(points_make(root, path, true), -ENAMETOOLONG);
	assert_int_equal(points_make_below(root, path, true), -ENAMETOOLONG);
	assert_int_equal(points_make_below(root, "/", true), -ENOENT);
	assert_int_equal(points_make_below(root, "/a/", true), -ENOENT);
	assert_int_equal(points_make_below(root, "a", true), -ENOENT);
	assert_int_equal(points_make_below(root, "", true), -ENOENT);
}

/* Many parts, on a stack that has no room for a path of each. */
static void test_deep(void **state)
{
	struct launchbox *b = *state;
	AUTO_CLOSE int root = open_root(b);
	struct rlimit before, small;
	char path[2 * DEPTH + 1];
	int r;

	for (size_t i = 0; i < DEPTH; i++) {
		memcpy(path + 2 * i, "/d", 3);
	}
	assert_int_equal(getrlimit(RLIMIT_STACK, &before), 0);
	small = before;
	small.rlim_cur = DEPTH * LIMIT_PATH / 2;
	assert_int_equal(setrlimit(RLIMIT_STACK, &small), 0);
	r = points_make_below(root, path, true);
	assert_int_equal(setrlimit(RLIMIT_STACK, &before), 0);
	assert_int_equal(r, 0);
	assert_int_equal(type_of(root, path + 1), S_IFDIR);
}

/* Links in a root that somebody else has filled. */
static void test_stays_inside(void **state)
{
	struct launchbox *b = *state;
	AUTO_CLOSE int root = open_root(b);
	char outside[96];

	snprintf(outside, sizeof(outside), "%s/outside", b->dir);
	assert_int_equal(symlinkat(outside, root, "abs"), 0);
	assert_int_equal(symlinkat("../outside", root, "up"), 0);
	assert_int_equal(symlinkat("/real", root, "link"), 0);
	assert_int_equal(symlinkat("self", root, "self"), 0);
	assert_int_equal(mkdirat(root, "real", 0755), 0);
	assert_int_equal(points_make_below(root, "/link/a/b", true), 0);
	assert_int_equal(type_of(root, "real/a/b"), S_IFDIR);
	assert_int_equal(points_make_below(root, "/link/f", false), 0);
	assert_int_equal(type_of(root, "real/f"), S_IFREG);
	/* The place that a link names is not there: it is not made, neither here nor there. */
	assert_int_equal(points_make_below(root, "/abs/x", true), -ENOENT);
	assert_int_equal(points_make_below(root, "/up/x", true), -ENOENT);
	assert_int_equal(points_make_below(root, "/self/x", true), -ELOOP);
	assert_int_equal(points_make_below(root, "/../outside/x", true), 0);
	assert_int_equal(type_of(root, "outside/x"), S_IFDIR);
	assert_int_equal(points_make_below(root, "/real/f/x", true), -ENOTDIR);
	assert_int_equal(unlinkat(b->fd, "outside", AT_REMOVEDIR), 0); /* empty as it was */
}

static void test_rows(void **state)
{
	static const struct plan_mount rows[] = {
		{ .kind = PLAN_MOUNT_TMPFS, .target = "/srv" },
		{ .kind = PLAN_MOUNT_BIND, .target = "/srv/a" },
		{ .kind = PLAN_MOUNT_BIND, .target = "/srv/a/b" },
		{ .kind = PLAN_MOUNT_BIND, .target = "/srv/c/file" },
		{ .kind = PLAN_MOUNT_BIND, .target = "/srvx" },
	};
	struct launchbox *b = *state;
	AUTO_CLOSE int top = open_root(b);
	AUTO_CLOSE int dir = openat(b->fd, "outside", O_PATH | O_CLOEXEC);
	AUTO_CLOSE int file = -1;
	int trees[] = { top, dir, dir, -1, dir };

	assert_int_equal(mknodat(b->fd, "file", S_IFREG | 0600, 0), 0);
	file = openat(b->fd, "file", O_PATH | O_CLOEXEC);
	trees[3] = file;
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(points_make_in_rows(rows, trees, i), 0);
	}
	assert_int_equal(type_of(top, "a"), S_IFDIR);
	/* The nearest row above is no tmpfs: its own tree is not ours to change. */
	assert_int_equal(type_of(top, "a/b"), 0);
	assert_int_equal(type_of(top, "c/file"), S_IFREG);
	assert_int_equal(type_of(top, "x"), 0);
	/* A row that was left out needs none, and holds none. */
	trees[1] = -1;
	assert_int_equal(unlinkat(top, "a", AT_REMOVEDIR), 0);
	assert_int_equal(points_make_in_rows(rows, trees, 1), 0);
	assert_int_equal(type_of(top, "a"), 0);
	assert_int_equal(points_make_in_rows(rows, trees, 2), 0);
	assert_int_equal(type_of(top, "a/b"), S_IFDIR);
}

static void test_root(void **state)
{
	struct launchbox *b = *state;
	struct launch *l = &b->l;
	AUTO_CLOSE int root = open_root(b);
	struct plan_mount rows[] = {
		{ .kind = PLAN_MOUNT_BIND, .target = "/data/d", .origin = "box.service:3" },
		{ .kind = PLAN_MOUNT_BIND, .target = "/run/hidden", .origin = "box.service:4" },
		{ .kind = PLAN_MOUNT_BIND, .target = "/skipped", .origin = "box.service:5" },
	};
	int trees[] = { b->fd, b->fd, ROW_SKIPPED };

	l->plan.mounts = (struct tlv_array) { .items = rows, .n = 3 };
	l->trees.row = trees;
	/* The host's own root gets nothing. */
	assert_int_equal(points_make_in_root(l), 0);
	assert_int_equal(type_of(root, "data"), 0);
	l->trees.root = root;
	l->trees.tmp = l->trees.run = b->fd;
	l->plan.flags = PLAN_API_VFS | PLAN_PROC_FRESH;
	assert_int_equal(points_make_in_root(l), 0);
	assert_int_equal(type_of(root, "data/d"), S_IFDIR);
	assert_int_equal(type_of(root, "tmp"), S_IFDIR);
	assert_int_equal(type_of(root, "skipped"), 0);
	assert_int_equal(type_of(root, "var"), 0);
	assert_int_equal(type_of(root, "run/hidden"), 0); /* /run is covered */
	/* A failure says which one, and whose line it was. */
	assert_int_equal(unlinkat(root, "data/d", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(root, "data", AT_REMOVEDIR), 0);
	assert_int_equal(mknodat(root, "data", S_IFREG | 0600, 0), 0);
	assert_int_equal(points_make_in_root(l), 0); /* the second stage tells it */
	assert_int_equal(unlinkat(root, "data", 0), 0);
	assert_int_equal(symlinkat("/nowhere", root, "data"), 0);
	assert_int_equal(points_make_in_root(l), -ENOENT);
	assert_string_equal(l->text, "mount point /data/d");
	assert_string_equal(l->origin, "box.service:3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_make, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stays_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_root, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
