// SPDX-License-Identifier: MIT
#include "findings.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../runtime/base/timeutil.h"

#define POLL_US 10000

void findings_look(struct sys *s)
{
	usec_t deadline = now_us() + SYS_WITHIN_SEC * USEC_PER_SEC;
	pid_t pid = getenv("SUPD_SANITIZED") ? sys_supd_pid(s) : 0;

	if (pid <= 1 || kill(pid, SIGTERM) < 0) {
		return;
	}
	/* supd-init reaps it. */
	while (kill(pid, 0) == 0 && now_us() < deadline) {
		nanosleep(&(struct timespec) { .tv_nsec = POLL_US * 1000 }, NULL);
	}
}

bool findings_print(struct sys *s)
{
	static char said[262144];

	sys_file(s, "init.out", said, sizeof(said));
	if (!strstr(said, "Sanitizer:") && !strstr(said, "runtime error: ")) {
		return false;
	}
	fprintf(stderr, "FAILED: a sanitizer's report\n--- supd-init:\n%s\n", said);
	return true;
}
