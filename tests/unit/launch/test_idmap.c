// SPDX-License-Identifier: MIT
/* Mounts that show other owners: who is exchanged, and who stays. */
#include "../test.h"

#include <sys/wait.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/launch/idmap.h"
#include "../../../runtime/launch/mountapi.h"
#include "launchbox.h"

#define NOBODY PLAN_UID_NOBODY

static bool may_mount;

/* A tmpfs on the box's directory: what can be mapped here decides the kernel for that. */
static int setup(void **state)
{
	struct launchbox *b = launchbox_new();

	*state = b;
	if (b->fd < 0 || (may_mount && mount("tmpfs", b->dir, "tmpfs", 0, "mode=0755") < 0)) {
		return -1;
	}
	close(b->fd);
	b->fd = open(b->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return b->fd < 0;
}

static int teardown(void **state)
{
	struct launchbox *b = *state;

	/* Nothing is freed in a launcher, whose end does that. */
	if (b->l.owner_ns > 0) {
		close(b->l.owner_ns);
	}
	if (b->l.fds[LAUNCH_TAG_USERNS] >= 0) {
		close(b->l.fds[LAUNCH_TAG_USERNS]);
	}
	launchbox_free(b);
	/* The process that held a namespace was waited for. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	return 0;
}

static void make(const struct launchbox *b, const char *name, uint32_t uid, uint32_t gid)
{
	assert_int_equal(mkdirat(b->fd, name, 0700), 0);
	assert_int_equal(fchownat(b->fd, name, uid, gid, 0), 0);
}

static int clone_of(const struct launchbox *b, const char *name)
{
	int tree = mount_clone(b->fd, name, 0);

	assert_true(tree >= 0);
	return tree;
}

static void assert_owner(int dir, const char *name, uint32_t uid, uint32_t gid)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, *name ? 0 : AT_EMPTY_PATH), 0);
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_gid, gid);
}

/* Whether there is anything to test; says why not. */
static bool can_map(struct launchbox *b)
{
	if (!may_mount) {
		printf("skipped: no mounts\n");
		return false;
	}
	b->l.plan.dirs_uid = b->l.plan.dirs_gid = 61234;
	if (!idmap_can_give(&b->l, b->fd)) {
		printf("skipped: this kernel maps no ids on a tmpfs\n");
		return false;
	}
	return true;
}

static void test_give(void **state)
{
	struct launchbox *b = *state;

	if (!can_map(b)) {
		return;
	}
	make(b, "d", NOBODY, NOBODY);
	make(b, "d/his", 61234, 61234);
	make(b, "d/root", 0, 0);
	make(b, "d/other", 1000, 70000);
	AUTO_CLOSE int tree = clone_of(b, "d");

	assert_int_equal(idmap_give(&b->l, tree), 0);
	assert_owner(tree, "", 61234, 61234);
	assert_owner(tree, "his", NOBODY, NOBODY);
	assert_owner(tree, "root", 0, 0);
	assert_owner(tree, "other", 1000, 70000);
	/* On the disk everything is as it was; what is made there by him is nobody's. */
	assert_owner(b->fd, "d", NOBODY, NOBODY);
	assert_int_equal(mkdirat(tree, "new", 0700), 0);
	assert_int_equal(fchownat(tree, "new", 61234, 61234, 0), 0);
	assert_owner(b->fd, "d/new", NOBODY, NOBODY);
}

/* Next to nobody, at both ends of all ids, and as the group alone. */
static void test_give_limits(void **state)
{
	static const uint32_t ids[] = { 0, 1, NOBODY - 1, NOBODY + 1, 1u << 31, UINT32_MAX - 1 };
	struct launchbox *b = *state;

	if (!can_map(b)) {
		return;
	}
	make(b, "d", NOBODY, NOBODY);
	make(b, "d/other", 1000, 1001);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		AUTO_CLOSE int tree = clone_of(b, "d");

		close(b->l.owner_ns);
		b->l.owner_ns = 0;
		b->l.plan.dirs_uid = ids[i];
		b->l.plan.dirs_gid = ids[sizeof(ids) / sizeof(ids[0]) - 1 - i];
		assert_int_equal(idmap_give(&b->l, tree), 0);
		assert_owner(tree, "", b->l.plan.dirs_uid, b->l.plan.dirs_gid);
		assert_owner(tree, "other", 1000, 1001);
	}
}

static void test_give_nothing(void **state)
{
	struct launchbox *b = *state;

	if (!can_map(b)) {
		return;
	}
	make(b, "d", 1000, NOBODY);
	make(b, "n", NOBODY, NOBODY);
	AUTO_CLOSE int plain = clone_of(b, "d");
	AUTO_CLOSE int nobodys = clone_of(b, "n");

	/* The top is somebody's already. */
	assert_int_equal(idmap_give(&b->l, plain), 0);
	assert_owner(plain, "", 1000, NOBODY);
	/* The owner is nobody himself. */
	b->l.plan.dirs_uid = NOBODY;
	assert_int_equal(idmap_give(&b->l, nobodys), 0);
	assert_owner(nobodys, "", NOBODY, NOBODY);
	assert_int_equal(idmap_give(&b->l, -1), -EBADF);
	/* A directory that is no detached mount of ours. */
	b->l.plan.dirs_uid = 61234;
	assert_int_equal(idmap_give(&b->l, nobodys), 0);
	assert_true(idmap_give(&b->l, b->fd) <= 0);
	assert_false(idmap_can_give(&b->l, -1));
}

/* A mount is mapped once. */
static void test_give_twice(void **state)
{
	struct launchbox *b = *state;

	if (!can_map(b)) {
		return;
	}
	make(b, "n", NOBODY, NOBODY);
	AUTO_CLOSE int tree = clone_of(b, "n");

	assert_int_equal(idmap_give(&b->l, tree), 0);
	assert_int_equal(idmap_give(&b->l, tree), 0); /* it is his: nothing to do */
	assert_owner(tree, "", 61234, 61234);
}

/* An id that is none cannot be given, and stays a failure for the rest of the start. */
static void test_bad_owner(void **state)
{
	struct launchbox *b = *state;

	if (!can_map(b)) {
		return;
	}
	make(b, "n", NOBODY, NOBODY);
	AUTO_CLOSE int tree = clone_of(b, "n");

	close(b->l.owner_ns);
	b->l.owner_ns = 0;
	b->l.plan.dirs_uid = UINT32_MAX;
	assert_true(idmap_give(&b->l, tree) < 0);
	assert_true(b->l.owner_ns < 0);
	assert_false(idmap_can_give(&b->l, b->fd));
	assert_owner(tree, "", NOBODY, NOBODY);
}

static void test_apply(void **state)
{
	struct plan_idmap rows[] = { { 0, 100000, 1000 }, { 1000, 1000, 1 },
		{ 1001, 101001, 64535 } };
	struct launchbox *b = *state;

	if (!can_map(b)) {
		return;
	}
	make(b, "d", 0, 0);
	make(b, "d/his", 1000, 5);
	make(b, "d/far", 1u << 30, 0);
	AUTO_CLOSE int tree = clone_of(b, "d");
	AUTO_CLOSE int again = clone_of(b, "d");

	b->l.plan.uid_map = b->l.plan.gid_map = (struct tlv_array) { .items = rows, .n = 3 };
	assert_int_equal(idmap_apply(&b->l, tree), 0);
	assert_true(b->l.userns_is_new);
	assert_owner(tree, "", 100000, 100000);
	assert_owner(tree, "his", 1000, 100005);
	assert_owner(tree, "far", NOBODY, 100000); /* no such id in there */
	/* One namespace for all trees of a unit; and again by the one that the slot had. */
	int ns = b->l.fds[LAUNCH_TAG_USERNS];

	b->l.userns_is_new = false;
	assert_int_equal(idmap_apply(&b->l, again), 0);
	assert_int_equal(b->l.fds[LAUNCH_TAG_USERNS], ns);
	assert_false(b->l.userns_is_new);
	assert_owner(again, "his", 1000, 100005);
	assert_int_equal(idmap_apply(&b->l, again), -EPERM);
	assert_int_equal(idmap_apply(&b->l, -1), -EBADF);
}

static void test_bad_map(void **state)
{
	struct plan_idmap overlap[] = { { 0, 100000, 1000 }, { 999, 5, 1 } };
	struct plan_idmap good[] = { { 0, 0, 1000 } };
	struct launchbox *b = *state;

	if (!can_map(b)) {
		return;
	}
	make(b, "d", 0, 0);
	AUTO_CLOSE int tree = clone_of(b, "d");

	b->l.plan.gid_map = (struct tlv_array) { .items = good, .n = 1 };
	b->l.plan.uid_map = (struct tlv_array) { .items = overlap, .n = 2 };
	assert_int_equal(idmap_apply(&b->l, tree), -EINVAL);
	assert_string_equal(b->l.text, "uid_map");
	b->l.plan.gid_map = b->l.plan.uid_map;
	assert_int_equal(idmap_apply(&b->l, tree), -EINVAL);
	assert_string_equal(b->l.text, "gid_map");
	assert_int_equal(b->l.fds[LAUNCH_TAG_USERNS], -1);
	assert_false(b->l.userns_is_new);
	assert_owner(tree, "", 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_give, setup, teardown),
		cmocka_unit_test_setup_teardown(test_give_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_give_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_give_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_apply, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_map, setup, teardown),
	};

	may_mount = launchbox_private();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
