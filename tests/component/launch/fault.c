// SPDX-License-Identifier: MIT
/*
 * The seam of supd-launch's fault build: the linker leads its library calls here (--wrap), and the
 * chosen one fails without being made. Errors are those of the manual pages that can happen here.
 */
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static struct fault *page;
static unsigned depth; /* 0: who serves, 1: the launcher, 2: its child */

static __attribute__((constructor)) void begin(void)
{
	void *p = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, FAULT_FD, 0);

	page = p == MAP_FAILED ? NULL : p;
	close(FAULT_FD);
}

/* The chosen function, whichever call of it. */
static int is_chosen(const char *name, long nr)
{
	if (!page || depth == 0 || !page->chosen[0] || strcmp(page->chosen, name) != 0 ||
		(page->chosen_nr >= 0 && page->chosen_nr != nr)) {
		return 0;
	}
	page->chosen_count++;
	errno = page->chosen_error;
	return 1;
}

static int fails(const char *name, const int *errors, uint32_t n)
{
	uint32_t role = depth < 2 ? FAULT_LAUNCHER : FAULT_CHILD;

	if (!page || depth == 0 || ++page->count[role] != page->call || role != page->role) {
		return 0;
	}
	page->n_errors = n;
	strncpy(page->name, name, sizeof(page->name) - 1);
	if (!page->rotate && page->which >= n) {
		return 0;
	}
	page->error = errors[page->rotate ? page->call % n : page->which];
	errno = page->error;
	return 1;
}

#define SEAM(type, name, params, args, ...)                                                        \
	type __real_##name params;                                                                 \
	type __wrap_##name params;                                                                 \
	type __wrap_##name params                                                                  \
	{                                                                                          \
		static const int errors[] = { __VA_ARGS__ };                                       \
                                                                                                   \
		return is_chosen(#name, -1) ||                                                     \
				       fails(#name, errors, sizeof(errors) / sizeof(errors[0]))    \
			       ? (type)-1                                                          \
			       : __real_##name args;                                               \
	}

/* What distinguishes calls of one number: the text or the flags that they are made with. */
static int is_chosen_syscall(long nr, const long *a)
{
	const uint64_t *flags = NULL;
	const char *word = NULL;

	if (!page || !page->chosen[0]) {
		return 0;
	}
	word = nr == SYS_fsopen ? (const char *)a[0] : nr == SYS_fsconfig ? (const char *)a[2] : 0;
	flags = nr == SYS_clone3          ? (const uint64_t *)a[0]
		: nr == SYS_mount_setattr ? (const uint64_t *)a[3]
					  : NULL;
	if (page->chosen_word[0] && (!word || strcmp(word, page->chosen_word) != 0)) {
		return 0;
	}
	if (page->chosen_flags && (!flags || !(*flags & page->chosen_flags))) {
		return 0;
	}
	return is_chosen("syscall", nr);
}

long __real_syscall(long nr, ...);
long __wrap_syscall(long nr, ...);

long __wrap_syscall(long nr, ...)
{
	static const int errors[] = { EPERM, ENOMEM, EINVAL, ENOSPC, EMFILE, ENODEV };
	long a[6], r;
	va_list args;

	va_start(args, nr);
	for (int i = 0; i < 6; i++) {
		a[i] = va_arg(args, long);
	}
	va_end(args);
	if (is_chosen_syscall(nr, a) ||
		fails("syscall", errors, sizeof(errors) / sizeof(errors[0]))) {
		return -1;
	}
	r = __real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	depth += r == 0 && (nr == SYS_clone3 || nr == SYS_clone);
	return r;
}

SEAM(int, open, (const char *path, int flags, mode_t mode), (path, flags, mode), EACCES, EMFILE,
	ENFILE, ENOMEM, EIO)
SEAM(int, open64, (const char *path, int flags, mode_t mode), (path, flags, mode), EACCES, EMFILE,
	ENFILE, ENOMEM, EIO)
SEAM(int, openat, (int dir, const char *path, int flags, mode_t mode), (dir, path, flags, mode),
	EACCES, EMFILE, ENFILE, ENOMEM, EIO)
SEAM(int, openat64, (int dir, const char *path, int flags, mode_t mode), (dir, path, flags, mode),
	EACCES, EMFILE, ENFILE, ENOMEM, EIO)
SEAM(int, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode), EACCES, ENOSPC,
	EROFS, EDQUOT, EMLINK)
SEAM(int, mknodat, (int dir, const char *path, mode_t mode, dev_t dev), (dir, path, mode, dev),
	EPERM, ENOSPC, EROFS)
SEAM(int, symlinkat, (const char *to, int dir, const char *path), (to, dir, path), EACCES, ENOSPC,
	EROFS)
SEAM(int, renameat, (int from, const char *a, int to, const char *b), (from, a, to, b), EACCES,
	ENOSPC, EROFS)
SEAM(int, fchownat, (int dir, const char *path, uid_t uid, gid_t gid, int flags),
	(dir, path, uid, gid, flags), EPERM, EROFS, EIO)
SEAM(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid), EPERM, EROFS, EIO)
SEAM(int, fchmod, (int fd, mode_t mode), (fd, mode), EPERM, EROFS, EIO)
SEAM(int, pipe2, (int *fds, int flags), (fds, flags), EMFILE, ENFILE)
SEAM(int, dup2, (int from, int to), (from, to), EBADF, EMFILE)
SEAM(int, fcntl, (int fd, int command, long arg), (fd, command, arg), EMFILE, EINVAL)
SEAM(int, fcntl64, (int fd, int command, long arg), (fd, command, arg), EMFILE, EINVAL)
SEAM(int, setns, (int fd, int type), (fd, type), EPERM, EINVAL, ENOMEM, EUSERS)
SEAM(int, unshare, (int flags), (flags), EPERM, ENOMEM, ENOSPC, EUSERS)
SEAM(int, chdir, (const char *path), (path), EACCES, ENOENT, EIO)
SEAM(int, fchdir, (int fd), (fd), EACCES, EIO)
SEAM(int, umount2, (const char *path, int flags), (path, flags), EPERM, EBUSY, ENOMEM)
SEAM(int, setrlimit, (int what, const struct rlimit *l), (what, l), EPERM, EINVAL)
SEAM(int, setrlimit64, (int what, const struct rlimit64 *l), (what, l), EPERM, EINVAL)
SEAM(int, getrlimit, (int what, struct rlimit *l), (what, l), EINVAL)
SEAM(int, getrlimit64, (int what, struct rlimit64 *l), (what, l), EINVAL)
SEAM(int, setpriority, (int which, id_t who, int value), (which, who, value), EACCES, EPERM)
SEAM(int, ioctl, (int fd, unsigned long what, void *arg), (fd, what, arg), EPERM, EIO)
SEAM(int, fstat, (int fd, struct stat *st), (fd, st), EIO, EOVERFLOW)
SEAM(int, stat, (const char *path, struct stat *st), (path, st), EACCES, ENOENT, EIO)
SEAM(int, fstatat, (int dir, const char *path, struct stat *st, int flags), (dir, path, st, flags),
	EACCES, EIO, ENOMEM)
SEAM(ssize_t, readlinkat, (int dir, const char *path, char *buf, size_t size),
	(dir, path, buf, size), EACCES, EIO)
SEAM(int, unlinkat, (int dir, const char *path, int flags), (dir, path, flags), EACCES, EBUSY,
	EROFS)
SEAM(int, socket, (int family, int type, int protocol), (family, type, protocol), EMFILE, ENOBUFS,
	EAFNOSUPPORT)
SEAM(int, sethostname, (const char *name, size_t size), (name, size), EPERM)
SEAM(ssize_t, read, (int fd, void *buf, size_t size), (fd, buf, size), EIO)
SEAM(ssize_t, write, (int fd, const void *buf, size_t size), (fd, buf, size), EIO, ENOSPC, EPERM)
/* glibc's names for them with 64-bit offsets: those that supd-launch's fault build really calls. */
SEAM(int, fstat64, (int fd, struct stat64 *st), (fd, st), EIO, EOVERFLOW)
SEAM(int, stat64, (const char *path, struct stat64 *st), (path, st), EACCES, ENOENT, EIO)
SEAM(int, fstatat64, (int dir, const char *path, struct stat64 *st, int flags),
	(dir, path, st, flags), EACCES, EIO, ENOMEM)
SEAM(int, fstatfs64, (int fd, struct statfs64 *st), (fd, st), EIO, ENOMEM)
SEAM(off64_t, lseek64, (int fd, off64_t to, int from), (fd, to, from), EINVAL)
SEAM(ssize_t, pread64, (int fd, void *buf, size_t size, off64_t at), (fd, buf, size, at), EIO)
SEAM(int, memfd_create, (const char *name, unsigned flags), (name, flags), EMFILE, ENOMEM)
SEAM(int, setgroups, (size_t n, const gid_t *groups), (n, groups), EPERM, ENOMEM)
SEAM(int, setresgid, (gid_t r, gid_t e, gid_t s), (r, e, s), EPERM, EINVAL)
SEAM(int, setresuid, (uid_t r, uid_t e, uid_t s), (r, e, s), EPERM, EAGAIN, EINVAL)
SEAM(int, personality, (unsigned long persona), (persona), EINVAL)
SEAM(int, connect, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size),
	ECONNREFUSED, ENOENT)
SEAM(pid_t, setsid, (void), (), EPERM)
SEAM(int, mount,
	(const char *from, const char *to, const char *type, unsigned long flags, const void *data),
	(from, to, type, flags, data), EPERM, ENOMEM)
SEAM(int, clone, (int (*run)(void *), void *stack, int flags, void *arg), (run, stack, flags, arg),
	EAGAIN, ENOMEM)

int __real_prctl(int what, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int __wrap_prctl(int what, unsigned long a, unsigned long b, unsigned long c, unsigned long d);

int __wrap_prctl(int what, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	static const int errors[] = { EPERM, EINVAL };

	return is_chosen("prctl", what) ||
			       fails("prctl", errors, sizeof(errors) / sizeof(errors[0]))
		       ? -1
		       : __real_prctl(what, a, b, c, d);
}

pid_t __real_fork(void);
pid_t __wrap_fork(void);

pid_t __wrap_fork(void)
{
	static const int errors[] = { EAGAIN, ENOMEM };
	pid_t pid;

	if (fails("fork", errors, sizeof(errors) / sizeof(errors[0]))) {
		return -1;
	}
	pid = __real_fork();
	depth += pid == 0;
	return pid;
}
