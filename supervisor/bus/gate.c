// SPDX-License-Identifier: MIT
#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/patience.h"

#define CHUNK 16384u

/* Nothing more comes; what is in the pair is still read. */
static void finish(struct gate *g)
{
	(void)sd_event_source_set_enabled(g->in, SD_EVENT_OFF);
	shutdown(g->to, SHUT_WR);
}

static void wait_for_room(struct gate *g, bool on)
{
	(void)sd_event_source_set_enabled(g->in, on ? SD_EVENT_OFF : SD_EVENT_ON);
	(void)sd_event_source_set_enabled(g->room, on ? SD_EVENT_ON : SD_EVENT_OFF);
}

static void consume(struct gate *g, char *buf, size_t n)
{
	while (n > 0) {
		ssize_t got = recv(g->fd, buf, n, MSG_DONTWAIT);

		if (got <= 0) {
			g->bad = true; /* it was there a moment ago */
			return;
		}
		n -= (size_t)got;
	}
}

/* Looked at first, so that descriptors are seen without being received or discarded here. */
static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct gate *g = user;
	char buf[CHUNK];
	struct iovec iov = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n = recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT);

	(void)source;
	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return 0;
	}
	if (n > 0 && msg.msg_flags & MSG_CTRUNC) {
		g->bad = true;
	}
	if (n <= 0 || g->bad) {
		finish(g);
		return 0;
	}
	n = send(g->to, buf, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno == EAGAIN) {
		wait_for_room(g, true);
		return 0;
	}
	if (n < 0) {
		g->bad = true;
		finish(g);
		return 0;
	}
	g->since += (size_t)n;
	consume(g, buf, (size_t)n);
	return 0;
}

static int on_room(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	(void)source;
	(void)fd;
	(void)revents;
	wait_for_room(user, false);
	return 0;
}

static int add_sources(struct gate *g, sd_event *event)
{
	int r = sd_event_add_io(event, &g->in, g->fd, EPOLLIN, on_readable, g);

	r = r < 0 ? r : sd_event_add_io(event, &g->room, g->to, EPOLLOUT, on_room, g);
	return r < 0 ? r : sd_event_source_set_enabled(g->room, SD_EVENT_OFF);
}

int gate_init(struct gate *g, sd_event *event, int client_fd, size_t limit, int *ret_fd)
{
	int pair[2], r;

	*g = (struct gate) { .fd = -1, .to = -1, .limit = limit };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		return -errno;
	}
	AUTO_CLOSE int inner = pair[0];

	g->to = pair[1];
	g->fd = fcntl(client_fd, F_DUPFD_CLOEXEC, 0);
	r = g->fd < 0 ? -errno : add_sources(g, event);
	if (r < 0) {
		gate_fini(g);
		return r;
	}
	*ret_fd = TAKE_FD(inner);
	return 0;
}

void gate_fini(struct gate *g)
{
	g->in = sd_event_source_disable_unref(g->in);
	g->room = sd_event_source_disable_unref(g->room);
	if (g->fd >= 0) {
		patience_close(g->fd);
	}
	if (g->to >= 0) {
		close(g->to);
	}
	*g = (struct gate) { .fd = -1, .to = -1 };
}

size_t gate_message(struct gate *g)
{
	size_t n = g->since;

	g->since = 0;
	return n;
}

bool gate_is_broken(const struct gate *g)
{
	return g->bad || g->since > g->limit;
}
