// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/stranger.h"

/* The exit status of a child that runs what. */
static int run(int (*what)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		_exit(what());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int is(uint32_t id)
{
	uid_t u[3];
	gid_t g[3], groups[1];

	if (stranger_become() != 0 || getresuid(&u[0], &u[1], &u[2]) != 0 ||
		getresgid(&g[0], &g[1], &g[2]) != 0 || getgroups(1, groups) != 0) {
		return 1;
	}
	for (size_t i = 0; i < 3; i++) {
		if (u[i] != id || g[i] != id) {
			return 2;
		}
	}
	return setresuid(0, 0, 0) == 0 ? 3 : 0;
}

/* The namespace in which this test runs may be without the number itself. */
static bool is_mapped(const char *path)
{
	FILE *file = fopen(path, "re");
	uint64_t inside, outside, n;
	bool mapped = !file; /* a kernel without user namespaces */

	while (file &&
		fscanf(file, "%" SCNu64 " %" SCNu64 " %" SCNu64, &inside, &outside, &n) == 3) {
		mapped |= inside <= STRANGER_ID && STRANGER_ID - inside < n;
	}
	if (file) {
		fclose(file);
	}
	return mapped;
}

static int is_stranger(void)
{
	bool both = is_mapped("/proc/self/uid_map") && is_mapped("/proc/self/gid_map");

	return is(both ? STRANGER_ID : 65534);
}

static int write_map(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, "0 0 65536", 9) != 9 ? -errno : 0;
}

/* With the ids that containers have. The map has to be written from outside. */
static int is_nobody_in_container(void)
{
	char path[64], byte;
	int ready[2], go[2], status;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		return 10;
	}
	if (pid == 0) {
		close(go[1]); /* who waits for the byte sees the end of whom it comes from */
		if (unshare(CLONE_NEWUSER) < 0) {
			_exit(77);
		}
		if (write(ready[1], "r", 1) != 1 || read(go[0], &byte, 1) != 1) {
			_exit(11);
		}
		_exit(is(65534));
	}
	close(ready[1]);
	close(go[0]);
	if (read(ready[0], &byte, 1) == 1) {
		snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
		status = write_map(path);
		snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
		if (status < 0 || write_map(path) < 0 || write(go[1], "g", 1) != 1) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
			return 77;
		}
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 13;
}

static void test_become(void **state)
{
	(void)state;
	assert_int_equal(run(is_stranger), 0);
}

static void test_container(void **state)
{
	int status = run(is_nobody_in_container);

	(void)state;
	if (status == 77) {
		print_message("not tried: no user namespaces here, or none with 65536 ids\n");
		skip();
	}
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_become),
		cmocka_unit_test(test_container),
	};

	if (geteuid() != 0) {
		printf("skipped: needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
