// SPDX-License-Identifier: MIT
#include "logsandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/sysfilter.h"

static const uint32_t allowed[] = {
	/* streams and sockets */
	SYS_recvmsg,
	SYS_recvfrom,
	SYS_accept4,
	SYS_setsockopt,
	SYS_getsockopt,
	SYS_epoll_pwait,
	SYS_epoll_ctl,
/* absent on newer architectures */
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
	SYS_ppoll,
#ifdef SYS_poll
	SYS_poll,
#endif
	/* the store */
	SYS_pwrite64,
	SYS_pread64,
	SYS_read,  /* the signal descriptor */
	SYS_write, /* last words on stderr */
	SYS_openat,
	SYS_close,
	SYS_fstat,
	SYS_newfstatat,
	SYS_getdents64,
	SYS_fcntl,
	SYS_lseek,
	SYS_mkdirat,
	SYS_unlinkat,
	SYS_ftruncate,
	SYS_getrandom,
	/* time, memory, self */
	SYS_clock_gettime,
	SYS_getpid,
	SYS_getuid,
	SYS_brk,
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_restart_syscall,
	SYS_rt_sigaction, /* these three: runtime/base/patience.h */
	SYS_rt_sigreturn,
	SYS_setitimer,
	SYS_exit_group,
};

/* Of all ioctls, how much is queued. */
static const struct sysfilter_condition conditions[] = {
	{ SYS_ioctl, 1, UINT32_MAX, FIONREAD },
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
	static const struct sysfilter filter = {
		.allowed = allowed,
		.n_allowed = ELEMENTSOF(allowed),
		.conditions = conditions,
		.n_conditions = ELEMENTSOF(conditions),
		.otherwise = SECCOMP_RET_KILL_PROCESS,
	};

	return sysfilter_apply(&filter);
}
