// SPDX-License-Identifier: MIT
#include "selfseccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "../runtime/base/cleanup.h"

#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#else
#define FILTER_ARCH 0
#endif

/* The sanitizers' run-time needs calls (threads, ptrace of itself) that supd does not. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FILTER_ENABLED 0
#else
#define FILTER_ENABLED 1
#endif

/* x32 calls share x86-64's architecture value. */
#define X32_BIT 0x40000000u

static const uint32_t allowed[] = {
	/* reading, and writing to what is open */
	SYS_read,
	SYS_readv,
	SYS_pread64,
	SYS_write,
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

/* Allowed when (argument & mask) == value; the low 32 bits carry every flag meant here. */
struct conditional {
	uint32_t number;
	uint32_t argument;
	uint32_t mask;
	uint32_t value;
};

static const struct conditional conditionals[] = {
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

#define MAX_INSNS                                                                                  \
	(8 + 2 * ELEMENTSOF(allowed) + 6 * ELEMENTSOF(conditionals) + 2 * ELEMENTSOF(deadly))

struct program {
	struct sock_filter insns[MAX_INSNS];
	unsigned short n;
};

static void emit(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	p->insns[p->n++] = (struct sock_filter) { .code = code, .jt = jt, .jf = jf, .k = k };
}

static void emit_load(struct program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void emit_return(struct program *p, uint32_t action)
{
	emit(p, BPF_RET | BPF_K, action, 0, 0);
}

/* The accumulator holds the number before and after. */
static void emit_row(struct program *p, uint32_t number, uint32_t action)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
	emit_return(p, action);
}

static void emit_conditional(struct program *p, const struct conditional *c)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, c->number, 0, 5);
	emit_load(p, offsetof(struct seccomp_data, args) + 8 * c->argument);
	emit(p, BPF_ALU | BPF_AND | BPF_K, c->mask, 0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, c->value, 0, 1);
	emit_return(p, SECCOMP_RET_ALLOW);
	emit_load(p, offsetof(struct seccomp_data, nr));
}

static void build(struct program *p)
{
	p->n = 0;
	emit_load(p, offsetof(struct seccomp_data, arch));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCH, 1, 0);
	emit_return(p, SECCOMP_RET_KILL_PROCESS);
	emit_load(p, offsetof(struct seccomp_data, nr));
	emit(p, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	emit_return(p, SECCOMP_RET_KILL_PROCESS);
	for (size_t i = 0; i < ELEMENTSOF(allowed); i++) {
		emit_row(p, allowed[i], SECCOMP_RET_ALLOW);
	}
	for (size_t i = 0; i < ELEMENTSOF(conditionals); i++) {
		emit_conditional(p, &conditionals[i]);
	}
	for (size_t i = 0; i < ELEMENTSOF(deadly); i++) {
		emit_row(p, deadly[i], SECCOMP_RET_KILL_PROCESS);
	}
	emit_return(p, SECCOMP_RET_ERRNO | EPERM);
}

int selfseccomp_apply(void)
{
	struct program p;
	struct sock_fprog prog = { .filter = p.insns };

	if (FILTER_ARCH == 0) {
		return -ENOSYS;
	}
	if (!FILTER_ENABLED) {
		return 0;
	}
	build(&p);
	prog.len = p.n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return -errno;
	}
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0 ? -errno : 0;
}
