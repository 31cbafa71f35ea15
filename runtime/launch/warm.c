// SPDX-License-Identifier: MIT
#include "warm.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../base/fd.h"
#include "../base/sysx.h"
#include "../plan/launchwire.h"

/* CLONE_PARENT: supd-init reaps it, and knows its pid before it gives it a job. */
static pid_t copy(int job)
{
	struct clone_args args = { .flags = CLONE_PARENT };
	pid_t pid = sysx_clone3(&args);

	if (pid == 0) {
		if (dup3(job, LAUNCH_FD, O_CLOEXEC) < 0) {
			_exit(1);
		}
		close(job);
	}
	return pid < 0 ? -errno : pid;
}

void warm_serve(void)
{
	for (;;) {
		struct launch_more more;
		size_t n = 1;
		int job = -1;
		ssize_t size = fd_recv(LAUNCH_FD, &more, sizeof(more), &job, &n, 0);

		if (size == 0) {
			_exit(0);
		}
		if (size == -EINTR) {
			continue;
		}
		if (size != (ssize_t)sizeof(more) || more.magic != LAUNCH_MAGIC || n != 1) {
			_exit(1);
		}
		more.pid = copy(job);
		if (more.pid == 0) {
			return;
		}
		close(job);
		if (fd_send(LAUNCH_FD, &more, sizeof(more), NULL, 0, 0) < 0) {
			_exit(1);
		}
	}
}
