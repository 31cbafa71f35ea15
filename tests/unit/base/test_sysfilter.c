// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/sysfilter.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ENFORCED false
#else
#define ENFORCED true
#endif

static const uint32_t allowed[] = { SYS_exit_group, SYS_getpid };
static const uint32_t deadly[] = { SYS_getppid };
static const struct sysfilter_condition conditions[] = {
	{ SYS_fcntl, 1, UINT32_MAX, F_GETFD },
	{ SYS_fcntl, 1, UINT32_MAX, F_GETFL },
};

static const struct sysfilter filter = {
	.allowed = allowed,
	.n_allowed = ELEMENTSOF(allowed),
	.conditions = conditions,
	.n_conditions = ELEMENTSOF(conditions),
	.deadly = deadly,
	.n_deadly = ELEMENTSOF(deadly),
	.otherwise = SECCOMP_RET_ERRNO | EXDEV,
};

/* Exit status of a child under the filter: the call's errno, 0 when it is allowed. */
static int status_of(long number, long a, long b)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (sysfilter_apply(&filter) < 0) {
			_exit(100);
		}
		_exit(syscall(number, a, b) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_calls(void **state)
{
	(void)state;
	if (!ENFORCED) {
		skip();
	}
	assert_int_equal(WEXITSTATUS(status_of(SYS_getpid, 0, 0)), 0);
	assert_int_equal(WEXITSTATUS(status_of(SYS_fcntl, 0, F_GETFD)), 0);
	assert_int_equal(WEXITSTATUS(status_of(SYS_fcntl, 0, F_GETFL)), 0);
	assert_int_equal(WEXITSTATUS(status_of(SYS_fcntl, 0, F_SETFD)), EXDEV);
	assert_int_equal(WEXITSTATUS(status_of(SYS_getuid, 0, 0)), EXDEV);
	assert_int_equal(WTERMSIG(status_of(SYS_getppid, 0, 0)), SIGSYS);
	assert_int_equal(WTERMSIG(status_of(0x40000000 | SYS_getpid, 0, 0)), SIGSYS);
}

static void test_too_long(void **state)
{
	struct sysfilter longer = filter;

	(void)state;
	longer.n_allowed = SYSFILTER_INSNS / 2;
	assert_int_equal(sysfilter_apply(&longer), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
