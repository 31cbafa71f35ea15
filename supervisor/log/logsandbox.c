// SPDX-License-Identifier: MIT
#include "logsandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"

#if defined(__x86_64__)
#define SANDBOX_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SANDBOX_ARCH AUDIT_ARCH_AARCH64
#else
#error "supd-log's system call filter does not know this architecture"
#endif

/* Sanitizers make calls of their own; there the list is passed but not enforced. */
#ifdef __SANITIZE_ADDRESS__
#define SANDBOX_OTHERWISE SECCOMP_RET_ALLOW
#else
#define SANDBOX_OTHERWISE SECCOMP_RET_KILL_PROCESS
#endif

#define LOAD(member)                                                                               \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, member))
/* If the loaded word is value go on, else skip the next n. */
#define ONLY(value, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (n))
#define RET(action)    BPF_STMT(BPF_RET | BPF_K, (action))
#define ALLOW(call)    ONLY(SYS_##call, 1), RET(SECCOMP_RET_ALLOW)

static const struct sock_filter filter[] = {
	LOAD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SANDBOX_ARCH, 1, 0),
	RET(SECCOMP_RET_KILL_PROCESS),
	LOAD(nr),
	/* streams and sockets */
	ALLOW(recvmsg),
	ALLOW(recvfrom),
	ALLOW(accept4),
	ALLOW(setsockopt),
	ALLOW(getsockopt),
	ALLOW(epoll_pwait),
	ALLOW(epoll_ctl),
/* absent on newer architectures */
#ifdef SYS_epoll_wait
	ALLOW(epoll_wait),
#endif
	/* the store */
	ALLOW(pwrite64),
	ALLOW(pread64),
	ALLOW(read),  /* the signal descriptor */
	ALLOW(write), /* last words on stderr */
	ALLOW(openat),
	ALLOW(close),
	ALLOW(fstat),
	ALLOW(newfstatat),
	ALLOW(getdents64),
	ALLOW(fcntl),
	ALLOW(lseek),
	ALLOW(mkdirat),
	ALLOW(unlinkat),
	ALLOW(ftruncate),
	ALLOW(getrandom),
	/* time, memory, self */
	ALLOW(clock_gettime),
	ALLOW(getpid),
	ALLOW(getuid),
	ALLOW(brk),
	ALLOW(mmap),
	ALLOW(munmap),
	ALLOW(mremap),
	ALLOW(madvise),
	ALLOW(restart_syscall),
	ALLOW(rt_sigreturn),
	ALLOW(exit_group),
	/* of all ioctls, how much is queued */
	ONLY(SYS_ioctl, 3),
	LOAD(args[1]),
	ONLY(FIONREAD, 1),
	RET(SECCOMP_RET_ALLOW),
	RET(SANDBOX_OTHERWISE),
};

static int caps_set_none(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static int caps_check_none(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t left = 0;

	if (syscall(SYS_capget, &header, data) < 0) {
		return -errno;
	}
	for (size_t i = 0; i < ELEMENTSOF(data); i++) {
		left |= data[i].effective | data[i].permitted | data[i].inheritable;
	}
	return left ? -EPERM : 0;
}

int logsandbox_drop(void)
{
	int r;

	/* Root without capabilities still owns every file of root. */
	if (getuid() == 0 || geteuid() == 0) {
		return -EPERM;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) {
		return -errno;
	}
	r = caps_set_none();
	return r < 0 ? r : caps_check_none();
}

int logsandbox_seal(void)
{
	struct sock_fprog program = {
		.len = (unsigned short)ELEMENTSOF(filter),
		.filter = (struct sock_filter *)filter,
	};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0 ? -errno : 0;
}
