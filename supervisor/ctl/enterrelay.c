// SPDX-License-Identifier: MIT
#include "enterrelay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/sysx.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/* For a command that is asked to end and does not. */
#define KILL_AFTER_US (5 * USEC_PER_SEC)
/* What a terminal may still hold when its command has ended; others may go on writing to it. */
#define LAST_READS 64u

int enter_relay_open(struct enter_relay *r, const bool tty[3], int *ret_slave)
{
	struct winsize size;
	int i = 1;

	r->master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (r->master < 0 || unlockpt(r->master) < 0) {
		return -errno;
	}
	/* By the master, not by a path: nobody can put another terminal there. */
	*ret_slave = ioctl(r->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*ret_slave < 0) {
		return -errno;
	}
	while (!tty[i]) {
		i = (i + 1) % 3;
	}
	r->shown.from = r->master;
	r->shown.to = i;
	r->typed.from = tty[0] ? STDIN_FILENO : -1;
	r->typed.to = r->master;
	if (ioctl(i, TIOCGWINSZ, &size) == 0) {
		(void)ioctl(r->master, TIOCSWINSZ, &size);
	}
	return 0;
}

int enter_relay_catch(struct enter_relay *r)
{
	static const int signals[] = { SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
		sigaddset(&set, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->signals < 0 ? -errno : 0;
}

/* The next signal; 0 when there is none. A new size of the terminal is dealt with here. */
static int next_signal(const struct enter_relay *r)
{
	struct signalfd_siginfo info;
	struct winsize size;

	while (read(r->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGWINCH) {
			return (int)info.ssi_signo;
		}
		if (r->master >= 0 && ioctl(r->shown.to, TIOCGWINSZ, &size) == 0) {
			(void)ioctl(r->master, TIOCSWINSZ, &size);
		}
	}
	return 0;
}

bool enter_relay_is_asked(struct enter_relay *r)
{
	return next_signal(r) != 0;
}

static void make_raw(struct enter_relay *r)
{
	struct termios t;

	if (r->typed.from >= 0 && tcgetattr(STDIN_FILENO, &r->saved) == 0) {
		t = r->saved;
		cfmakeraw(&t);
		r->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &t) == 0;
	}
}

/*
 * The user has gone, or wants it to end. Shells take no SIGTERM at a terminal, but end with it: so
 * the command's hangs up, and what is left after a while is killed.
 */
static void hang_up(struct enter_relay *r, pid_t child)
{
	if (r->master >= 0) {
		close(TAKE_FD(r->master));
		r->typed.from = r->shown.from = -1;
		r->typed.n = 0;
		kill(child, SIGHUP);
		kill(child, SIGCONT);
	}
	if (!r->kill_at) {
		r->kill_at = usec_add(now_us(), KILL_AFTER_US);
	}
}

static void take_signals(struct enter_relay *r, pid_t child)
{
	int signo;

	while ((signo = next_signal(r))) {
		kill(child, signo);
		if (signo == SIGTERM || signo == SIGHUP) {
			hang_up(r, child);
		}
	}
}

/* How long to wait, in milliseconds for poll(2). Kills when it is time. */
static int remaining(const struct enter_relay *r, pid_t child)
{
	usec_t now = now_us();

	if (!r->kill_at) {
		return -1;
	}
	if (now < r->kill_at) {
		return (int)((r->kill_at - now) / USEC_PER_MSEC) + 1;
	}
	kill(child, SIGKILL);
	return -1;
}

/* ---- the two directions ---- */

static struct pollfd flow_poll(const struct enter_flow *f)
{
	return f->n ? (struct pollfd) { .fd = f->to, .events = POLLOUT }
		    : (struct pollfd) { .fd = f->from, .events = POLLIN };
}

/* One read, or one write. False at the end: nothing more comes, or nobody takes it. */
static bool flow_move(struct enter_flow *f)
{
	ssize_t n = f->n ? write(f->to, f->bytes, f->n) : read(f->from, f->bytes, sizeof(f->bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
		return true;
	}
	if (n <= 0) {
		f->from = -1;
		f->n = 0;
		return false;
	}
	if (f->n) {
		f->n -= (size_t)n;
		memmove(f->bytes, f->bytes + n, f->n);
	} else {
		f->n = (size_t)n;
	}
	return true;
}

/* What is typed, and what is shown; who cannot be read or shown to any more has gone. */
static void move_both(struct enter_relay *r, const struct pollfd p[2], pid_t child)
{
	bool taking = r->shown.n > 0;

	if (p[1].revents && !flow_move(&r->shown) && taking) {
		hang_up(r, child);
	}
	if (p[0].revents && r->typed.from >= 0 && !flow_move(&r->typed)) {
		hang_up(r, child);
	}
}

/* A pidfd is readable when the command has ended; what it wrote before is still copied. */
void enter_relay_run(struct enter_relay *r, pid_t child)
{
	AUTO_CLOSE int ended = sysx_pidfd_open(child, 0);
	unsigned last = 0;
	bool over = false;

	make_raw(r);
	for (;;) {
		struct pollfd p[] = { flow_poll(&r->typed), flow_poll(&r->shown),
			{ .fd = over ? -1 : ended, .events = POLLIN },
			{ .fd = r->signals, .events = POLLIN } };
		int wait_ms = over && !r->shown.n ? 0 : remaining(r, child);

		if (poll(p, ELEMENTSOF(p), wait_ms) < 0 && errno != EINTR) {
			return;
		}
		if (over && (r->kill_at || !(r->shown.n || p[1].revents) || last++ == LAST_READS)) {
			return;
		}
		move_both(r, p, child);
		over = over || p[2].revents;
		if (p[3].revents) {
			take_signals(r, child);
		}
	}
}

void enter_relay_fini(struct enter_relay *r)
{
	if (r->raw) {
		tcsetattr(STDIN_FILENO, TCSADRAIN, &r->saved);
	}
	cleanup_close(&r->master);
	cleanup_close(&r->signals);
}
