// SPDX-License-Identifier: MIT
/*
 * supd: unprivileged, restartable at any instant. Started by supd-init with the descriptors
 * of enum supd_fd; takes no arguments and reads no configuration: everything it must know comes in
 * HELLO and the manifests.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "../runtime/plan/wire.h"
#include "selfseccomp.h"
#include "shell.h"
#include "unitlog.h"

/* As glibc begins with; it would raise this with the first large block that is freed. */
#define MMAP_THRESHOLD (128 * 1024)

static int check_descriptors(void)
{
	static const int fds[] = { SUPD_FD_REQUEST, SUPD_FD_EVENT, SUPD_FD_CONTROL };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fcntl(fds[i], F_SETFD, FD_CLOEXEC) < 0) {
			return -errno;
		}
	}
	/* Where there are no audit records there may be nothing. */
	(void)fcntl(SUPD_FD_AUDIT, F_SETFD, FD_CLOEXEC);
	return 0;
}

/* Started by hand or by a test there may be none: then the number is anything's. */
static int stamps_descriptor(void)
{
	struct stat st;

	if (fstat(SUPD_FD_STAMPS, &st) < 0 || !S_ISREG(st.st_mode) ||
		fcntl(SUPD_FD_STAMPS, F_SETFD, FD_CLOEXEC) < 0) {
		return -1;
	}
	return SUPD_FD_STAMPS;
}

static int complain(const char *what, int error)
{
	fprintf(stderr, "supd: %s: %s\n", what, strerror(-error));
	return 1;
}

int main(void)
{
	struct shell shell;
	int r = check_descriptors();

	if (r < 0) {
		return complain("started without supd-init's descriptors", r);
	}
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
		return complain("SIGPIPE", -errno);
	}
	(void)mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	r = shell_init(&shell, stamps_descriptor());
	if (r < 0) {
		return complain("setting up", r);
	}
	r = selfseccomp_apply();
	if (r < 0) {
		return complain("system call filter", r);
	}
	r = shell_run(&shell);
	if (r < 0) {
		unitlog_plain(&shell, LOG_ERR, "supd: leaving: %s; the next one takes over",
			strerror(-r));
	}
	shell_fini(&shell);
	return r < 0 ? complain("leaving", r) : 0;
}
