// SPDX-License-Identifier: MIT
/* Targets below a root are found whatever is renamed and mounted on the machine meanwhile. */
#include "../test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/launch/mountapi.h"
#include "launchbox.h"

#define OPENS   20000
#define RENAMES 20000

/* counted: shared with who waits for them. */
static __attribute__((noreturn)) void rename_for_ever(int dir, volatile unsigned *counted)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		(void)!renameat(dir, "one", dir, "two");
		(void)!renameat(dir, "two", dir, "one");
		(*counted)++;
	}
}

/* The kernel does not say "try again" to us: a ".." during any rename of the machine is EAGAIN. */
static void test_dots_during_renames(void **state)
{
	struct launchbox *b = *state;
	volatile unsigned *counted = mmap(
		NULL, sizeof(*counted), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned failed = 0;
	pid_t pid;

	assert_true(counted != MAP_FAILED);
	assert_int_equal(mkdirat(b->fd, "a", 0755) | mkdirat(b->fd, "one", 0755), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		rename_for_ever(b->fd, counted);
	}
	for (int i = 0; i < OPENS || *counted < RENAMES; i++) {
		AUTO_CLOSE int fd = mount_open_target(b->fd, "/a/../a/../a/../a");

		failed += fd < 0;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlinkat(b->fd, "one", AT_REMOVEDIR);
	unlinkat(b->fd, "two", AT_REMOVEDIR);
	munmap((void *)counted, sizeof(*counted));
	assert_int_equal(failed, 0);
}

static int setup(void **state)
{
	*state = launchbox_new();
	return 0;
}

static int teardown(void **state)
{
	launchbox_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_dots_during_renames, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
