// SPDX-License-Identifier: MIT
#include "logstream.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "../../runtime/base/limits.h"
#include "../../runtime/base/patience.h"
#include "logline.h"

_Static_assert(LOGSTREAM_BUFFER > LIMIT_LOG_LINE + 1, "a full buffer always holds a line");

struct peek {
	size_t size;
	bool flush;  /* no more can come to the last line */
	bool rights; /* descriptors came with it: their last close may wait */
	struct ucred cred;
};

struct logstream *logstream_new(int fd, uint32_t slot)
{
	struct logstream *s = calloc(1, sizeof(*s));

	if (!s) {
		close(fd);
		return NULL;
	}
	s->fd = fd;
	s->slot = slot;
	s->priority = 6;
	return s;
}

void logstream_free(struct logstore *store, struct logstream *s)
{
	patience_close(s->fd); /* what nobody has read may hold descriptors */
	if (s->unit) {
		logstore_unref(store, s->unit);
	}
	free(s->identifier);
	free(s);
}

int logstream_label(
	struct logstore *store, struct logstream *s, const char *unit, const char *identifier)
{
	AUTO_FREE char *copy = strndup(identifier, LIMIT_LOG_IDENTIFIER - 1);
	struct logunit *u = copy ? logstore_ref(store, unit) : NULL;

	if (!u) {
		return -ENOMEM;
	}
	if (s->unit) {
		logstore_unref(store, s->unit);
	}
	s->unit = u;
	free(s->identifier);
	s->identifier = TAKE_PTR(copy);
	return 0;
}

/* 1: something is there; 0: nothing; -EPIPE: the end; -errno. */
static int peek(const struct logstream *s, char *buf, struct peek *ret)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { .iov_base = buf, .iov_len = LOGSTREAM_BUFFER };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	const struct cmsghdr *c;
	int queued = 0;
	ssize_t n;

	/* Asked before the peek: what is queued beyond it was written by another process. */
	if (ioctl(s->fd, FIONREAD, &queued) < 0) {
		return -errno;
	}
	n = recvmsg(s->fd, &msg, MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0) {
		return n == 0 ? -EPIPE : errno == EAGAIN || errno == EINTR ? 0 : -errno;
	}
	*ret = (struct peek) { .size = (size_t)n, .cred = { .uid = s->uid } };
	ret->rights = msg.msg_flags & MSG_CTRUNC;
	ret->flush = (size_t)n < LOGSTREAM_BUFFER && (size_t)queued > (size_t)n;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
		memcpy(&ret->cred, CMSG_DATA(c), sizeof(ret->cred));
	}
	return 1;
}

/* What was peeked and is stored. buf is overwritten. */
static void consume(const struct logstream *s, char *buf, size_t size, bool rights)
{
	ssize_t n = 1;

	if (rights) {
		patience_begin();
	}
	while (size > 0 && n > 0) {
		n = recv(s->fd, buf, size, MSG_DONTWAIT);
		size -= n > 0 ? (size_t)n : 0;
	}
	if (rights) {
		patience_end();
	}
}

static void put_line(
	struct logstore *store, struct logstream *s, struct log_line line, const struct ucred *cred)
{
	struct log_record r = {
		.flags = (s->rest ? LOG_RECORD_REST : 0u) | (line.cut ? LOG_RECORD_CUT : 0u),
		.priority = s->rest ? s->rest_priority : s->priority,
		.pid = (uint32_t)cred->pid,
		.uid = cred->uid,
		.identifier = s->identifier,
	};

	if (s->level_prefix && !s->rest) {
		logline_strip_prefix(&line, &r.priority);
	}
	s->rest = line.cut;
	s->rest_priority = r.priority;
	if (line.size == 0) {
		return;
	}
	r.message = line.text;
	r.message_size = line.size;
	memcpy(r.invocation_id, s->invocation_id, sizeof(r.invocation_id));
	logstore_put(store, s->unit, &r, true);
}

/* Stores the whole lines of buf, and the incomplete last one if flush. Returns the bytes done. */
static size_t put_lines(
	struct logstore *store, struct logstream *s, const char *buf, const struct peek *p)
{
	struct log_line line;
	size_t at = 0;

	for (; logline_next(buf + at, p->size - at, &line); at += line.consumed) {
		put_line(store, s, line, &p->cred);
	}
	if (p->flush && at < p->size) {
		line = (struct log_line) {
			.text = buf + at, .size = p->size - at, .cut = !s->ended
		};
		put_line(store, s, line, &p->cred);
		at = p->size;
	}
	logstore_flush(store);
	return at;
}

/* Length of the header, 0 incomplete, -errno. */
static int take_header(
	struct logstore *store, struct logstream *s, const char *buf, const struct peek *p)
{
	struct logline_header h;
	int n = logline_parse_header(buf, p->size, &h);
	int r;

	if (n <= 0) {
		return n == 0 && p->flush ? -EBADMSG : n;
	}
	/* The unit name counts only from root: anybody may connect. */
	r = logstream_label(store, s, s->uid == 0 ? h.unit : LOG_UNIT_STRANGERS, h.identifier);
	if (r < 0) {
		return r;
	}
	s->priority = h.priority;
	s->level_prefix = h.level_prefix;
	s->wants_header = false;
	return n;
}

static void hold(struct logstream *s, size_t size, uint64_t now)
{
	if (s->flush_us == 0) {
		s->flush_us = now + LOGSTREAM_HOLD_US;
	}
	if (size >= LOGSTREAM_HOLD_BIG && s->flush_us > now + LOGSTREAM_BIG_US) {
		s->flush_us = now + LOGSTREAM_BIG_US;
	}
}

/* One buffer: 1 done, 0 nothing (left) to do, -errno the end. */
static int turn(struct logstore *store, struct logstream *s, char *buf, uint64_t now)
{
	struct peek p = { 0 };
	int r = peek(s, buf, &p);

	if (r <= 0) {
		s->flush_us = 0;
		return r;
	}
	p.flush = p.flush || s->ended || (s->flush_us != 0 && s->flush_us <= now);
	if (s->wants_header) {
		r = take_header(store, s, buf, &p);
	} else {
		r = (int)put_lines(store, s, buf, &p);
	}
	if (r > 0) {
		consume(s, buf, (size_t)r, p.rights);
		s->flush_us = 0;
		return 1;
	}
	if (r == 0 && !s->wants_header) {
		hold(s, p.size, now);
	}
	return r;
}

enum logstream_state logstream_read(
	struct logstore *store, struct logstream *s, char *buf, uint64_t now_us)
{
	for (unsigned i = 0; i < LOGSTREAM_TURNS; i++) {
		int r = turn(store, s, buf, now_us);

		if (r <= 0) {
			return r < 0 || s->ended ? LOGSTREAM_DONE : LOGSTREAM_IDLE;
		}
	}
	return LOGSTREAM_MORE;
}

void logstream_drain(struct logstore *store, struct logstream *s, char *buf)
{
	bool ended = s->ended;

	s->ended = true;
	for (unsigned i = 0; i < LOGSTREAM_DRAIN && turn(store, s, buf, 0) > 0; i++) {
	}
	s->ended = ended;
}
