// SPDX-License-Identifier: MIT
#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/number.h"
#include "launch.h"
#include "logfiles.h"
#include "pathwalk.h"

#define STREAM_SNDBUF (8 * 1024 * 1024)

static int or_errno(int fd)
{
	return fd < 0 ? -errno : fd;
}

static int open_null(int which)
{
	return or_errno(open("/dev/null", (which ? O_WRONLY : O_RDONLY) | O_CLOEXEC));
}

/* ---- log ---- */

struct header {
	char data[LIMIT_LOG_IDENTIFIER + LIMIT_UNIT_NAME + 32];
	size_t len;
};

static void add_line(struct header *h, const char *text)
{
	size_t n = strlen(text);

	if (n > sizeof(h->data) - 1 - h->len) {
		n = sizeof(h->data) - 1 - h->len;
	}
	memcpy(h->data + h->len, text, n);
	h->data[h->len + n] = '\n';
	h->len += n + 1;
}

/* systemd-journald's stdout protocol: seven lines, then the stream. */
static int send_header(struct launch *l, int fd)
{
	struct header h = { .len = 0 };
	char priority[24], unit[LOGFILES_UNIT_NAME];

	logfiles_unit_name(l, unit);
	number_format_u64(priority, l->plan.log_priority);
	add_line(&h, l->plan.log_identifier ? l->plan.log_identifier : "");
	add_line(&h, unit);
	add_line(&h, priority);
	add_line(&h, l->plan.log_level_prefix ? "1" : "0");
	add_line(&h, "0"); /* to syslog, kmsg, console: journald's own settings decide */
	add_line(&h, "0");
	add_line(&h, "0");
	return fd_write_full(fd, h.data, h.len);
}

static int connect_journald(struct launch *l)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int size = STREAM_SNDBUF;
	int r;

	strcpy(to.sun_path, "/run/systemd/journal");
	if (l->plan.log_namespace) {
		strcat(to.sun_path, ".");
		strcat(to.sun_path, l->plan.log_namespace);
	}
	strcat(to.sun_path, "/stdout");
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
		shutdown(fd, SHUT_RD) < 0) {
		return -errno;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	r = send_header(l, fd);
	return r < 0 ? r : TAKE_FD(fd);
}

static int open_log(struct launch *l, int which)
{
	if (l->job.use_journald) {
		int fd = connect_journald(l);

		if (fd >= 0) {
			l->journal_stream[which - 1] = true;
			return fd;
		}
	}
	if (l->fds[LAUNCH_TAG_LOG] < 0) {
		return open_null(which);
	}
	return or_errno(fcntl(l->fds[LAUNCH_TAG_LOG], F_DUPFD_CLOEXEC, 4));
}

/* ---- files, ttys, sockets ---- */

static int open_file(const struct plan_stdio *s, int which)
{
	int flags = O_NOCTTY | (which ? O_WRONLY | O_CREAT : O_RDONLY);

	if (which && s->kind == STDIO_FILE_APPEND) {
		flags |= O_APPEND;
	} else if (which && s->kind == STDIO_FILE_TRUNCATE) {
		flags |= O_TRUNC;
	}
	return pathwalk_open_file(s->path, flags, 0644);
}

/*
 * The kernel opens a socket by connect, not by open: to what the walk has found, by its descriptor,
 * for the path may lead elsewhere by then, and may be longer than an address.
 */
static int open_socket_file(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	AUTO_CLOSE int node = pathwalk_open(path);
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (node < 0 || fstat(node, &st) < 0) {
		return node < 0 ? node : -errno;
	}
	if (!S_ISSOCK(st.st_mode)) {
		return -ENXIO; /* a FIFO without a reader, a device without a driver */
	}
	fd_link(node, to.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		return -errno;
	}
	return TAKE_FD(fd);
}

static int open_path(const struct plan_stdio *s, int which)
{
	int fd = open_file(s, which);

	return fd == -ENXIO ? open_socket_file(s->path) : fd;
}

static const char *tty_of(const struct launch *l)
{
	return l->plan.tty_path ? l->plan.tty_path : "/dev/console";
}

static int open_tty(struct launch *l)
{
	return pathwalk_open_file(tty_of(l), O_RDWR | O_NOCTTY, 0);
}

/* StandardInputText=: a sealed memfd, read from its start. */
static int open_data(const struct plan_stdio *s)
{
	AUTO_CLOSE int fd = memfd_create("stdin", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0) {
		return -errno;
	}
	r = fd_write_full(fd, s->data.data, s->data.n);
	if (r < 0) {
		return r;
	}
	if (lseek(fd, 0, SEEK_SET) < 0 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) <
			0) {
		return -errno;
	}
	return TAKE_FD(fd);
}

/* The one socket there is, or the first of that name. */
static int open_listen(struct launch *l, const struct plan_stdio *s, int which)
{
	static const char *const names[] = { "stdin", "stdout", "stderr" };
	const char *name = s->path ? s->path : names[which];
	uint32_t i = 0;

	if (s->kind == STDIO_SOCKET && l->n_listen > 1) {
		return -E2BIG;
	}
	while (s->kind == STDIO_FD && i < l->n_listen &&
		strcmp(launch_listen_name(l, i), name) != 0) {
		i++;
	}
	return i < l->n_listen ? or_errno(fcntl(l->listen[i], F_DUPFD_CLOEXEC, 4)) : -ENOTCONN;
}

static int open_inherited(struct launch *l, int which)
{
	return which ? or_errno(fcntl(l->stdio[which - 1], F_DUPFD_CLOEXEC, 4)) : open_null(0);
}

static int open_stream(struct launch *l, const struct plan_stdio *s, int which)
{
	switch ((enum stdio_kind)s->kind) {
	case STDIO_NULL:
		return open_null(which);
	case STDIO_INHERIT:
		return open_inherited(l, which);
	case STDIO_TTY:
	case STDIO_TTY_FORCE:
	case STDIO_TTY_FAIL:
		return open_tty(l);
	case STDIO_LOG:
	case STDIO_LOG_CONSOLE:
		return which ? open_log(l, which) : open_null(0);
	case STDIO_KMSG:
	case STDIO_KMSG_CONSOLE:
		return or_errno(open("/dev/kmsg", O_WRONLY | O_CLOEXEC));
	case STDIO_FILE:
	case STDIO_FILE_APPEND:
	case STDIO_FILE_TRUNCATE:
		return open_path(s, which);
	case STDIO_SOCKET:
	case STDIO_FD:
		return open_listen(l, s, which);
	case STDIO_DATA:
		return open_data(s);
	case STDIO_KIND_COUNT:
		break;
	}
	return -EINVAL;
}

static bool is_tty(const struct plan_stdio *s)
{
	return s->kind >= STDIO_TTY && s->kind <= STDIO_TTY_FAIL;
}

/* A terminal has its name from TTYPath=. */
static int fail_stream(struct launch *l, const struct plan_stdio *s, int which)
{
	static const char *const names[] = { "standard input", "standard output",
		"standard error" };
	bool tty = is_tty(s);
	const char *path = tty ? tty_of(l) : s->path;
	const char *origin = tty && l->plan.tty_origin ? l->plan.tty_origin : s->origin;

	return launch_fail(l, l->stdio[which], origin, path ? "open " : names[which], path);
}

/*
 * Opened before the walls go up: the files are the host's, and root-owned places such as journald's
 * socket may be hidden behind them. Error inherits output's connection, as systemd's does.
 */
int launch_open_streams(struct launch *l)
{
	static const struct plan_stdio nothing = { .kind = STDIO_NULL };
	const struct plan_stdio *rows = l->plan.stdio.items;
	bool as_stream = false;

	for (int i = 0; i < 3; i++) {
		const struct plan_stdio *s = l->plan.stdio.n ? &rows[i] : &nothing;

		l->stdio[i] = open_stream(l, s, i);
		if (l->stdio[i] < 0) {
			return fail_stream(l, s, i);
		}
		if (i == 2 && s->kind == STDIO_INHERIT) {
			l->journal_stream[1] = l->journal_stream[0];
		}
		as_stream |= s->kind == STDIO_SOCKET;
	}
	if (as_stream) {
		l->n_listen = 0; /* inetd's way: it is not passed a second time */
	}
	return 0;
}
