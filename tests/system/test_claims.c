// SPDX-License-Identifier: MIT
/* What DESIGN says of the privileges of the running programs, read from /proc. */
#include "../unit/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "harness.h"

static const char *const claims[] = { "CapInh:\t0000000000000000\n", "CapPrm:\t0000000000000000\n",
	"CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n", "CapAmb:\t0000000000000000\n",
	"NoNewPrivs:\t1\n", "\nGroups:\t \n" };

static bool read_status(pid_t pid, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read_full(fd, text, size - 1);

	text[n < 0 ? 0 : n] = 0;
	return n > 0;
}

/* The child of supd-init with that name; 0: none. */
static pid_t child_named(struct sys *s, const char *name)
{
	char path[96], text[4096], want[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", s->init, s->init);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : fd_read_full(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = 0;
	snprintf(want, sizeof(want), "Name:\t%s\n", name);
	for (char *at = text, *end; *at; at = end + (*end == ' ')) {
		char status[8192];
		pid_t pid = (pid_t)strtol(at, &end, 10);

		if (end == at) {
			break;
		}
		if (read_status(pid, status, sizeof(status)) &&
			strncmp(status, want, strlen(want)) == 0) {
			return pid;
		}
	}
	return 0;
}

/* It puts its filter on when it runs already. */
static bool log_runs(struct sys *s, void *arg)
{
	char text[8192];
	pid_t pid = child_named(s, "supd-log");

	*(pid_t *)arg = pid;
	return pid > 0 && read_status(pid, text, sizeof(text)) &&
	       (getenv("SUPD_SANITIZED") || strstr(text, "Seccomp:\t2\n"));
}

static void check_process(struct sys *s, pid_t pid, const char *name, bool filtered)
{
	char text[8192];

	if (!read_status(pid, text, sizeof(text))) {
		sys_fail(s, "no status of %s", name);
	}
	for (size_t i = 0; i < ELEMENTSOF(claims); i++) {
		if (!strstr(text, claims[i])) {
			sys_fail(s, "%s lacks %s:\n%s", name, claims[i], text);
		}
	}
	if (strstr(text, "\nUid:\t0\t") || (filtered && !strstr(text, "Seccomp:\t2\n"))) {
		sys_fail(s, "%s is root or has no filter:\n%s", name, text);
	}
}

static void test_privileges(void **state)
{
	struct sys *s = sys_new();
	pid_t log = 0;
	bool filtered = getenv("SUPD_SANITIZED") == NULL;

	(void)state;
	sys_unit(s, "a.service", "[Service]\nExecStart=/bin/sh -c 'echo hi; exec sleep 1000'\n");
	sys_start(s, (const char *const[]) { "a.service", NULL });
	check_process(s, sys_supd_pid(s), "supd", filtered);
	sys_wait_for(s, "supd-log with its filter", log_runs, &log);
	check_process(s, log, "supd-log", filtered);
	sys_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_privileges) };

	sys_require();
	sys_private(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
