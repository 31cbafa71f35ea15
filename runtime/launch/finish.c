// SPDX-License-Identifier: MIT
#include "finish.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/sysx.h"
#include "behind.h"
#include "command.h"
#include "launch.h"
#include "prepare.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

/* ---- process ---- */

static int take_tty(struct launch *l)
{
	const struct plan_stdio *in = l->plan.stdio.n ? l->plan.stdio.items : NULL;
	bool force;

	if (!in || in->kind < STDIO_TTY || in->kind > STDIO_TTY_FAIL) {
		return 0;
	}
	force = in->kind == STDIO_TTY_FORCE;
	if (ioctl(l->stdio[0], TIOCSCTTY, force) < 0 && in->kind == STDIO_TTY_FAIL) {
		return launch_fail(l, -errno, in->origin, "controlling terminal", NULL);
	}
	return 0;
}

/*
 * A session of its own: a terminal or another service's group must not reach it by signals. A mount
 * program must be let through by autofs.
 */
int launch_set_process(struct launch *l)
{
	sigset_t none;

	if (!launch_has(l, PLAN_KEEP_GROUP)) {
		setsid();
	}
	/* All are default since main, but SIGPIPE; ignored is systemd's default for it too. */
	if (!launch_has(l, PLAN_IGNORE_SIGPIPE)) {
		signal(SIGPIPE, SIG_DFL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask((mode_t)l->plan.umask);
	return take_tty(l);
}

int launch_set_limits(struct launch *l)
{
	const struct plan_rlimit *rows = l->plan.rlimits.items;

	for (uint32_t i = 0; i < l->plan.rlimits.n; i++) {
		struct rlimit lim = { .rlim_cur = rows[i].soft, .rlim_max = rows[i].hard };
		struct rlimit now;

		if (getrlimit((int)rows[i].resource, &now) < 0) {
			return launch_fail(l, -errno, rows[i].origin, "limit ",
				launch_limit_name(rows[i].resource));
		}
		/* Above what the launcher could raise: the nearest, as systemd does. */
		if (lim.rlim_max > now.rlim_max) {
			lim.rlim_max = now.rlim_max;
		}
		if (lim.rlim_cur > lim.rlim_max) {
			lim.rlim_cur = lim.rlim_max;
		}
		if (setrlimit((int)rows[i].resource, &lim) < 0) {
			return launch_fail(l, -errno, rows[i].origin, "limit ",
				launch_limit_name(rows[i].resource));
		}
	}
	return 0;
}

/* The wall that is to blame, where one is. */
static const char *wall_before(const struct launch *l, int error, const char *path)
{
	const struct plan_mount *wall = behind_wall(&l->plan, path, error);

	return wall ? wall->origin : NULL;
}

static int fail_directory(struct launch *l, int error, const char *dir)
{
	const char *wall = wall_before(l, error, dir);

	return launch_fail(l, error, wall ? wall : l->plan.working_dir_origin, "chdir ", dir);
}

/* As the service's own user, so that a directory it may not enter is an error. */
int launch_enter_directory(struct launch *l)
{
	const char *dir = l->plan.working_dir ? l->plan.working_dir : "/";
	char cwd[LIMIT_PATH];

	if (chdir(dir) < 0) {
		if (!launch_has(l, PLAN_WORKDIR_MISSING_OK) || chdir("/") < 0) {
			return fail_directory(l, -errno, dir);
		}
		return 0;
	}
	/* The kernel says "(unreachable)" for a directory outside the root: CVE-2024-21626. */
	if (syscall(SYS_getcwd, cwd, sizeof(cwd)) < 0 || cwd[0] != '/') {
		return fail_directory(l, -EXDEV, dir);
	}
	return 0;
}

/* ---- descriptors ---- */

/* A copy of the parked descriptor; the original stays queued for the next command. */
static int peek_parked(int park)
{
	size_t n = 1;
	char name[LIMIT_PARKED_NAME];
	int fd;
	ssize_t size = fd_recv(park, name, sizeof(name), &fd, &n, MSG_PEEK | MSG_DONTWAIT);

	if (size < 0) {
		return (int)size;
	}
	return n == 1 ? fd : -ENOENT;
}

/* Moves fd out of the way of 0 to limit - 1; the job socket goes first. */
static int move_up(int *fd, int limit)
{
	int high;

	if (*fd < 0) {
		return 0;
	}
	high = fcntl(*fd, F_DUPFD_CLOEXEC, limit);
	if (high < 0) {
		return -errno;
	}
	*fd = high;
	return 0;
}

/* All that is passed, as copies above limit. Returns the count. */
static int collect_passed(struct launch *l, int *passed, int limit)
{
	int n = 0;

	for (uint32_t i = 0; i < l->n_listen; i++) {
		int flags = fcntl(l->listen[i], F_GETFL);

		flags = launch_has(l, PLAN_NON_BLOCKING) ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
		if (fcntl(l->listen[i], F_SETFL, flags) < 0) {
			return -errno;
		}
		passed[n] = l->listen[i];
		n++;
	}
	for (uint32_t i = 0; i < l->n_park; i++) {
		int fd = peek_parked(l->park[i]);

		if (fd >= 0) {
			passed[n++] = fd;
		}
	}
	for (int i = 0; i < n; i++) {
		int r = move_up(&passed[i], limit);

		if (r < 0) {
			return r;
		}
	}
	return n;
}

static int place_streams(struct launch *l)
{
	for (int i = 0; i < 3; i++) {
		if (dup2(l->stdio[i], i) < 0) {
			return -errno;
		}
	}
	return 0;
}

/* Really closed, not marked: an open directory of the host would still serve as an exec path. */
static int close_others(struct launch *l, int from)
{
	int keep = l->sock;

	if (keep > from && sysx_close_range((unsigned)from, (unsigned)keep - 1, 0) < 0) {
		return -errno;
	}
	from = keep < from ? from : keep + 1;
	return sysx_close_range((unsigned)from, ~0u, 0) < 0 ? -errno : 0;
}

static int arrange(struct launch *l)
{
	static int passed[LIMIT_LISTEN_FDS + LIMIT_FDSTORE_PER_UNIT];
	int limit = FIRST_FD + (int)(l->n_listen + l->n_park);
	int n = 0, r;

	/* Streams first: their sources may sit where the passed ones go. */
	r = place_streams(l);
	if (r == 0 && launch_has(l, PLAN_PASS_LISTEN_FDS)) {
		n = collect_passed(l, passed, limit);
		r = n < 0 ? n : 0;
	}
	if (r == 0 && n) {
		r = move_up(&l->sock, limit);
	}
	for (int i = 0; r == 0 && i < n; i++) {
		r = dup2(passed[i], FIRST_FD + i) < 0 ? -errno : 0;
	}
	return r < 0 ? r : close_others(l, FIRST_FD + n);
}

int launch_arrange_fds(struct launch *l)
{
	int r = arrange(l);

	return r < 0 ? launch_fail(l, r, NULL, "descriptors", NULL) : 0;
}

/* ---- exec ---- */

static int install_filter(struct launch *l, uint64_t offset, uint32_t size, unsigned flags)
{
	struct sock_fprog prog = {
		.len = (unsigned short)(size / sizeof(struct sock_filter)),
		.filter = (void *)(uintptr_t)(l->catalogue.base + offset),
	};

	if (size && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog) < 0) {
		return launch_fail(l, -errno, NULL, "seccomp filter", NULL);
	}
	return 0;
}

/*
 * EXEC_NOW goes out before the filter, which need not allow sendmsg. What the main program denies
 * is logged by the kernel; the quiet one comes first, because the main one need not allow seccomp.
 */
int launch_filter(struct launch *l)
{
	const struct plan *p = &l->plan;
	int r;

	launch_report(l, LAUNCH_EXEC_NOW, 0, 0);
	r = install_filter(l, p->quiet_offset, p->quiet_size, 0);
	return r < 0 ? r
		     : install_filter(
			       l, p->seccomp_offset, p->seccomp_size, SECCOMP_FILTER_FLAG_LOG);
}

static int try_directories(const char *name, char **argv, char **envp)
{
	static const char *const dirs[] = { "/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/",
		"/usr/bin/", "/sbin/", "/bin/" };
	char path[LIMIT_PATH];
	int error = ENOENT;

	if (strlen(name) > 255) {
		return -ENAMETOOLONG;
	}
	for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
		strcpy(path, dirs[i]);
		strcat(path, name);
		syscall(SYS_execve, path, argv, envp);
		if (errno != ENOENT && errno != ENOTDIR) {
			error = errno;
		}
	}
	return -error;
}

int launch_execute(struct launch *l)
{
	char **argv = (char **)(uintptr_t)command_argv()->items;
	char **envp = (char **)(uintptr_t)command_env()->items;
	int r;

	l->exec_called = true;
	if (strchr(l->plan.path, '/')) {
		syscall(SYS_execve, l->plan.path, argv, envp);
		r = -errno;
	} else {
		r = try_directories(l->plan.path, argv, envp);
	}
	l->exec_failed = true;
	return launch_fail(l, r, wall_before(l, r, l->plan.path), "exec ", l->plan.path);
}
