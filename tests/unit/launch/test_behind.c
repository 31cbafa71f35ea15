// SPDX-License-Identifier: MIT
/* Which wall explains that a path cannot be reached. */
#include "../test.h"

#include <errno.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/launch/behind.h"

static const struct plan_mount mounts[] = {
	{ .kind = PLAN_MOUNT_INACCESSIBLE, .target = "/home", .origin = "hidden" },
	{ .kind = PLAN_MOUNT_BIND, .target = "/home/app", .origin = "bound" },
	{ .kind = PLAN_MOUNT_TMPFS, .target = "/srv", .origin = "empty" },
	{ .kind = PLAN_MOUNT_READ_ONLY, .target = "/usr", .origin = "ro" },
	{ .kind = PLAN_MOUNT_NOEXEC, .target = "/", .origin = "noexec" },
	{ .kind = PLAN_MOUNT_EXEC, .target = "/usr", .origin = "exec" },
};

static void test_rows(void **state)
{
	static const struct {
		const char *path;
		int error;
		const char *origin;
	} rows[] = {
		{ "/home/x", -EACCES, "hidden" },
		{ "/home", -EACCES, "hidden" },
		{ "/home/x", -ENOENT, "hidden" },
		{ "/home/x", -EPERM, NULL },
		{ "/homely/x", -ENOENT, NULL },
		{ "/home/app/x", -ENOENT, NULL },
		{ "/srv/x", -ENOENT, "empty" },
		{ "/opt/x", -ENOENT, NULL },
		{ "/opt/x", -EACCES, "noexec" },
		{ "/usr/bin/x", -EACCES, NULL },
		{ "/usr/bin/x", -ENOENT, NULL },
	};
	struct plan p = { .mounts = { (void *)(uintptr_t)mounts, ELEMENTSOF(mounts) } };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		const struct plan_mount *m = behind_wall(&p, rows[i].path, rows[i].error);

		if (!rows[i].origin) {
			assert_null(m);
			continue;
		}
		assert_non_null(m);
		assert_string_equal(m->origin, rows[i].origin);
	}
	assert_null(behind_wall(&(struct plan) { .root_dir = NULL }, "/home", -EACCES));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
