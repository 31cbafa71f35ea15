// SPDX-License-Identifier: MIT
/* Rows of mounts as the launcher prepares them. */
#include "../test.h"

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/launch/trees.h"
#include "launchbox.h"

static bool may_mount;

static int setup(void **state)
{
	struct launchbox *b = launchbox_new();

	*state = b;
	return b->fd < 0;
}

static int teardown(void **state)
{
	launchbox_free(*state);
	return 0;
}

/* Somebody else's link in the way of the place, which is an error where something is to go there.
 */
static void test_left_out(void **state)
{
	struct launchbox *b = *state;
	struct launch *l = &b->l;
	char source[96], target[96];
	struct plan_mount row = { .kind = PLAN_MOUNT_BIND,
		.source = source,
		.target = target,
		.flags = PLAN_MOUNT_F_IGNORE_MISSING,
		.origin = "box.service:3" };

	if (!may_mount) {
		skip();
	}
	snprintf(source, sizeof(source), "%s/source", b->dir);
	snprintf(target, sizeof(target), "%s/link/x", b->dir);
	assert_int_equal(symlinkat("/", b->fd, "link"), 0);
	assert_int_equal(fchownat(b->fd, "link", 65534, 65534, AT_SYMLINK_NOFOLLOW), 0);
	l->plan.namespaces = PLAN_NS_MOUNT;
	l->plan.mounts = (struct tlv_array) { .items = &row, .n = 1 };
	assert_int_equal(launch_prepare_trees(l), 0);
	assert_int_equal(l->trees.row[0], ROW_SKIPPED);
	assert_int_equal(mkdirat(b->fd, "source", 0755), 0);
	assert_int_equal(launch_prepare_trees(l), -ELOOP);
	assert_string_equal(l->origin, "box.service:3");
	close(l->trees.row[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_left_out, setup, teardown),
	};

	/* Where supd-init and its launchers are. */
	may_mount = launchbox_private() && chdir("/") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
