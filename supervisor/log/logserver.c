// SPDX-License-Identifier: MIT
#include "logserver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../runtime/base/fd.h"
#include "../../runtime/base/patience.h"
#include "../../runtime/base/timeutil.h"
#include "../../runtime/plan/logwire.h"
#include "lognative.h"
#include "logstream.h"
#include "logtell.h"

#define EVENTS          64
#define NATIVE_PER_TURN 64u
#define NATIVE_MAX      (224u * 1024u) /* as much as a socket takes by default */
#define CONNECTIONS_MAX (LIMIT_LOG_STREAMS / 4)
#define CONNECTIONS_UID 64u /* of one uid that is not root */
#define ROOT_TRUST_NONE UINT32_MAX

enum source_kind {
	SOURCE_CHANNEL,
	SOURCE_STDOUT,
	SOURCE_NATIVE,
	SOURCE_SIGNAL,
	SOURCE_STREAM, /* struct logstream */
	SOURCE_COUNT,
};

struct source {
	int kind;
	int fd;
};

struct logserver {
	int epoll;
	struct source sources[SOURCE_STREAM];
	struct logstore *store;
	struct logstream *streams; /* all, doubly linked */
	struct logstream *dead;    /* freed after the turn: events may still point at them */
	size_t n_streams;
	size_t n_connections;
	uint32_t trusted_uid;
	int spare; /* given up to refuse a connection when there is no descriptor left */
	int error; /* what it ends with */
	bool stop;
	bool refused;         /* some slot's stream waits for a descriptor */
	bool held;            /* some stream may hold an incomplete line */
	uint64_t deadline_us; /* of incomplete lines and reports, as of the last wait */
	struct lognative native;
	char buf[NATIVE_MAX];
	struct logstream *slots[LIMIT_SLOTS];
};

static int watch(struct logserver *s, int fd, void *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* The sender's ids with every message; no descriptors, whose closing could hang us. */
static int socket_prepare(int fd)
{
	int on = 1;

	fd_refuse_rights(fd);
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0) {
		return -errno;
	}
	return fd_set_nonblock(fd, 1);
}

/* ---- what cannot be had ---- */

/* supd-init keeps the stream, so what is written into it waits there for another supd-log. */
static void refuse(struct logserver *s, const char *unit, const char *reason)
{
	char text[LIMIT_UNIT_NAME + 192];

	snprintf(
		text, sizeof(text), "%s: %s: what the unit says waits in its stream", unit, reason);
	logtell(text);
	cleanup_close(&s->spare);
	logtell_unit(s->store, unit, text);
	s->spare = openat(LOG_FD_DIR, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->refused = true;
}

/* The next one gets every stream again, so nothing is lost but time. */
static void give_up(struct logserver *s, const char *unit)
{
	char text[LIMIT_UNIT_NAME + 128];

	if (s->error == 0) {
		snprintf(text, sizeof(text), "%s%sno memory left: it ends and is started again",
			unit, *unit ? ": " : "");
		logtell(text);
	}
	s->error = -ENOMEM;
	s->stop = true;
}

/* ---- streams ---- */

static int stream_add(struct logserver *s, struct logstream *stream)
{
	int r = watch(s, stream->fd, stream, EPOLLIN | EPOLLRDHUP | EPOLLET);

	if (r < 0) {
		return r;
	}
	stream->kind = SOURCE_STREAM;
	stream->next = s->streams;
	if (s->streams) {
		s->streams->prev = stream;
	}
	s->streams = stream;
	s->n_streams++;
	s->n_connections += stream->slot == LOGSTREAM_CONNECTION;
	return 0;
}

static void stream_remove(struct logserver *s, struct logstream *stream)
{
	if (stream->prev) {
		stream->prev->next = stream->next;
	} else {
		s->streams = stream->next;
	}
	if (stream->next) {
		stream->next->prev = stream->prev;
	}
	if (stream->slot != LOGSTREAM_CONNECTION) {
		s->slots[stream->slot] = NULL;
	}
	s->n_streams--;
	s->n_connections -= stream->slot == LOGSTREAM_CONNECTION;
	epoll_ctl(s->epoll, EPOLL_CTL_DEL, stream->fd, NULL);
	stream->kind = SOURCE_COUNT;
	stream->next = s->dead;
	s->dead = stream;
	/* There is a descriptor again: the next one is given all streams. */
	s->stop = s->stop || s->refused;
}

static void free_dead(struct logserver *s)
{
	while (s->dead) {
		struct logstream *stream = s->dead;

		s->dead = stream->next;
		logstream_free(s->store, stream);
	}
}

static void stream_turn(struct logserver *s, struct logstream *stream)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = stream };

	switch (logstream_read(s->store, stream, s->buf, now_us())) {
	case LOGSTREAM_IDLE:
		s->held |= stream->flush_us != 0;
		return;
	case LOGSTREAM_MORE:
		/* Modifying an edge-triggered descriptor that is readable makes a new event. */
		epoll_ctl(s->epoll, EPOLL_CTL_MOD, stream->fd, &event);
		s->held |= stream->flush_us != 0;
		return;
	case LOGSTREAM_DONE:
		stream_remove(s, stream);
		return;
	}
}

static void on_stream(struct logserver *s, struct logstream *stream, uint32_t events)
{
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
		stream->ended = true;
	}
	stream_turn(s, stream);
}

/* ---- the channel ---- */

static void slot_label(struct logserver *s, struct logstream *stream, struct logwire_record *q)
{
	q->unit[sizeof(q->unit) - 1] = '\0';
	q->identifier[sizeof(q->identifier) - 1] = '\0';
	if (logstream_label(s->store, stream, q->unit, q->identifier) < 0) {
		give_up(s, q->unit);
		return;
	}
	stream->priority = q->priority & 7;
	stream->level_prefix = q->level_prefix != 0;
	memcpy(stream->invocation_id, q->invocation_id, sizeof(stream->invocation_id));
}

static void slot_gone(struct logserver *s, struct logstream *stream)
{
	logstream_drain(s->store, stream, s->buf);
	stream_remove(s, stream);
}

static void slot_new(struct logserver *s, int fd, struct logwire_record *q)
{
	struct logstream *stream = NULL;

	if (s->n_streams >= LIMIT_LOG_STREAMS || socket_prepare(fd) < 0) {
		refuse(s, q->unit, "too many streams");
		close(fd);
		return;
	}
	stream = logstream_new(fd, q->slot);
	if (!stream) {
		give_up(s, q->unit);
		return;
	}
	slot_label(s, stream, q);
	if (!stream->unit || stream_add(s, stream) < 0) {
		give_up(s, q->unit);
		logstream_free(s->store, stream);
		return;
	}
	s->slots[q->slot] = stream;
}

static void on_slot_stream(struct logserver *s, struct logwire_record *q, int fd)
{
	struct logstream *stream = s->slots[q->slot];

	if (stream && fd >= 0) {
		slot_gone(s, stream);
	} else if (stream) {
		/* What was written until now belongs to the old invocation. */
		logstream_drain(s->store, stream, s->buf);
		slot_label(s, stream, q);
	}
	if (fd >= 0) {
		slot_new(s, fd, q);
	}
}

static void on_record(struct logserver *s, struct logwire_record *q, int *fd)
{
	if (q->type == LOGWIRE_CONFIG) {
		s->store->max_bytes = q->max_bytes;
		s->store->limit = (struct lograte_limit) { .interval_us = q->rate_interval_us,
			.lines = q->rate_lines };
		s->trusted_uid = q->trusted_uid;
		return;
	}
	if (q->slot >= LIMIT_SLOTS) {
		return;
	}
	if (q->type == LOGWIRE_STREAM) {
		on_slot_stream(s, q, TAKE_FD(*fd));
	} else if (q->type == LOGWIRE_GONE && s->slots[q->slot]) {
		slot_gone(s, s->slots[q->slot]);
	}
}

/* A stream that came without its descriptor: a known one has only another label. */
static void on_lost_stream(struct logserver *s, struct logwire_record *q)
{
	q->unit[sizeof(q->unit) - 1] = '\0';
	if (q->slot < LIMIT_SLOTS && s->slots[q->slot]) {
		on_slot_stream(s, q, -1);
	} else {
		refuse(s, q->unit, "no descriptor left (RLIMIT_NOFILE)");
	}
}

static int on_channel(struct logserver *s)
{
	for (;;) {
		struct logwire_record q;
		int fds[1] = { -1 };
		size_t n_fds = 1;
		ssize_t n = fd_recv(LOG_FD_CHANNEL, &q, sizeof(q), fds, &n_fds, MSG_DONTWAIT);

		if (n == -EAGAIN || n == -EINTR) {
			return 0;
		}
		if (n == -EMFILE) {
			on_lost_stream(s, &q);
			continue;
		}
		if (n <= 0) {
			s->stop = true;
			return n == 0 || n == -ECONNRESET ? 0 : (int)n;
		}
		if (n_fds == 0) {
			fds[0] = -1;
		}
		if (n == sizeof(q)) {
			on_record(s, &q, &fds[0]);
		}
		cleanup_close(&fds[0]);
	}
}

/* ---- journald's sockets ---- */

static bool may_connect(const struct logserver *s, uid_t uid)
{
	size_t n = 0;

	if (uid == 0) {
		return s->n_streams < LIMIT_LOG_STREAMS;
	}
	for (const struct logstream *i = s->streams; i; i = i->next) {
		n += i->slot == LOGSTREAM_CONNECTION && i->uid == uid;
	}
	return s->n_connections < CONNECTIONS_MAX && n < CONNECTIONS_UID;
}

static void connection_new(struct logserver *s, int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	struct logstream *stream;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
		!may_connect(s, peer.uid) || socket_prepare(fd) < 0) {
		patience_close(fd);
		return;
	}
	stream = logstream_new(fd, LOGSTREAM_CONNECTION);
	if (!stream) {
		return;
	}
	stream->uid = peer.uid;
	stream->wants_header = true;
	if (stream_add(s, stream) < 0) {
		logstream_free(s->store, stream);
	}
}

static int on_stdout(struct logserver *s)
{
	int fd = accept4(LOG_FD_STDOUT, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		connection_new(s, fd);
	} else if (errno == EMFILE || errno == ENFILE) {
		close(s->spare);
		fd = accept4(LOG_FD_STDOUT, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		cleanup_close(&fd);
		s->spare = openat(LOG_FD_DIR, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return 0;
}

static void native_put(struct logserver *s, size_t size, const struct ucred *cred)
{
	bool trusted = cred->uid == 0 || cred->uid == s->trusted_uid;
	char unit[LIMIT_UNIT_NAME] = "";
	char identifier[LIMIT_LOG_IDENTIFIER] = "";
	struct log_record r = { .pid = (uint32_t)cred->pid, .uid = cred->uid };
	struct logunit *u;

	if (lognative_parse(s->buf, size, &s->native) < 0) {
		return;
	}
	if (trusted && s->native.unit_size < sizeof(unit) && s->native.unit_size > 0) {
		memcpy(unit, s->native.unit, s->native.unit_size);
		memcpy(r.invocation_id, s->native.invocation_id, sizeof(r.invocation_id));
	}
	memcpy(identifier, s->native.identifier, s->native.identifier_size);
	r.priority = s->native.priority;
	r.identifier = identifier;
	r.message = s->native.message;
	r.message_size = s->native.message_size;
	r.fields = s->native.fields;
	r.n_fields = s->native.n_fields;
	u = logstore_ref(s->store, trusted ? unit : LOG_UNIT_STRANGERS);
	if (!u) {
		give_up(s, unit);
		return;
	}
	logstore_put(s->store, u, &r, !trusted);
	logstore_flush(s->store);
	logstore_unref(s->store, u);
}

/* One datagram, peeked, stored, consumed. False: there is none. */
static bool native_turn(struct logserver *s)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { .iov_base = s->buf, .iov_len = sizeof(s->buf) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = s->error ? -1 : recvmsg(LOG_FD_NATIVE, &msg, MSG_PEEK | MSG_DONTWAIT);
	const struct cmsghdr *c;
	struct ucred cred;

	if (n < 0) {
		return false;
	}
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS &&
		!(msg.msg_flags & MSG_TRUNC)) {
		memcpy(&cred, CMSG_DATA(c), sizeof(cred));
		native_put(s, (size_t)n, &cred);
	}
	if (s->error) {
		return false; /* the next one's */
	}
	if (msg.msg_flags & MSG_CTRUNC) {
		patience_begin();
	}
	recv(LOG_FD_NATIVE, s->buf, 0, MSG_DONTWAIT);
	if (msg.msg_flags & MSG_CTRUNC) {
		patience_end();
	}
	return true;
}

static int on_native(struct logserver *s)
{
	for (unsigned i = 0; i < NATIVE_PER_TURN && native_turn(s); i++) {
	}
	return 0;
}

static int on_signal(struct logserver *s)
{
	s->stop = true;
	return 0;
}

/* ---- life ---- */

static int (*const handlers[SOURCE_STREAM])(struct logserver *s) = {
	[SOURCE_CHANNEL] = on_channel,
	[SOURCE_STDOUT] = on_stdout,
	[SOURCE_NATIVE] = on_native,
	[SOURCE_SIGNAL] = on_signal,
};

static int sources_watch(struct logserver *s)
{
	for (int i = 0; i < SOURCE_STREAM; i++) {
		int r;

		s->sources[i].kind = i;
		fcntl(s->sources[i].fd, F_SETFD, FD_CLOEXEC);
		r = fd_set_nonblock(s->sources[i].fd, 1);
		r = r < 0 ? r : watch(s, s->sources[i].fd, &s->sources[i], EPOLLIN);
		if (r < 0) {
			return r;
		}
	}
	return socket_prepare(LOG_FD_NATIVE);
}

int logserver_new(struct logserver **ret)
{
	struct logserver *s = calloc(1, sizeof(*s));
	sigset_t set;
	int r;

	if (!s) {
		return -ENOMEM;
	}
	*ret = s;
	s->trusted_uid = ROOT_TRUST_NONE;
	s->store = logstore_new(LOG_FD_DIR);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->spare = openat(LOG_FD_DIR, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->sources[SOURCE_CHANNEL].fd = LOG_FD_CHANNEL;
	s->sources[SOURCE_STDOUT].fd = LOG_FD_STDOUT;
	s->sources[SOURCE_NATIVE].fd = LOG_FD_NATIVE;
	s->sources[SOURCE_SIGNAL].fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	r = !s->store                                                          ? -ENOMEM
	    : s->epoll < 0 || s->spare < 0 || s->sources[SOURCE_SIGNAL].fd < 0 ? -errno
									       : 0;
	return r < 0 ? r : sources_watch(s);
}

void logserver_free(struct logserver *s)
{
	while (s->streams) {
		stream_remove(s, s->streams);
	}
	free_dead(s);
	logstore_free(s->store);
	cleanup_close(&s->spare);
	cleanup_close(&s->sources[SOURCE_SIGNAL].fd);
	cleanup_close(&s->epoll);
	free(s);
}

/* Milliseconds to the next incomplete line or report; -1: none. */
static int time_to_wait(struct logserver *s)
{
	uint64_t deadline = logstore_deadline(s->store);
	uint64_t now = now_us();
	uint64_t flush = UINT64_MAX;

	for (const struct logstream *i = s->held ? s->streams : NULL; i; i = i->next) {
		if (i->flush_us != 0 && i->flush_us < flush) {
			flush = i->flush_us;
		}
	}
	s->held = flush != UINT64_MAX;
	deadline = flush < deadline ? flush : deadline;
	s->deadline_us = deadline;
	if (deadline == UINT64_MAX) {
		return -1;
	}
	/* A limit of hours need not be exact: it only wakes once more. */
	deadline = deadline > now ? (deadline - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC : 0;
	return deadline > 3600000 ? 3600000 : (int)deadline;
}

static void flush_incomplete(struct logserver *s)
{
	uint64_t now = now_us();
	struct logstream *next;

	for (struct logstream *i = s->streams; i; i = next) {
		next = i->next;
		if (i->flush_us != 0 && i->flush_us <= now) {
			stream_turn(s, i);
		}
	}
}

static int dispatch(struct logserver *s, const struct epoll_event *event)
{
	struct source *source = event->data.ptr;

	if (source->kind == SOURCE_STREAM) {
		on_stream(s, event->data.ptr, event->events);
		return 0;
	}
	return source->kind < SOURCE_STREAM ? handlers[source->kind](s) : 0;
}

static void drain_all(struct logserver *s)
{
	while (native_turn(s)) {
	}
	for (struct logstream *i = s->streams; i; i = i->next) {
		logstream_drain(s->store, i, s->buf);
	}
	logstore_report(s->store);
	logstore_flush(s->store);
}

int logserver_run(struct logserver *s)
{
	struct epoll_event events[EVENTS];
	int r = 0;

	while (!s->stop && r >= 0) {
		int n = epoll_wait(s->epoll, events, EVENTS, time_to_wait(s));

		r = n < 0 && errno != EINTR ? -errno : 0;
		for (int i = 0; i < n && r >= 0; i++) {
			r = dispatch(s, &events[i]);
		}
		if (s->deadline_us != UINT64_MAX && s->deadline_us <= now_us()) {
			flush_incomplete(s);
			logstore_report(s->store);
		}
		logtell_loss(s->store);
		free_dead(s);
	}
	drain_all(s);
	return r < 0 ? r : s->error;
}
