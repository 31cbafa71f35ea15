// SPDX-License-Identifier: MIT
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"

static const char *const fifo_names[] = { "in", "out", "err" };

static int open_pty(struct relay *r)
{
	struct winsize size;

	r->in = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (r->in < 0 || grantpt(r->in) < 0 || unlockpt(r->in) < 0 ||
		ptsname_r(r->in, r->tty, sizeof(r->tty)) != 0) {
		return -errno;
	}
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
		(void)ioctl(r->in, TIOCSWINSZ, &size);
	}
	return 0;
}

static int open_fifo(struct relay *r, unsigned i)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", r->dir, fifo_names[i]);
	if (mkfifo(path, 0600) < 0) {
		return -errno;
	}
	if (i == 0) {
		return 0; /* opened when the unit reads it: see open_input() */
	}
	r->out[i - 1] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return r->out[i - 1] < 0 ? -errno : 0;
}

int relay_open(struct relay *r, bool pty)
{
	int code = 0;

	*r = (struct relay)RELAY_NONE;
	if (pty) {
		return open_pty(r);
	}
	strcpy(r->dir, "/run/supctl-XXXXXX");
	if (!mkdtemp(r->dir)) {
		r->dir[0] = '\0';
		return -errno;
	}
	for (unsigned i = 0; i < ELEMENTSOF(fifo_names) && code == 0; i++) {
		code = open_fifo(r, i);
	}
	return code;
}

/* ---- the child ---- */

struct stream {
	int from, to;
	bool ends_unit_input; /* at its end the unit's input ends */
};

/* False at the end of the stream. */
static bool copy(const struct stream *s)
{
	char buf[16384];
	ssize_t n = read(s->from, buf, sizeof(buf));

	if (n < 0) {
		return errno == EAGAIN || errno == EINTR;
	}
	return n > 0 && fd_write_full(s->to, buf, (size_t)n) == 0;
}

static void drain(const struct stream *s)
{
	struct pollfd p = { .fd = s->from, .events = POLLIN };

	while (poll(&p, 1, 0) > 0 && (p.revents & POLLIN) && copy(s)) {
	}
}

/* A FIFO that somebody has left hangs up until the next one comes: look again a little later. */
static void pause_briefly(void)
{
	(void)poll(NULL, 0, 20);
}

/*
 * The unit's input, once it has a reader: an end that is closed before would leave the unit
 * waiting for a writer for ever.
 */
static void open_input(const struct relay *r, struct stream *s)
{
	char path[128];

	if (s->to >= 0 || s->from < 0) {
		return;
	}
	snprintf(path, sizeof(path), "%s/%s", r->dir, fifo_names[0]);
	s->to = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (s->to >= 0) {
		(void)fcntl(s->to, F_SETFL, 0);
	}
}

static void copy_all(const struct relay *r, struct stream *s, size_t n, int done)
{
	struct pollfd p[4];
	bool hung_up, copied;

	for (;;) {
		open_input(r, &s[0]);
		hung_up = s[0].to < 0 && s[0].from >= 0;
		for (size_t i = 0; i < n; i++) {
			p[i] = (struct pollfd) { .fd = i || s[i].to >= 0 ? s[i].from : -1,
				.events = POLLIN };
		}
		p[n] = (struct pollfd) { .fd = done, .events = POLLIN };
		if (poll(p, n + 1, hung_up ? 10 : -1) < 0 && errno != EINTR) {
			return;
		}
		copied = false;
		if (p[n].revents) {
			break;
		}
		for (size_t i = 0; i < n; i++) {
			bool readable = p[i].revents & POLLIN;
			bool more = readable && copy(&s[i]);

			hung_up = hung_up || (p[i].revents && !readable && i > 0);
			copied = copied || more;
			if (more || !p[i].revents || i > 0) {
				continue;
			}
			if (s[i].ends_unit_input) {
				close(s[i].to);
			}
			s[i].from = -1;
		}
		if (hung_up && !copied) {
			pause_briefly();
		}
	}
	for (size_t i = 1; i < n; i++) {
		drain(&s[i]);
	}
}

static void child_main(struct relay *r, int done)
{
	bool pty = r->tty[0] != '\0';
	struct stream pipes[] = { { STDIN_FILENO, -1, true }, { r->out[0], STDOUT_FILENO, false },
		{ r->out[1], STDERR_FILENO, false } };
	struct stream terminal[] = { { STDIN_FILENO, r->in, false },
		{ r->in, STDOUT_FILENO, false } };

	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	copy_all(r, pty ? terminal : pipes, pty ? 2 : 3, done);
	_exit(0);
}

int relay_start(struct relay *r)
{
	int ends[2];
	struct termios raw;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	if (r->tty[0] && tcgetattr(STDIN_FILENO, &r->saved) == 0) {
		raw = r->saved;
		cfmakeraw(&raw);
		r->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	}
	fflush(NULL);
	r->child = fork();
	if (r->child < 0) {
		close(ends[0]);
		close(ends[1]);
		return -errno;
	}
	if (r->child == 0) {
		close(ends[1]);
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		child_main(r, ends[0]);
	}
	close(ends[0]);
	r->done = ends[1];
	return 0;
}

void relay_finish(struct relay *r)
{
	if (r->done >= 0) {
		close(r->done);
		r->done = -1;
	}
	while (r->child > 0 && waitpid(r->child, NULL, 0) < 0 && errno == EINTR) {
	}
	r->child = -1;
	if (r->raw) {
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &r->saved);
		r->raw = false;
	}
}

void relay_fini(struct relay *r)
{
	char path[128];

	relay_finish(r);
	cleanup_close(&r->in);
	cleanup_close(&r->out[0]);
	cleanup_close(&r->out[1]);
	for (size_t i = 0; r->dir[0] && i < ELEMENTSOF(fifo_names); i++) {
		snprintf(path, sizeof(path), "%s/%s", r->dir, fifo_names[i]);
		(void)unlink(path);
	}
	if (r->dir[0]) {
		(void)rmdir(r->dir);
	}
	*r = (struct relay)RELAY_NONE;
}
