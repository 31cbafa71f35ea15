// SPDX-License-Identifier: MIT
#include "warm.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/sysx.h"
#include "../plan/launchwire.h"
#include "../plan/plan.h"
#include "nsfd.h"

/*
 * CLONE_PARENT: supd-init reaps it, and knows its pid before it gives it a job. With a cgroup it is
 * born there and in new namespaces, but for the one of cgroups, whose root would be our own.
 */
static pid_t copy(const struct launch_more *more, int job, int cgroup)
{
	struct clone_args args = { .flags = CLONE_PARENT };

	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP | nsfd_clone_flags(more->namespaces);
		args.cgroup = (uint64_t)cgroup;
	}
	pid_t pid = sysx_clone3(&args);

	if (pid == 0) {
		if (dup3(job, LAUNCH_FD, O_CLOEXEC) < 0) {
			_exit(1);
		}
		close(job);
		if (cgroup >= 0) {
			close(cgroup);
		}
	}
	return pid < 0 ? -errno : pid;
}

/* Two descriptors with namespaces, one without. */
static bool is_sound(const struct launch_more *more, ssize_t size, size_t n)
{
	return size == (ssize_t)sizeof(*more) && more->magic == LAUNCH_MAGIC &&
	       n == (more->namespaces ? 2 : 1) && !(more->namespaces & PLAN_NS_USER);
}

uint32_t warm_serve(void)
{
	for (;;) {
		struct launch_more more;
		int fds[2] = { -1, -1 };
		size_t n = ELEMENTSOF(fds);
		ssize_t size = fd_recv(LAUNCH_FD, &more, sizeof(more), fds, &n, 0);

		if (size == 0) {
			_exit(0);
		}
		if (size == -EINTR) {
			continue;
		}
		if (!is_sound(&more, size, n)) {
			_exit(1);
		}
		more.pid = copy(&more, fds[0], n > 1 ? fds[1] : -1);
		if (more.pid == 0) {
			return more.namespaces;
		}
		/* Before the answer: who gets the pid tells by the closed socket that the copy is
		 * dead. */
		for (size_t i = 0; i < n; i++) {
			close(fds[i]);
		}
		if (fd_send(LAUNCH_FD, &more, sizeof(more), NULL, 0, 0) < 0) {
			_exit(1);
		}
	}
}
