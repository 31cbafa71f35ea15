// SPDX-License-Identifier: MIT
#include "nsreap.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/sysfilter.h"
#include "../plan/launchwire.h"

static void report(uint32_t type, uint32_t step, int32_t value, const char *text)
{
	struct launch_report r = {
		.magic = LAUNCH_MAGIC,
		.type = type,
		.step = step,
		.value = value,
	};

	strcpy(r.text, text);
	while (send(LAUNCH_FD, &r, sizeof(r), MSG_NOSIGNAL) < 0 && errno == EINTR) {
	}
}

/* Everything that has died. Returns when nothing more has; does not return for the payload. */
static void reap(pid_t payload)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0) {
			return;
		}
		if (info.si_pid != payload) {
			continue;
		}
		report(LAUNCH_EXITED, (uint32_t)info.si_code, info.si_status, "");
		_exit(info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status);
	}
}

/*
 * Whoever may trace everything in the unit's user namespace may trace this process too: it must
 * have nothing that the service's own filter and Landlock keep from it. On x86-64 and AArch64 only.
 */
static void shut_in(void)
{
	static const uint32_t allowed[] = { SYS_waitid, SYS_kill, SYS_sendto, SYS_rt_sigprocmask,
		SYS_rt_sigtimedwait, SYS_restart_syscall, SYS_exit_group, SYS_exit };
	const struct sysfilter filter = { .allowed = allowed,
		.n_allowed = ELEMENTSOF(allowed),
		.otherwise = SECCOMP_RET_ERRNO | EPERM };

	int r = sysfilter_apply(&filter);

	/* A kernel without filters (EINVAL) has none for the service either; ENOSYS: an
	 * architecture whose calls sysfilter.c has no numbers of. */
	if (r < 0 && r != -EINVAL && r != -ENOSYS) {
		report(LAUNCH_FAILED, STEP_SECCOMP, -r, "filter of supd-nsinit");
		_exit(1);
	}
}

void nsreap_serve(pid_t payload)
{
	sigset_t all;

	/* It has the service's user: nobody of that may trace it or take the job socket from it. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	shut_in();
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	reap(payload);
	for (;;) {
		siginfo_t info;
		int signo = sigwaitinfo(&all, &info);

		/* At each one: they come in the order of their numbers, and a flood of a lower one
		 * would keep SIGCHLD back. */
		reap(payload);
		if (signo > 0 && signo != SIGCHLD) {
			kill(payload, signo);
		}
	}
}
