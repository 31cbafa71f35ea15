// SPDX-License-Identifier: MIT
/*
 * supd-log: writes what services say into one directory per unit. Started by supd-init with the
 * descriptors of enum log_fd, under a uid of its own; not to be run by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../../runtime/base/limits.h"
#include "../../runtime/plan/logwire.h"
#include "logsandbox.h"
#include "logserver.h"
#include "logstore.h"

#define OWN_FDS 64u

static int fail(const char *step, int error)
{
	dprintf(STDERR_FILENO, "supd-log: %s: %s\n", step, strerror(-error));
	return 1;
}

static int check_fds(void)
{
	for (int fd = LOG_FD_CHANNEL; fd <= LOG_FD_NATIVE; fd++) {
		if (fcntl(fd, F_GETFD) < 0) {
			return -errno;
		}
	}
	return 0;
}

/* As many streams as the hard limit lets us have; where it is lower connections are refused. */
static void raise_fd_limit(void)
{
	struct rlimit limit;
	rlim_t want = LIMIT_LOG_STREAMS + LOGSTORE_OPEN + OWN_FDS;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < want) {
		limit.rlim_cur = want < limit.rlim_max ? want : limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(void)
{
	struct logserver *server = NULL;
	int r = check_fds();

	if (r < 0) {
		return fail(
			"descriptors 3 to 6 are not there: supd-log is started by supd-init", r);
	}
	umask(0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file size limit is a write error */
	raise_fd_limit();
	r = logsandbox_drop();
	if (r < 0) {
		return fail("must run under a uid of its own, without capabilities", r);
	}
	r = logserver_new(&server);
	if (r < 0) {
		return fail("start", r);
	}
	r = logsandbox_seal();
	if (r < 0) {
		return fail("seccomp", r);
	}
	r = logserver_run(server);
	logserver_free(server);
	return r < 0 ? fail("event loop", r) : 0;
}
