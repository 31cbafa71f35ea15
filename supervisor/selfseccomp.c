// SPDX-License-Identifier: MIT
#include "selfseccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/sysfilter.h"

static const uint32_t allowed[] = {
	/* reading, and writing to what is open */
	SYS_read,
	SYS_readv,
	SYS_pread64,
	SYS_write,
	SYS_pwrite64, /* stamps of timers */
	SYS_writev,
	SYS_close,
	SYS_lseek,
	SYS_fstat,
	SYS_newfstatat,
	SYS_statx,
	SYS_readlinkat,
	SYS_getdents64,
	SYS_faccessat,
	SYS_dup,
	/* loop */
	SYS_epoll_create1,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	SYS_epoll_pwait2,
	SYS_ppoll,
	SYS_timerfd_create,
	SYS_timerfd_settime,
	SYS_timerfd_gettime,
	SYS_eventfd2,
	SYS_clock_gettime,
	SYS_clock_getres,
	SYS_clock_nanosleep,
	SYS_gettimeofday,
	SYS_nanosleep,
	/* sockets that exist or are accepted */
	SYS_accept4,
	SYS_sendmsg,
	SYS_recvmsg,
	SYS_sendto,
	SYS_recvfrom,
	SYS_getsockopt,
	SYS_setsockopt,
	SYS_getsockname,
	SYS_getpeername,
	SYS_shutdown,
	SYS_setitimer, /* runtime/base/patience.h */
	/* memory; mmap and mprotect are below */
	SYS_munmap,
	SYS_mremap,
	SYS_brk,
	SYS_madvise,
	/* itself */
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_sigaltstack,
	SYS_getpid,
	SYS_getppid,
	SYS_gettid,
	SYS_tgkill,
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_getresuid,
	SYS_getresgid,
	SYS_getgroups,
	SYS_futex,
	SYS_sched_yield,
	SYS_getrandom,
	SYS_uname,
	SYS_kcmp,
	SYS_exit,
	SYS_exit_group,
	SYS_restart_syscall,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_membarrier,
	SYS_getcpu,
#if defined(__x86_64__)
	SYS_epoll_wait,
	SYS_poll,
	SYS_stat,
	SYS_lstat,
	SYS_access,
	SYS_readlink,
	SYS_time,
#endif
};

static const struct sysfilter_condition conditions[] = {
	{ SYS_mmap, 2, PROT_EXEC, 0 }, { SYS_mprotect, 2, PROT_EXEC, 0 },
	/* read only, and no file is made, emptied or left nameless */
	{ SYS_openat, 2, O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY), O_RDONLY },
#if defined(__x86_64__)
	{ SYS_open, 1, O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY), O_RDONLY },
#endif
	/* a limit may be read, not set */
	{ SYS_prlimit64, 2, UINT32_MAX, 0 },
	/* descriptors' own flags (F_DUPFD … F_GETFL, F_SETFL), not locks or leases */
	{ SYS_fcntl, 1, ~(uint32_t)3, 0 }, { SYS_fcntl, 1, UINT32_MAX, F_SETFL },
	{ SYS_fcntl, 1, UINT32_MAX, F_DUPFD_CLOEXEC }, { SYS_fcntl, 1, UINT32_MAX, F_GET_SEALS },
	{ SYS_socketpair, 0, UINT32_MAX, AF_UNIX }, /* bus/gate.h */
	{ SYS_prctl, 0, UINT32_MAX, PR_GET_NAME },
	/* FIONREAD of a socket (sd-bus) */
	{ SYS_ioctl, 1, UINT32_MAX, 0x541b },
	{ SYS_ioctl, 1, UINT32_MAX, 0x8911 }, /* SIOCOUTQ: what a client has not read yet */
	{ SYS_ioctl, 1, UINT32_MAX, 0x5411 }, /* TIOCOUTQ, the same on sockets */
};

/* Who calls these is not supd. */
static const uint32_t deadly[] = {
	SYS_execve,
	SYS_execveat,
	SYS_ptrace,
	SYS_clone,
	SYS_clone3,
	SYS_process_vm_writev,
#if defined(__x86_64__)
	SYS_fork,
	SYS_vfork,
#endif
};

int selfseccomp_apply(void)
{
	static const struct sysfilter filter = {
		.allowed = allowed,
		.n_allowed = ELEMENTSOF(allowed),
		.conditions = conditions,
		.n_conditions = ELEMENTSOF(conditions),
		.deadly = deadly,
		.n_deadly = ELEMENTSOF(deadly),
		.otherwise = SECCOMP_RET_ERRNO | EPERM,
	};

	return sysfilter_apply(&filter);
}
