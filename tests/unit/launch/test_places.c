// SPDX-License-Identifier: MIT
/* What the kernel itself shows a unit: API file systems, cgroups, host name. */
#include "../test.h"

#include <sys/statvfs.h>
#include <sys/wait.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/launch/mountapi.h"
#include "../../../runtime/launch/places.h"
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
	struct launchbox *b = *state;
	const int fds[] = { b->l.trees.proc, b->l.trees.host_dev, b->l.trees.sys, b->l.trees.run,
		b->l.root_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
	launchbox_free(b);
	return 0;
}

static bool can_mount(void)
{
	if (!may_mount) {
		printf("skipped: no mounts\n");
	}
	return may_mount;
}

/* Empty, and mounted where things can be attached to it. */
static void make_root(struct launchbox *b)
{
	assert_int_equal(mount("tmpfs", b->dir, "tmpfs", 0, "mode=0755"), 0);
	b->l.root_fd = open(b->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(b->l.root_fd >= 0);
}

static unsigned long flags_of(int dir, const char *path)
{
	AUTO_CLOSE int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	struct statvfs st;

	assert_true(fd >= 0);
	assert_int_equal(fstatvfs(fd, &st), 0);
	return st.f_flag;
}

/* Without its flag no step does anything. */
static void test_not_asked(void **state)
{
	struct launchbox *b = *state;

	b->l.plan.flags = ~(uint32_t)(PLAN_API_VFS | PLAN_CGROUP_MOUNT);
	assert_int_equal(launch_prepare_api_vfs(&b->l), 0);
	assert_int_equal(b->l.trees.run, -1);
	assert_int_equal(b->l.trees.sys, -1);
	assert_int_equal(launch_attach_api_vfs(&b->l), 0);
	assert_int_equal(launch_attach_cgroups(&b->l), 0);
	assert_int_equal(launch_set_host_name(&b->l), 0);
}

static void test_api_vfs(void **state)
{
	struct launchbox *b = *state;
	struct stat st;

	if (!can_mount()) {
		return;
	}
	make_root(b);
	b->l.plan.flags = PLAN_API_VFS;
	b->l.plan.hide_dir = "/run/box/supd";
	assert_int_equal(launch_prepare_api_vfs(&b->l), 0);
	assert_true(b->l.trees.proc >= 0);
	assert_int_equal(fstatat(b->l.trees.run, "", &st, AT_EMPTY_PATH), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(fstatat(b->l.trees.run, "box/supd", &st, 0), 0);
	assert_int_equal(fstatat(b->l.trees.run, "credentials", &st, 0), 0);
	assert_int_equal(launch_attach_api_vfs(&b->l), 0);
	assert_int_equal(fstatat(b->l.root_fd, "dev/null", &st, 0), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(fstatat(b->l.root_fd, "sys/kernel", &st, 0), 0);
	assert_int_equal(fstatat(b->l.root_fd, "run/box/supd", &st, 0), 0);
	assert_int_equal(
		flags_of(b->l.root_fd, "run") & (ST_NOSUID | ST_NODEV), ST_NOSUID | ST_NODEV);
	/* /proc is attached with the other walls. */
	assert_int_equal(fstatat(b->l.root_fd, "proc", &st, 0), -1);
}

/* What the plan has better ones of is not taken from the host. */
static void test_better_ones(void **state)
{
	struct launchbox *b = *state;
	AUTO_CLOSE int own = -1;
	struct stat st;

	if (!can_mount()) {
		return;
	}
	own = mount_new("tmpfs", NULL, 0);
	assert_true(own >= 0);
	b->l.plan.flags = PLAN_API_VFS | PLAN_PROC_FRESH;
	b->l.plan.hide_dir = "/var/lib/box"; /* not below /run: nothing to make there */
	b->l.trees.dev = own;
	assert_int_equal(launch_prepare_api_vfs(&b->l), 0);
	assert_int_equal(b->l.trees.proc, -1);
	assert_int_equal(b->l.trees.host_dev, -1);
	assert_true(b->l.trees.sys >= 0);
	assert_int_equal(fstatat(b->l.trees.run, "var", &st, 0), -1);
}

/* A root whose /sys leads out of it, and one where nothing can be made. */
static void test_hostile_root(void **state)
{
	struct launchbox *b = *state;
	struct stat st;

	if (!can_mount()) {
		return;
	}
	make_root(b);
	b->l.trees.root = b->l.root_fd; /* a root of its own, which the links stay in */
	assert_int_equal(symlinkat("../../../../../inside", b->l.root_fd, "sys"), 0);
	assert_int_equal(mkdirat(b->l.root_fd, "inside", 0755), 0);
	assert_int_equal(mknodat(b->l.root_fd, "run", S_IFREG | 0600, 0), 0);
	b->l.plan.flags = PLAN_API_VFS;
	assert_int_equal(launch_prepare_api_vfs(&b->l), 0);
	assert_true(launch_attach_api_vfs(&b->l) < 0); /* ENOTDIR, or EINVAL of later kernels */
	assert_string_equal(b->l.text, "MountAPIVFS= on /run");
	assert_int_equal(fstatat(b->l.root_fd, "inside/kernel", &st, 0), 0);
	/* An overlong directory to hide. */
	char path[LIMIT_PATH + 32];

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	memcpy(path, "/run/", 5);
	b->l.plan.hide_dir = path;
	close(b->l.trees.sys);
	close(b->l.trees.run);
	close(b->l.trees.host_dev);
	assert_int_equal(launch_prepare_api_vfs(&b->l), -ENAMETOOLONG);
	assert_string_equal(b->l.text, "tmpfs /run");
}

static void test_cgroups(void **state)
{
	struct launchbox *b = *state;
	struct stat st;
	int r;

	if (!can_mount()) {
		return;
	}
	make_root(b);
	b->l.plan.flags = PLAN_CGROUP_MOUNT | PLAN_CGROUP_READ_ONLY;
	r = launch_attach_cgroups(&b->l);
	if (r == -EBUSY || r == -EPERM || r == -ENODEV) {
		printf("skipped: no cgroup2 here: %s\n", strerror(-r));
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(fstatat(b->l.root_fd, "sys/fs/cgroup/cgroup.procs", &st, 0), 0);
	assert_true(flags_of(b->l.root_fd, "sys/fs/cgroup") & ST_RDONLY);
	assert_true(flags_of(b->l.root_fd, "sys/fs/cgroup") & ST_NOEXEC);
	b->l.plan.flags = PLAN_CGROUP_MOUNT;
	assert_int_equal(launch_attach_cgroups(&b->l), 0);
	assert_false(flags_of(b->l.root_fd, "sys/fs/cgroup") & ST_RDONLY);
	/* No place for it. */
	close(b->l.root_fd);
	b->l.root_fd = open("/dev/null", O_PATH | O_CLOEXEC);
	assert_int_equal(launch_attach_cgroups(&b->l), -ENOTDIR);
	assert_string_equal(b->l.text, "ProtectControlGroups= on /sys/fs/cgroup");
}

/* In a child whose name it is alone. */
static int name_in_child(struct launch *l)
{
	char found[80] = "";
	int r;

	if (unshare(CLONE_NEWUTS) < 0) {
		return 10;
	}
	l->plan.namespaces = PLAN_NS_UTS;
	l->plan.host_name = "box.example";
	r = launch_set_host_name(l);
	if (r < 0 || gethostname(found, sizeof(found)) < 0 || strcmp(found, "box.example") != 0) {
		return 11;
	}
	l->plan.host_name = "0123456789012345678901234567890123456789012345678901234567890123x";
	if (launch_set_host_name(l) != -EINVAL || strncmp(l->text, "ProtectHostname= 0123", 21)) {
		return 12;
	}
	return gethostname(found, sizeof(found)) < 0 || strcmp(found, "box.example") != 0 ? 13 : 0;
}

static void test_host_name(void **state)
{
	struct launchbox *b = *state;
	char before[80] = "", after[80] = "";
	int status;
	pid_t pid;

	assert_int_equal(gethostname(before, sizeof(before) - 1), 0);
	/* The host's own is never touched. */
	b->l.plan.host_name = "box.example";
	assert_int_equal(launch_set_host_name(&b->l), -EINVAL);
	assert_string_equal(b->l.text, "host name without a UTS namespace");
	if (!can_mount()) {
		return;
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		_exit(name_in_child(&b->l));
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(gethostname(after, sizeof(after) - 1), 0);
	assert_string_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_not_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_api_vfs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_better_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_root, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cgroups, setup, teardown),
		cmocka_unit_test_setup_teardown(test_host_name, setup, teardown),
	};

	may_mount = launchbox_private();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
