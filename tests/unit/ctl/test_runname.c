// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../supervisor/ctl/runname.h"

struct place {
	char path[64];
	int fd;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	strcpy(p->path, "/tmp/supd-runname-XXXXXX");
	assert_non_null(mkdtemp(p->path));
	p->fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->fd >= 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	char command[96];

	snprintf(command, sizeof(command), "rm -rf %s", p->path);
	assert_int_equal(system(command), 0);
	close(p->fd);
	free(p);
	return 0;
}

static void put(const struct place *p, const char *name, const char *text)
{
	int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void expect(const struct place *p, const char *wanted)
{
	char name[LIMIT_UNIT_NAME] = "";

	assert_int_equal(run_name_next(p->path, name), 0);
	assert_string_equal(name, wanted);
}

static void test_in_turn(void **state)
{
	const struct place *p = *state;

	expect(p, "run-r0000.service");
	expect(p, "run-r0001.service");
	put(p, "run-r0002.service", "");
	put(p, "run-r0003.timer", "");
	assert_int_equal(symlinkat("/nonexistent", p->fd, "run-r0004.socket"), 0);
	put(p, "run-r0005.mount", "");
	expect(p, "run-r0005.service");
	put(p, ".run", "9999\n");
	expect(p, "run-r0000.service");
}

/* Whatever stands there, a name comes out. */
static void test_strange_counter(void **state)
{
	static const char *const texts[] = { "", "x", "10000\n", "-1", "99999999999999999999999" };
	const struct place *p = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put(p, ".run", texts[i]);
		expect(p, "run-r0000.service");
	}
}

static void test_all_taken(void **state)
{
	const struct place *p = *state;
	char name[LIMIT_UNIT_NAME] = "as it was";

	for (unsigned i = 0; i < RUN_NAMES; i++) {
		char file[32];

		snprintf(file, sizeof(file), "run-r%04u.service", i);
		assert_int_equal(symlinkat("x", p->fd, file), 0);
	}
	assert_int_equal(run_name_next(p->path, name), -EBUSY);
	assert_int_equal(unlinkat(p->fd, "run-r4711.service", 0), 0);
	expect(p, "run-r4711.service");
	assert_string_equal(name, "as it was");
}

static void test_no_place(void **state)
{
	char name[LIMIT_UNIT_NAME];

	(void)state;
	assert_int_equal(run_name_next("/nonexistent/transient", name), -ENOENT);
}

/* Several at once never get the same one. */
static void test_together(void **state)
{
	enum { PROCESSES = 4, EACH = 50 };
	const struct place *p = *state;
	pid_t pids[PROCESSES];
	int status;

	for (int k = 0; k < PROCESSES; k++) {
		pids[k] = fork();
		assert_true(pids[k] >= 0);
		for (int i = 0; pids[k] == 0 && i < EACH; i++) {
			char name[LIMIT_UNIT_NAME];

			if (run_name_next(p->path, name) < 0 || symlinkat("x", p->fd, name) < 0) {
				_exit(1);
			}
		}
		if (pids[k] == 0) {
			_exit(0);
		}
	}
	for (int k = 0; k < PROCESSES; k++) {
		assert_int_equal(waitpid(pids[k], &status, 0), pids[k]);
		assert_int_equal(status, 0);
	}
	expect(p, "run-r0200.service");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_strange_counter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_together, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
