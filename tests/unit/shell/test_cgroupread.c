// SPDX-License-Identifier: MIT
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../runtime/base/limits.h"
#include "../../../supervisor/cgroupread.h"

struct tree {
	struct cgroup_root root;
	char dir[64];
};

static const char *const directories[] = { "/a.service", "/a.service/sub" };
static const struct {
	const char *name;
	const char *text;
} files[] = {
	{ "/a.service/cgroup.procs", "0\n1\n" },
	{ "/a.service/sub/cgroup.procs", "2\n3\n" },
	{ "/a.service/memory.current", "4096\n" },
	{ "/a.service/pids.max", "max\n" },
	{ "/a.service/memory.high", "max\n" },
	{ "/a.service/memory.max", "10000\n" },
	{ "/a.service/cpu.max", "20000 100000\n" },
	{ "/a.service/io.stat", "8:0 rbytes=5 wbytes=7 rios=1 wios=2\n8:16 rbytes=6 wbytes=0\n" },
	{ "/a.service/cpu.stat", "usage_usec 77\nuser_usec 5\n" },
};

static int setup(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));
	char path[160];
	FILE *f;

	strcpy(t->dir, "/tmp/supd-cgroup-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s%s", t->dir, directories[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", t->dir, files[i].name);
		f = fopen(path, "we");
		assert_non_null(f);
		fputs(files[i].text, f);
		fclose(f);
	}
	snprintf(t->root.path, sizeof(t->root.path), "%s", t->dir);
	t->root.mount = 4; /* "/tmp" */
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tree *t = *state;
	char path[160];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", t->dir, files[i].name);
		unlink(path);
	}
	for (size_t i = 2; i-- > 0;) {
		snprintf(path, sizeof(path), "%s%s", t->dir, directories[i]);
		rmdir(path);
	}
	rmdir(t->dir);
	free(t);
	return 0;
}

static void test_values(void **state)
{
	struct tree *t = *state;
	char shown[LIMIT_PATH], want[128];

	assert_int_equal(cgroup_read_number(&t->root, "a.service", "memory.current"), 4096);
	assert_true(cgroup_read_number(&t->root, "a.service", "pids.max") == CGROUP_NOT_SET);
	assert_true(cgroup_read_number(&t->root, "a.service", "absent") == CGROUP_NOT_SET);
	assert_int_equal(cgroup_read_key(&t->root, "a.service", "cpu.stat", "usage_usec"), 77);
	assert_true(cgroup_read_key(&t->root, "a.service", "cpu.stat", "usage") == CGROUP_NOT_SET);
	assert_int_equal(cgroup_read_sum(&t->root, "a.service", "io.stat", "rbytes"), 11);
	assert_int_equal(cgroup_read_sum(&t->root, "a.service", "io.stat", "wios"), 2);
	assert_true(
		cgroup_read_sum(&t->root, "a.service/sub", "io.stat", "rios") == CGROUP_NOT_SET);
	assert_int_equal(cgroup_read_quota(&t->root, "a.service"), 200000);
	assert_true(cgroup_read_quota(&t->root, "a.service/sub") == CGROUP_NOT_SET);
	assert_int_equal(cgroup_memory_left(&t->root, "a.service/sub"), 5904);
	assert_true(cgroup_memory_left(&t->root, "gone") == CGROUP_NOT_SET);
	cgroup_shown_path(&t->root, "a.service", shown);
	snprintf(want, sizeof(want), "%s/a.service", t->dir + 4);
	assert_string_equal(shown, want);
}

static void test_pids(void **state)
{
	struct tree *t = *state;

	assert_int_equal(cgroup_count_pids(&t->root, "a.service"), 3);
	assert_int_equal(cgroup_count_pids(&t->root, "a.service/sub"), 2);
	assert_int_equal(cgroup_count_pids(&t->root, "gone"), 0);
	assert_int_equal(cgroup_count_pids(&t->root, ""), 3);
}

static void test_process(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(process_parent(getpid()), getppid());
	process_command_line(getpid(), text, sizeof(text));
	assert_non_null(strstr(text, "test_shell_cgroupread"));
	process_command_line(-1, text, sizeof(text));
	assert_string_equal(text, "[?]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pids, setup, teardown),
		cmocka_unit_test(test_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
