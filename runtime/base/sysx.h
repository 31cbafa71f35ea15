// SPDX-License-Identifier: MIT
/*
 * System calls that glibc 2.36 or musl 1.2.3 do not wrap, or wrap differently. Each returns what
 * the kernel returns in libc's way: -1 and errno. One place, so that supd-launch and supd-init
 * build the same against both libraries.
 */
#pragma once

#include <errno.h>
#include <linux/openat2.h>
#include <linux/sched.h> /* CLONE_*, struct clone_args */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_open_tree
#define SYS_open_tree  428
#define SYS_move_mount 429
#define SYS_fsopen     430
#define SYS_fsconfig   431
#define SYS_fsmount    432
#define SYS_fspick     433
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

#define SYSX_OPEN_TRIES 10000 /* each takes some microseconds */

/*
 * A ".." below a root is EAGAIN when anything is renamed or mounted on the machine meanwhile: the
 * kernel cannot tell then that it stays below. Nothing is wrong with the path.
 */
static inline int sysx_openat2(int dir, const char *path, const struct open_how *how)
{
	int fd = -1;

	for (unsigned i = 0; i < SYSX_OPEN_TRIES; i++) {
		fd = (int)syscall(SYS_openat2, dir, path, how, sizeof(*how));
		if (fd >= 0 || errno != EAGAIN) {
			break;
		}
	}
	return fd;
}

/* 32-bit architectures of old have ids of 16 bits under the plain name. */
#ifdef SYS_setresuid32
#define SYSX_SETRESUID SYS_setresuid32
#define SYSX_SETFSUID  SYS_setfsuid32
#define SYSX_SETRESGID SYS_setresgid32
#define SYSX_SETGROUPS SYS_setgroups32
#else
#define SYSX_SETRESUID SYS_setresuid
#define SYSX_SETFSUID  SYS_setfsuid
#define SYSX_SETRESGID SYS_setresgid
#define SYSX_SETGROUPS SYS_setgroups
#endif

/* Of this thread alone, which is what who has but one wants: a libc's would look for others. */
static inline int sysx_setresuid(uid_t uid)
{
	return (int)syscall(SYSX_SETRESUID, uid, uid, uid);
}

/* The effective id alone; the file system's goes with it. */
static inline int sysx_seteuid(uid_t uid)
{
	return (int)syscall(SYSX_SETRESUID, (uid_t)-1, uid, (uid_t)-1);
}

/* Fails without a word, as the kernel does. */
static inline void sysx_setfsuid(uid_t uid)
{
	(void)syscall(SYSX_SETFSUID, uid);
}

static inline int sysx_setresgid(gid_t gid)
{
	return (int)syscall(SYSX_SETRESGID, gid, gid, gid);
}

static inline int sysx_setgroups(size_t n, const gid_t *groups)
{
	return (int)syscall(SYSX_SETGROUPS, n, groups);
}

/* One record of getdents64(2). */
struct sysx_dirent {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

static inline long sysx_getdents(int dir, void *buf, size_t size)
{
	return syscall(SYS_getdents64, dir, buf, size);
}

static inline pid_t sysx_clone3(struct clone_args *args)
{
	return (pid_t)syscall(SYS_clone3, args, sizeof(*args));
}

static inline int sysx_pidfd_open(pid_t pid, unsigned flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}

static inline int sysx_pidfd_send_signal(int pidfd, int signo)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0);
}

static inline int sysx_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

static inline int sysx_execveat(
	int fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return (int)syscall(SYS_execveat, fd, path, argv, envp, flags);
}
