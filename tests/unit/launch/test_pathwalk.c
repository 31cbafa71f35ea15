// SPDX-License-Identifier: MIT
/* Links that root alone can have made are followed, to the end of the chain; others lead nowhere.
 */
#include "../test.h"

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/launch/pathwalk.h"
#include "launchbox.h"

#define HER 61001u

static const char *at(const struct launchbox *b, const char *rest)
{
	static char path[LIMIT_PATH];

	snprintf(path, sizeof(path), "%s/%s", b->dir, rest);
	return path;
}

static void put_link(const struct launchbox *b, const char *to, const char *name, uid_t uid)
{
	assert_int_equal(symlinkat(to, b->fd, name), 0);
	assert_int_equal(fchownat(b->fd, name, uid, uid, AT_SYMLINK_NOFOLLOW), 0);
}

static int setup(void **state)
{
	struct launchbox *b = launchbox_new();
	char to[128];

	*state = b;
	if (geteuid() != 0) {
		return 0;
	}
	/* mkdtemp's is in /tmp: it is root's alone itself. */
	assert_int_equal(mkdirat(b->fd, "a", 0755) | mkdirat(b->fd, "a/b", 0755), 0);
	assert_int_equal(mkdirat(b->fd, "hers", 0755) | fchownat(b->fd, "hers", HER, HER, 0), 0);
	close(openat(b->fd, "a/b/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	snprintf(to, sizeof(to), "%s/a", b->dir);
	put_link(b, to, "absolute", 0);
	put_link(b, "a/../a/./b", "relative", 0);
	put_link(b, "relative/file", "chain", 0);
	put_link(b, "loop", "loop", 0);
	put_link(b, to, "hers/link", HER);
	put_link(b, to, "hers/roots", 0);
	put_link(b, "hers/link", "through", 0);
	return 0;
}

static int teardown(void **state)
{
	launchbox_free(*state);
	return 0;
}

static int opens(const char *path)
{
	AUTO_CLOSE int fd = pathwalk_open(path);

	return fd < 0 ? fd : 0;
}

struct row {
	const char *path;
	int result;
	const char *plain; /* below the directory; where result is 0 or -ENOENT */
};

static const struct row rows[] = {
	{ "a/b", 0, "a/b" },
	{ "a//b/", 0, "a/b" },
	{ "absolute", 0, "a" },
	{ "absolute/b/file", 0, "a/b/file" },
	{ "relative", 0, "a/b" },
	{ "chain", 0, "a/b/file" },
	{ "relative/../b", 0, "a/b" },
	{ "relative/new/more", -ENOENT, "a/b/new/more" },
	{ "absolute/new", -ENOENT, "a/new" },
	{ "hers", 0, "hers" },
	{ "hers/link", -ELOOP, NULL },
	{ "hers/link/b", -ELOOP, NULL },
	{ "hers/roots/b", -ELOOP, NULL }, /* others can put it where it leads elsewhere */
	{ "through", -ELOOP, NULL },
	{ "through/b/file", -ELOOP, NULL },
	{ "loop", -ELOOP, NULL },
	{ "chain/x", -ENOTDIR, NULL },
};

static void test_rows(void **state)
{
	const struct launchbox *b = *state;

	if (geteuid() != 0) {
		skip();
	}
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		const char *path = at(b, rows[i].path);
		char plain[LIMIT_PATH], want[LIMIT_PATH];
		int r = opens(path);

		if (r != rows[i].result) {
			fail_msg("%s: %d", rows[i].path, r);
		}
		r = pathwalk_plain(path, plain, sizeof(plain));
		assert_int_equal(r, rows[i].plain ? 0 : rows[i].result);
		if (r == 0) {
			snprintf(want, sizeof(want), "%s/%s", b->dir, rows[i].plain);
			assert_string_equal(plain, want);
		}
	}
	assert_int_equal(opens("/proc/self/fd"), 0);
	assert_int_equal(opens("/"), 0);
}

static void test_file(void **state)
{
	const struct launchbox *b = *state;
	const int flags = O_WRONLY | O_CREAT;
	AUTO_CLOSE int made = -1;

	if (geteuid() != 0) {
		skip();
	}
	made = pathwalk_open_file(at(b, "absolute/made"), flags, 0600);
	assert_true(made >= 0);
	assert_int_equal(faccessat(b->fd, "a/made", F_OK, 0), 0);
	assert_int_equal(pathwalk_open_file(at(b, "hers/link"), flags, 0600), -ELOOP);
	assert_int_equal(pathwalk_open_file(at(b, "through/made2"), flags, 0600), -ELOOP);
	assert_int_equal(faccessat(b->fd, "a/made2", F_OK, 0), -1);
}

/* A root in a directory: absolute links lead back into it. */
static void test_below(void **state)
{
	const struct launchbox *b = *state;
	AUTO(pathwalk_fini) struct pathwalk w;

	if (geteuid() != 0) {
		w.dir = -1;
		skip();
	}
	put_link(b, "/a", "inner", 0);
	assert_int_equal(pathwalk_begin_at(&w, b->fd, "/inner/b"), 0);
	assert_int_equal(pathwalk_all(&w), 0);
	assert_string_equal(w.done, "/a/b");
	pathwalk_fini(&w);
	assert_int_equal(pathwalk_begin_at(&w, b->fd, "/inner/b"), 0);
	w.links = PATHWALK_LINKS;
	assert_int_equal(pathwalk_all(&w), -ELOOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_below, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
