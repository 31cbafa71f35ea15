// SPDX-License-Identifier: MIT
#include "warm.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "born.h"
#include "broker.h"
#include "spawn.h"
#include "util.h"

/* So many stems may end at birth; then a start fails instead of trying for ever. */
#define BARREN_MAX 3

void warm_init(struct warm *w)
{
	*w = (struct warm) { .sock = -1 };
	for (uint32_t i = 0; i < LIMIT_LAUNCHES_WARM; i++) {
		w->launchers[i].sock = -1;
		w->births[i] = (struct warm_birth) { -1, -1, REF_NONE };
	}
}

static int start_stem(struct broker *b)
{
	static const char *const argv[] = { "supd-launch", NULL };
	struct warm *w = &b->warm;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		return -errno;
	}
	AUTO_CLOSE int ours = pair[0];
	AUTO_CLOSE int theirs = pair[1];
	const struct spawn spawn = {
		.exe_fd = LOW_FD_LAUNCH,
		.argv = argv,
		.fds = &theirs,
		.n_fds = 1,
		.error_fd = -2,
	};

	r = broker_watch(b, ours, EPOLLIN, WATCH_WARM, 0);
	pid_t pid = r < 0 ? r : spawn_start(&spawn);

	if (pid < 0) {
		return pid;
	}
	w->stem = pid;
	w->sock = TAKE_FD(ours);
	return 0;
}

/* 0: there is one that listens; -EAGAIN: it has closed its socket and is not reaped yet. */
static int stem_ready(struct broker *b)
{
	struct warm *w = &b->warm;

	if (w->stem) {
		return w->sock >= 0 ? 0 : -EAGAIN;
	}
	if (w->barren >= BARREN_MAX) {
		w->barren = BARREN_MAX - 1; /* who asks next tries again */
		return -ECHILD;
	}
	return start_stem(b);
}

/*
 * The socket's other end goes to the stem, which gives it to its copy. Returns ours. cgroup: -1, or
 * what the copy is to be born in.
 */
static int ask(struct broker *b, struct launch_more *more, int cgroup)
{
	int pair[2], on = 1, r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		return -errno;
	}
	AUTO_CLOSE int ours = pair[0];
	AUTO_CLOSE int theirs = pair[1];
	const int fds[] = { theirs, cgroup };

	if (setsockopt(ours, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0) {
		return -errno;
	}
	more->magic = LAUNCH_MAGIC;
	r = fd_send(b->warm.sock, more, sizeof(*more), fds, cgroup >= 0 ? 2 : 1, MSG_DONTWAIT);
	return r < 0 ? r : TAKE_FD(ours);
}

void warm_fill(struct broker *b, uint32_t n)
{
	struct warm *w = &b->warm;
	int r = stem_ready(b);

	for (uint32_t i = 0; r >= 0 && i < n && i < LIMIT_LAUNCHES_WARM; i++) {
		struct launch_more more = { .index = i };

		if (w->launchers[i].sock >= 0 || w->launchers[i].pid) {
			continue;
		}
		r = ask(b, &more, -1);
		if (r >= 0) {
			w->launchers[i] = (struct warm_launcher) { .sock = r };
		}
	}
	if (r < 0 && r != -EAGAIN && r != -EPIPE && r != -ECONNRESET) {
		w->error = -r;
	}
}

int warm_bear(struct broker *b, uint32_t ref, uint32_t namespaces, int cgroup)
{
	struct warm *w = &b->warm;
	uint32_t i = 0;
	int r = stem_ready(b);

	while (i < LIMIT_LAUNCHES_WARM && w->births[i].sock >= 0) {
		i++;
	}
	if (r < 0 || i == LIMIT_LAUNCHES_WARM) {
		return r < 0 ? r : -EAGAIN;
	}
	struct launch_more more = { .index = LIMIT_LAUNCHES_WARM + i, .namespaces = namespaces };

	r = ask(b, &more, cgroup);
	if (r >= 0) {
		w->births[i] = (struct warm_birth) { r, cgroup, ref };
	}
	return r == -EPIPE || r == -ECONNRESET ? -EAGAIN : r < 0 ? r : 0;
}

/* The answer for one that was asked for by warm_bear(): its pid, 0: the stem is gone, or -errno. */
static void tell_birth(struct broker *b, uint32_t i, pid_t pid)
{
	struct warm_birth birth = b->warm.births[i];

	b->warm.births[i] = (struct warm_birth) { -1, -1, REF_NONE };
	if (birth.sock >= 0) {
		born_come(b, &birth, pid);
	}
}

static bool coming(const struct warm *w)
{
	for (uint32_t i = 0; i < LIMIT_LAUNCHES_WARM; i++) {
		if (w->launchers[i].sock >= 0 && !w->launchers[i].pid) {
			return true;
		}
	}
	return false;
}

pid_t warm_take(struct broker *b, uint32_t n, int *ret_sock)
{
	struct warm *w = &b->warm;

	for (uint32_t i = 0; i < LIMIT_LAUNCHES_WARM; i++) {
		struct warm_launcher *l = &w->launchers[i];

		if (l->sock >= 0 && l->pid) {
			pid_t pid = l->pid;

			*ret_sock = TAKE_FD(l->sock);
			l->pid = 0;
			return pid;
		}
	}
	if (!w->error) {
		warm_fill(b, n);
	}
	int error = coming(w) ? 0 : w->error;

	w->error = 0;
	return -error;
}

void warm_trim(struct broker *b, uint32_t n)
{
	for (uint32_t i = n; i < LIMIT_LAUNCHES_WARM; i++) {
		if (b->warm.launchers[i].pid) {
			util_close(&b->warm.launchers[i].sock);
		}
	}
}

/* No answer comes any more; copies that were made nevertheless see an end of file. */
static void stem_gone(struct broker *b)
{
	struct warm *w = &b->warm;

	util_close(&w->sock);
	for (uint32_t i = 0; i < LIMIT_LAUNCHES_WARM; i++) {
		if (!w->launchers[i].pid) {
			util_close(&w->launchers[i].sock);
		}
		tell_birth(b, i, 0);
	}
}

/*
 * Who was killed at once may be reaped before the stem has told of it, as somebody unknown: whoever
 * takes such a pid waits for an end that was already seen. It is -ECHILD then.
 */
static pid_t still_ours(pid_t pid)
{
	siginfo_t info;

	if (pid <= 0) {
		return pid;
	}
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 ? -errno
											 : pid;
}

/* The stem has made a launcher, or could not. */
static void take_launcher(struct broker *b, uint32_t index, pid_t pid)
{
	struct warm *w = &b->warm;
	pid_t living = still_ours(pid);

	if (living > 0) {
		w->launchers[index].pid = living;
		return;
	}
	util_close(&w->launchers[index].sock);
	if (pid <= 0) {
		/* Told to who waits for it; nobody else is to blame later. */
		w->error = b->t->pending_first == REF_NONE ? 0 : -pid;
	}
}

void warm_readable(struct broker *b, uint32_t index)
{
	struct warm *w = &b->warm;
	struct launch_more more;
	ssize_t n;

	(void)index;
	while (w->sock >= 0) {
		n = fd_recv(w->sock, &more, sizeof(more), NULL, NULL, MSG_DONTWAIT);
		if (n == -EAGAIN) {
			return;
		}
		if (n != (ssize_t)sizeof(more) || more.magic != LAUNCH_MAGIC ||
			more.index >= 2 * LIMIT_LAUNCHES_WARM) {
			stem_gone(b);
			if (w->stem) {
				kill(w->stem, SIGKILL);
			}
			return;
		}
		w->barren = 0;
		if (more.index >= LIMIT_LAUNCHES_WARM) {
			tell_birth(b, more.index - LIMIT_LAUNCHES_WARM, still_ours(more.pid));
		} else {
			take_launcher(b, more.index, more.pid);
		}
	}
}

bool warm_ended(struct broker *b, pid_t pid)
{
	struct warm *w = &b->warm;

	if (pid == w->stem) {
		w->stem = 0;
		w->barren++;
		stem_gone(b);
		return true;
	}
	for (uint32_t i = 0; i < LIMIT_LAUNCHES_WARM; i++) {
		if (w->launchers[i].pid == pid) {
			util_close(&w->launchers[i].sock);
			w->launchers[i].pid = 0;
			return true;
		}
	}
	return false;
}

bool warm_stop(struct broker *b)
{
	struct warm *w = &b->warm;
	bool lives = w->stem;

	if (w->sock >= 0) {
		stem_gone(b);
		kill(w->stem, SIGKILL);
	}
	for (uint32_t i = 0; i < LIMIT_LAUNCHES_WARM; i++) {
		util_close(&w->launchers[i].sock);
		lives |= w->launchers[i].pid != 0;
	}
	return lives;
}
