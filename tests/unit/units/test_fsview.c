// SPDX-License-Identifier: MIT
/* A tree as it will be after a plan: links stay inside the root, and nothing is written. */
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/base/limits.h"
#include "../../../units/fsview.h"

struct fixture {
	char dir[64]; /* holds root/ and outside/ */
	char root[80];
	struct arena arena;
	struct fsview view;
};

static const char *at(const struct fixture *f, const char *path)
{
	static char full[512];

	snprintf(full, sizeof(full), "%s%s", f->dir, path);
	return full;
}

static void make_dir(const struct fixture *f, const char *path)
{
	assert_int_equal(mkdir(at(f, path), 0755), 0);
}

static void make_file(const struct fixture *f, const char *path, const char *text)
{
	FILE *file = fopen(at(f, path), "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void make_link(const struct fixture *f, const char *path, const char *target)
{
	assert_int_equal(symlink(target, at(f, path)), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->dir, "/tmp/fsview.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	make_dir(f, "/root");
	make_dir(f, "/root/etc");
	make_dir(f, "/root/lib");
	make_dir(f, "/outside");
	make_file(f, "/outside/secret", "secret");
	make_file(f, "/root/etc/file", "text");
	make_file(f, "/root/etc/void", "");
	snprintf(f->root, sizeof(f->root), "%s/root", f->dir);
	arena_init(&f->arena);
	fsview_init(&f->view, &f->arena, f->root);
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

	arena_fini(&f->arena);
	nftw(f->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

/* The names of a directory with a space behind each. */
static const char *names_of(struct fixture *f, const char *dir, bool links_only)
{
	static char text[512];
	struct list names = { 0 };

	text[0] = '\0';
	assert_int_equal((links_only ? fsview_list_links : fsview_list)(&f->view, dir, &names), 0);
	for (size_t i = 0; i < names.n; i++) {
		strcat(text, ((const char **)names.items)[i]);
		strcat(text, " ");
	}
	return text;
}

static void test_simplify(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "/", "/" },
		{ "", "/" },
		{ "//", "/" },
		{ "/a//b/./c/", "/a/b/c" },
		{ "/a/../b", "/b" },
		{ "/..", "/" },
		{ "/../../a/..", "/" },
		{ "/a/b/../../../../c", "/c" },
		{ "/a/...", "/a/..." },
		{ "/a/..b", "/a/..b" },
		{ "/.a/.", "/.a" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(fsview_simplify(&f->arena, rows[i].from), rows[i].to);
	}
}

static void test_resolve(void **state)
{
	struct fixture *f = *state;

	make_link(f, "/root/abs", "/etc");
	make_link(f, "/root/etc/rel", "../lib");
	make_link(f, "/root/lib/chain", "/abs/rel");
	make_link(f, "/root/etc/nowhere", "/none/x");
	assert_string_equal(fsview_resolve(&f->view, "/abs/file"), "/etc/file");
	assert_string_equal(fsview_resolve(&f->view, "/abs/rel/x"), "/lib/x");
	assert_string_equal(fsview_resolve(&f->view, "/lib/chain/chain/y"), "/lib/y");
	assert_string_equal(fsview_resolve(&f->view, "/etc/nowhere/z"), "/none/x/z");
	assert_string_equal(fsview_resolve(&f->view, "/none/../etc"), "/etc");
	assert_string_equal(fsview_resolve(&f->view, "/"), "/");
	assert_string_equal(fsview_resolve(&f->view, "/etc/"), "/etc");
}

/* An image's links to places of the host, upwards and absolute, mean places of the image. */
static void test_stays_inside(void **state)
{
	struct fixture *f = *state;
	const char *text;
	size_t size;

	make_link(f, "/root/etc/up", "../../../../outside/secret");
	make_link(f, "/root/etc/away", at(f, "/outside"));
	assert_string_equal(fsview_resolve(&f->view, "/etc/up"), "/outside/secret");
	assert_string_equal(fsview_resolve(&f->view, "/../../outside"), "/outside");
	assert_int_equal(fsview_look(&f->view, "/etc/away/secret"), FSVIEW_NONE);
	assert_int_equal(fsview_look(&f->view, "/../outside/secret"), FSVIEW_NONE);
	assert_int_equal(fsview_read(&f->view, "/etc/away/secret", &text, &size), -ENOENT);
	assert_int_equal(fsview_read(&f->view, "/etc/../../outside/secret", &text, &size), -ENOENT);
	assert_string_equal(names_of(f, "/etc/away", false), "");
	/* Without a root the same path is the host's. */
	fsview_init(&f->view, &f->arena, "/");
	assert_int_equal(fsview_read(&f->view, at(f, "/outside/secret"), &text, &size), 0);
	assert_int_equal(size, 6);
}

static void test_circle(void **state)
{
	struct fixture *f = *state;
	char name[32], target[32];
	const char *text;
	size_t size;

	make_link(f, "/root/a", "/b");
	make_link(f, "/root/b", "a");
	make_link(f, "/root/self", "self/x");
	assert_null(fsview_resolve(&f->view, "/a/x"));
	assert_null(fsview_resolve(&f->view, "/self"));
	assert_int_equal(fsview_look(&f->view, "/a/x"), FSVIEW_NONE);
	assert_int_equal(fsview_look(&f->view, "/a"), FSVIEW_LINK);
	assert_string_equal(fsview_readlink(&f->view, "/b"), "a");
	assert_null(fsview_readlink(&f->view, "/b/x"));
	assert_string_equal(names_of(f, "/a", false), "");
	assert_int_equal(fsview_read(&f->view, "/a/x", &text, &size), -ELOOP);
	assert_int_equal(fsview_make_link(&f->view, "/a/x", "t"), -ELOOP);
	assert_int_equal(fsview_remove(&f->view, "/a/x"), -ELOOP);
	/* Long is not endless: 40 links are followed, as the kernel does; one more is a circle. */
	for (unsigned i = 0; i <= 40; i++) {
		snprintf(name, sizeof(name), "/root/l%u", i);
		snprintf(target, sizeof(target), i ? "l%u" : "etc", i - 1);
		make_link(f, name, target);
	}
	assert_string_equal(fsview_resolve(&f->view, "/l39/file"), "/etc/file");
	assert_null(fsview_resolve(&f->view, "/l40/file"));
}

static void test_look(void **state)
{
	struct fixture *f = *state;

	make_link(f, "/root/etc/mask", "/dev/null");
	assert_int_equal(mkfifo(at(f, "/root/etc/fifo"), 0600), 0);
	assert_int_equal(fsview_look(&f->view, "/etc/file"), FSVIEW_FILE);
	assert_int_equal(fsview_look(&f->view, "/etc/void"), FSVIEW_EMPTY);
	assert_int_equal(fsview_look(&f->view, "/etc/mask"), FSVIEW_LINK);
	assert_int_equal(fsview_look(&f->view, "/etc"), FSVIEW_DIR);
	assert_int_equal(fsview_look(&f->view, "/etc/fifo"), FSVIEW_OTHER);
	assert_int_equal(fsview_look(&f->view, "/etc/none"), FSVIEW_NONE);
	assert_int_equal(fsview_look(&f->view, "/etc/file/below"), FSVIEW_NONE);
	assert_null(fsview_readlink(&f->view, "/etc/file"));
	assert_null(fsview_readlink(&f->view, "/etc/none"));
	fsview_init(&f->view, &f->arena, "");
	assert_int_equal(fsview_look(&f->view, "/dev/null"), FSVIEW_EMPTY);
}

static void test_read(void **state)
{
	struct fixture *f = *state;
	const char *text = "untouched";
	size_t size = 77;

	make_link(f, "/root/etc/link", "file");
	assert_int_equal(mkfifo(at(f, "/root/etc/fifo"), 0600), 0);
	assert_int_equal(fsview_read(&f->view, "/etc/none", &text, &size), -ENOENT);
	assert_int_equal(fsview_read(&f->view, "/etc/link", &text, &size), -ELOOP);
	/* Neither hangs. */
	assert_int_equal(fsview_read(&f->view, "/etc/fifo", &text, &size), -EINVAL);
	assert_int_equal(fsview_read(&f->view, "/etc", &text, &size), -EINVAL);
	make_file(f, "/root/etc/big", "");
	assert_int_equal(truncate(at(f, "/root/etc/big"), LIMIT_UNIT_FILE + 1), 0);
	assert_int_equal(fsview_read(&f->view, "/etc/big", &text, &size), -EFBIG);
	assert_string_equal(text, "untouched");
	assert_int_equal(size, 77);
	assert_int_equal(truncate(at(f, "/root/etc/big"), LIMIT_UNIT_FILE), 0);
	assert_int_equal(fsview_read(&f->view, "/etc/big", &text, &size), 0);
	assert_int_equal(size, LIMIT_UNIT_FILE);
	assert_int_equal(fsview_read(&f->view, "/etc/void", &text, &size), 0);
	assert_int_equal(size, 0);
	assert_int_equal(fsview_read(&f->view, "/etc/file", &text, &size), 0);
	assert_memory_equal(text, "text", 5);
}

static void test_list(void **state)
{
	struct fixture *f = *state;

	make_dir(f, "/root/etc/dir");
	make_link(f, "/root/etc/link", "none");
	make_file(f, "/root/etc/.hidden", "x");
	make_link(f, "/root/alias", "etc");
	assert_string_equal(names_of(f, "/etc", false), "dir file link void ");
	assert_string_equal(names_of(f, "/alias", true), "dir link ");
	assert_string_equal(names_of(f, "/none", false), "");
	assert_string_equal(names_of(f, "/etc/file", false), "");
	assert_string_equal(names_of(f, "/", false), "alias etc lib ");
}

/* What is planned is seen, by each path that leads there. */
static void test_plan(void **state)
{
	struct fixture *f = *state;

	make_link(f, "/root/alias", "etc");
	make_link(f, "/root/etc/old", "x");
	assert_int_equal(fsview_make_link(&f->view, "/alias/new", "/lib/t"), 0);
	assert_int_equal(fsview_make_link(&f->view, "/etc/file", "instead"), 0);
	assert_int_equal(fsview_remove(&f->view, "/etc/old"), 0);
	assert_int_equal(fsview_remove(&f->view, "/etc/void"), 0);
	assert_int_equal(fsview_look(&f->view, "/etc/new"), FSVIEW_LINK);
	assert_string_equal(fsview_readlink(&f->view, "/etc/new"), "/lib/t");
	assert_string_equal(fsview_readlink(&f->view, "/alias/file"), "instead");
	assert_null(fsview_readlink(&f->view, "/etc/old"));
	assert_int_equal(fsview_look(&f->view, "/alias/void"), FSVIEW_NONE);
	assert_string_equal(fsview_resolve(&f->view, "/etc/new/y"), "/lib/t/y");
	assert_string_equal(names_of(f, "/alias", false), "file new ");
	assert_string_equal(names_of(f, "/etc", true), "file new ");
	/* Nothing was written. */
	assert_int_equal(
		faccessat(AT_FDCWD, at(f, "/root/etc/new"), F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(faccessat(AT_FDCWD, at(f, "/root/etc/old"), F_OK, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(access(at(f, "/root/etc/void"), F_OK), 0);
}

/* Made, changed, removed and made again: one name, or none. */
static void test_plan_again(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fsview_make_link(&f->view, "/lib/x", "one"), 0);
	assert_int_equal(fsview_make_link(&f->view, "/lib/x", "two"), 0);
	assert_string_equal(names_of(f, "/lib", false), "x ");
	assert_string_equal(fsview_readlink(&f->view, "/lib/x"), "two");
	assert_int_equal(fsview_remove(&f->view, "/lib/x"), 0);
	assert_string_equal(names_of(f, "/lib", false), "");
	assert_int_equal(fsview_make_link(&f->view, "/lib/x", "three"), 0);
	assert_string_equal(names_of(f, "/lib", false), "x ");
}

/* The same at the top, whose path has no name. */
static void test_plan_top(void **state)
{
	struct fixture *f = *state;

	make_link(f, "/root/old", "x");
	assert_int_equal(fsview_make_link(&f->view, "/new", "etc"), 0);
	assert_int_equal(fsview_remove(&f->view, "/old"), 0);
	assert_string_equal(fsview_resolve(&f->view, "/new/file"), "/etc/file");
	assert_string_equal(names_of(f, "/", false), "etc lib new ");
}

/* A link that a plan takes away may have led into a circle; one it makes may make one. */
static void test_plan_circle(void **state)
{
	struct fixture *f = *state;

	make_link(f, "/root/a", "b");
	make_link(f, "/root/b", "a");
	assert_null(fsview_resolve(&f->view, "/a"));
	assert_int_equal(fsview_remove(&f->view, "/b"), 0);
	assert_string_equal(fsview_resolve(&f->view, "/a"), "/b");
	assert_int_equal(fsview_make_link(&f->view, "/b", "/a"), 0);
	assert_null(fsview_resolve(&f->view, "/a"));
}

static void test_memory(void **state)
{
	struct fixture *f = *state;
	struct list names = { 0 };
	struct arena small;
	char buf[64];
	const char *text;
	size_t size;

	arena_init_fixed(&small, buf, 8);
	fsview_init(&f->view, &small, f->root);
	assert_null(fsview_simplify(&small, "/a/path/that/is/longer/than/that"));
	assert_null(fsview_resolve(&f->view, "/a/path/that/is/longer/than/that"));
	assert_int_equal(fsview_list(&f->view, "/etc", &names), -ENOMEM);
	assert_int_equal(fsview_read(&f->view, "/etc/file", &text, &size), -ENOMEM);
	assert_int_equal(fsview_make_link(&f->view, "/etc/x", "y"), -ENOMEM);
	assert_int_equal(fsview_remove(&f->view, "/etc/file"), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_simplify, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resolve, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stays_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_circle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_look, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plan, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plan_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plan_top, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plan_circle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
