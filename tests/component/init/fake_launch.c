// SPDX-License-Identifier: MIT
/* Stands in for supd-launch: clones into the cgroup or joins it, CLONE_PARENT, execs. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../runtime/base/sysx.h"
#include "../../../runtime/plan/launchwire.h"
#include "fake.h"

static int report(enum launch_report_type type, uint32_t step, int32_t value)
{
	struct launch_report r = {
		.magic = LAUNCH_MAGIC, .type = type, .step = step, .value = value
	};

	if (type == LAUNCH_FAILED) {
		strcpy(r.text, "bind /srv/x");
		strcpy(r.origin, "a.service:14");
	}
	return fd_send(LAUNCH_FD, &r, sizeof(r), NULL, 0, 0);
}

static int receive(struct launch_job *job)
{
	struct launch_fds head;
	int cgroup = -1;

	for (uint32_t got = 0; got == 0 || got < job->n_fds;) {
		int fds[LIMIT_SCM_FDS];
		size_t n = LIMIT_SCM_FDS;
		ssize_t size = got ? fd_recv(LAUNCH_FD, &head, sizeof(head), fds, &n, 0)
				   : fd_recv(LAUNCH_FD, job, sizeof(*job), fds, &n, 0);

		head = got ? head : job->fds;
		if (size <= 0 || n != head.n) {
			return -1;
		}
		for (size_t i = 0; i < n; i++) {
			cgroup = head.tags[i] == LAUNCH_TAG_CGROUP ? fds[i] : cgroup;
		}
		got += (uint32_t)n;
	}
	return cgroup;
}

/* What a service could send that owns its supd-nsinit: numbers out of range, for ever. */
static void forge(void)
{
	static const struct launch_report forged[] = {
		{ .type = LAUNCH_PAYLOAD },
		{ .type = LAUNCH_EXITED, .step = 77, .value = -9999 },
		{ .type = LAUNCH_RESULT, .value = 42 },
		{ .type = LAUNCH_FAILED, .step = 100000, .value = -5 },
		{ .type = LAUNCH_FDS, .n_tags = UINT32_MAX, .tags = { LAUNCH_TAG_USERNS } },
		{ .type = UINT32_MAX },
	};

	report(LAUNCH_EXEC_NOW, 0, 0);
	report(LAUNCH_EXECED, 0, 0);
	report(LAUNCH_CHILD, 0, getppid());
	for (size_t i = 0;; i++) {
		struct launch_report r = forged[i % ELEMENTSOF(forged)];
		bool with_fd = r.type == LAUNCH_FDS && i < 100;
		const int fd = STDIN_FILENO;

		r.magic = LAUNCH_MAGIC;
		fd_send(LAUNCH_FD, &r, sizeof(r), &fd, with_fd ? 1 : 0, 0);
	}
}

/* PAYLOAD in the name of another process, as privileges over a PID namespace allow. */
static void name_payload(pid_t pid)
{
	const struct launch_report r = { .magic = LAUNCH_MAGIC, .type = LAUNCH_PAYLOAD };
	const struct ucred sender = { .pid = pid };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(sender))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(sender)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_CREDENTIALS } };
	struct iovec iov = { (void *)(uintptr_t)&r, sizeof(r) };
	const struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space) };

	memcpy(CMSG_DATA(&control.header), &sender, sizeof(sender));
	if (sendmsg(LAUNCH_FD, &m, MSG_NOSIGNAL) < 0) {
		_exit(1);
	}
	report(LAUNCH_EXECED, 0, 0);
}

static void second_stage(uint32_t entry, int go)
{
	static char name[] = "sh", option[] = "-c", exit3[] = "exit 3", forever[] = "sleep 1000";
	char *argv[] = { name, option, entry == FAKE_EXIT3 || entry == FAKE_LATE ? exit3 : forever,
		NULL };
	char byte;

	if (read(go, &byte, 1) != 1) {
		_exit(1);
	}
	if (entry == FAKE_FORGE) {
		forge();
	}
	report(LAUNCH_EXEC_NOW, 0, 0);
	if (entry == FAKE_PAYLOAD) {
		name_payload(getppid());
	}
	fcntl(LAUNCH_FD, F_SETFD, FD_CLOEXEC);
	execv("/bin/sh", argv);
	_exit(127);
}

static bool join(int cgroup)
{
	AUTO_CLOSE int procs = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	return write(procs, "0", 1) == 1;
}

/*
 * As supd-launch's stem; returns in the copy. One that is born in a cgroup dies at once: so does
 * each on kernels where that cgroup has seen cgroup.kill.
 */
static void serve(void)
{
	struct launch_more more = { .pid = -1 };

	do {
		struct clone_args args = { .flags = CLONE_PARENT };
		int fds[2] = { -1, -1 };
		size_t n = ELEMENTSOF(fds);

		if (fd_recv(LAUNCH_FD, &more, sizeof(more), fds, &n, 0) != (ssize_t)sizeof(more)) {
			_exit(0);
		}
		if (more.namespaces) {
			args.flags |= CLONE_INTO_CGROUP | CLONE_NEWNS;
			args.cgroup = (uint64_t)fds[1];
		}
		more.pid = sysx_clone3(&args);
		if (more.pid == 0 && more.namespaces) {
			raise(SIGKILL);
		}
		if (more.pid == 0) {
			dup2(fds[0], LAUNCH_FD);
		}
		for (size_t i = 0; i < n; i++) {
			close(fds[i]);
		}
		if (more.pid != 0) {
			/* The copy's end is its own by now: closed when it is dead. */
			fd_send(LAUNCH_FD, &more, sizeof(more), NULL, 0, 0);
		}
	} while (more.pid);
}

static int launch(void)
{
	struct launch_job job;
	int cgroup = receive(&job), go[2];
	struct clone_args args = { .flags = CLONE_PARENT };

	if (cgroup < 0) {
		return 1;
	}
	if (job.entry == FAKE_WORK || job.entry == FAKE_CLEAN || job.entry == FAKE_DISCARD) {
		return report(LAUNCH_RESULT, 0, 7) < 0;
	}
	if (job.entry == FAKE_FAIL) {
		report(LAUNCH_FAILED, STEP_MOUNTS, 2);
		return 1;
	}
	if (job.into_cgroup && job.entry != FAKE_WAIT) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup;
	} else if (!join(cgroup)) {
		return 1;
	}
	if (pipe2(go, O_CLOEXEC) < 0) {
		return 1;
	}
	while (job.entry == FAKE_WAIT) {
		pause();
	}
	pid_t pid = sysx_clone3(&args);

	if (pid == 0) {
		if (job.entry != FAKE_CRASH) {
			close(go[1]); /* FAKE_CRASH: nobody ends it but cgroup.kill */
		}
		second_stage(job.entry, go[0]);
	}
	if (job.entry == FAKE_CRASH) {
		raise(SIGKILL);
	}
	report(LAUNCH_CHILD, 0, pid);
	if (write(go[1], "g", 1) != 1) {
		return 1;
	}
	while (job.entry == FAKE_LATE) {
		pause();
	}
	return 0;
}

int main(void)
{
	serve();
	return launch();
}
