// SPDX-License-Identifier: MIT
/* The links beside a unit's directories; moving TOP/NAME needs the real TOP and is tested with it
 * in tests/system/test_ids.c. */
#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/launch/dirmove.h"
#include "../../../runtime/launch/dirs.h"
#include "../../../runtime/plan/plan.h"

static char base[] = "/tmp/dirmove-test-XXXXXX";

static const char *at(const char *rest)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", base, rest);
	return path;
}

static void test_alias(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(dir_ensure(at("real")), 0);
	assert_int_equal(dirmove_alias(at("a/b/link"), at("real")), 0);
	assert_int_equal(stat(at("a/b/link"), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	/* Again is no error, another target is, and so is what is no link. */
	assert_int_equal(dirmove_alias(at("a/b/link"), at("real")), 0);
	assert_int_equal(dirmove_alias(at("a/b/link"), at("other")), -EEXIST);
	assert_int_equal(dirmove_alias(at("real"), at("real")), -EEXIST);
}

static void test_unalias(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(dirmove_unalias(at("a/b/link"), at("other")), 0);
	assert_int_equal(lstat(at("a/b/link"), &st), 0);
	assert_int_equal(dirmove_unalias(at("a/b/link"), at("real")), 0);
	assert_int_equal(lstat(at("a/b/link"), &st), -1);
	assert_int_equal(dirmove_unalias(at("a/b/link"), at("real")), 0);
	assert_int_equal(dirmove_unalias(at("none/link"), at("real")), 0);
	assert_int_equal(dirmove_unalias(at("real"), at("real")), 0);
	assert_int_equal(lstat(at("real"), &st), 0);
}

static void test_kinds(void **state)
{
	struct plan_dir dir = { .kind = PLAN_DIR_RUNTIME, .path = at("x") };

	(void)state;
	assert_int_equal(dirmove_settle(&dir), 0);
	assert_string_equal(plan_dir_top(PLAN_DIR_STATE), "/var/lib");
	assert_true(plan_dir_may_be_private(PLAN_DIR_LOGS));
	assert_false(plan_dir_may_be_private(PLAN_DIR_CONFIGURATION));
}

static void test_names(void **state)
{
	static const char *const good[] = { "a", "a.b", "my_key-1", "x*", "@system" };
	static const char *const bad[] = { "", ".", "..", "a/b", "a:b", "a b", "\x01", "\xc3\xa4" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(plan_credential_name_is_valid(good[i]));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(plan_credential_name_is_valid(bad[i]));
	}
	assert_false(plan_credential_name_is_valid(NULL));
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(base) ? 0 : -1;
}

static int teardown(void **state)
{
	const char *name;
	int parent = dir_open_parent(base, &name);
	int r = dir_remove(parent, name);

	(void)state;
	close(parent);
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alias),
		cmocka_unit_test(test_unalias),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
