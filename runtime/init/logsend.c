// SPDX-License-Identifier: MIT
#include "logsend.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "../base/timeutil.h"
#include "broker.h"
#include "kmsg.h"
#include "logs.h"
#include "util.h"

#define SAY_MAX  256
#define SAY_HEAD "PRIORITY=4\nSYSLOG_IDENTIFIER=supd-init\nMESSAGE="

static bool is_full(int r)
{
	return r == -EAGAIN || r == -ENOBUFS;
}

/* Nobody reads there any more. */
static bool is_stale(int r)
{
	return r == -ECONNREFUSED || r == -ENOTCONN;
}

static int join_address(struct sockaddr_un *to, const char *dir, const char *name)
{
	const char *const parts[4] = { dir, name, NULL };

	*to = (struct sockaddr_un) { .sun_family = AF_UNIX };
	return util_join(to->sun_path, sizeof(to->sun_path), parts);
}

static const struct sockaddr_un journald = { .sun_family = AF_UNIX,
	.sun_path = LOGS_JOURNAL_NATIVE };

static int connect_to(const struct sockaddr_un *to, int *ret_fd)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0) {
		return -errno;
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int send_on(int fd, const void *data, size_t size)
{
	return send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* ---- journald ---- */

/* A socket of its own: that one can be waited for, and has room of its own. */
static void wait_for_journald(struct broker *b)
{
	struct logsend *l = &b->logsend;

	if (connect_to(&journald, &l->journald_fd) < 0) {
		return; /* the next record asks again */
	}
	if (broker_watch(b, l->journald_fd, EPOLLOUT, WATCH_NATIVE, 0) < 0) {
		util_close(&l->journald_fd);
	}
}

static int send_journald(struct broker *b, const void *data, size_t size)
{
	struct logsend *l = &b->logsend;
	int r;

	if (!b->t->settings.use_journald) {
		return -ENOENT;
	}
	if (l->journald_fd >= 0) {
		r = send_on(l->journald_fd, data, size);
		if (!is_stale(r)) {
			return r;
		}
		util_close(&l->journald_fd);
	}
	r = (int)sendto(b->journal_fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL,
		(const struct sockaddr *)&journald, sizeof(journald));
	r = r < 0 ? -errno : 0;
	if (is_full(r)) {
		wait_for_journald(b);
	}
	return r;
}

/* ---- supd-log ---- */

/* Connected for good. */
static int send_native(struct broker *b, const void *data, size_t size)
{
	struct logsend *l = &b->logsend;
	struct sockaddr_un to;
	int r = 0;

	b->log.wanted = true;
	logs_start(b);
	if (l->native_fd < 0) {
		r = join_address(&to, b->t->settings.runtime_dir, "/log/native");
		r = r < 0 ? r : connect_to(&to, &l->native_fd);
	}
	r = r < 0 ? r : send_on(l->native_fd, data, size);
	if (is_stale(r)) {
		/* The socket was made anew. */
		util_close(&l->native_fd);
		l->watched = false;
	} else if (is_full(r) && !l->watched && l->native_fd >= 0) {
		l->watched = broker_watch(b, l->native_fd, EPOLLOUT, WATCH_NATIVE, 0) == 0;
	}
	return r;
}

/* ---- both ---- */

static int send_any(struct broker *b, const void *data, size_t size)
{
	int r = b->logsend.journald_says = send_journald(b, data, size);

	/* A journald that is only behind is no reason to split the log. */
	return r == 0 || is_full(r) ? r : send_native(b, data, size);
}

/* The oldest first. 0 when nothing is left; what can never be sent is counted. */
static int send_queued(struct broker *b)
{
	struct logsend *l = &b->logsend;
	const void *data;
	size_t size;
	int r;

	while ((data = logqueue_first(&l->queue, &size))) {
		r = send_any(b, data, size);
		if (is_full(r)) {
			return r;
		}
		l->lost += r < 0;
		logqueue_pop(&l->queue);
	}
	return 0;
}

static int report_lost(struct broker *b)
{
	static const char tail[] = " messages of supd were lost: the log was too far behind\n";
	char text[sizeof(SAY_HEAD) + sizeof(tail) + 24] = SAY_HEAD;
	size_t n = sizeof(SAY_HEAD) - 1;
	int r;

	n += number_format_u64(text + n, b->logsend.lost);
	memcpy(text + n, tail, sizeof(tail) - 1);
	n += sizeof(tail) - 1;
	r = send_any(b, text, n);
	if (r == 0) {
		b->logsend.lost = 0;
	}
	return r;
}

/* What came before what comes now. 0 when all of it is gone. */
static int send_earlier(struct broker *b)
{
	int r = send_queued(b);

	return r == 0 && b->logsend.lost ? report_lost(b) : r;
}

/* Only who is in the way is waited for: the other one would say at once that it has room. */
void logsend_room(struct broker *b)
{
	struct logsend *l = &b->logsend;
	bool full = is_full(send_earlier(b));

	if (!full || !is_full(l->journald_says)) {
		util_close(&l->journald_fd);
	}
	if (l->watched && (!full || is_full(l->journald_says))) {
		epoll_ctl(b->epoll_fd, EPOLL_CTL_DEL, l->native_fd, NULL);
		l->watched = false;
	}
}

void logsend_drain(struct broker *b, uint64_t within_us)
{
	struct logsend *l = &b->logsend;
	uint64_t deadline = now_us() + within_us, now;

	while (is_full(send_earlier(b)) && (l->journald_fd >= 0 || b->log.helper.pid) &&
		(now = now_us()) < deadline) {
		struct pollfd room = {
			.fd = l->journald_fd >= 0 ? l->journald_fd : l->native_fd,
			.events = POLLOUT,
		};

		poll(&room, 1, (int)((deadline - now) / 1000) + 1);
	}
}

/* While a machine comes up or goes down journald is not there yet, or not any more; and one that is
 * behind finds the kernel's log later. */
static bool belongs_to_kernel(const struct broker *b)
{
	int r = b->logsend.journald_says;

	return b->machine && r < 0 && (!b->t->ready || b->phase != PHASE_RUN || is_full(r));
}

/* in_kernel: its log has the text already. */
static void forward(struct broker *b, const struct wire_log *log, bool in_kernel)
{
	struct logsend *l = &b->logsend;
	int r = send_earlier(b);

	if (!is_full(r)) {
		r = send_any(b, log->data, log->size);
	}
	if (belongs_to_kernel(b) && (in_kernel || kmsg_write(b, log) == 0) &&
		is_full(l->journald_says)) {
		return;
	}
	if (is_full(r)) {
		r = logqueue_put(&l->queue, log->data, log->size);
	}
	l->lost += r < 0;
}

void logsend_forward(struct broker *b, const struct wire_log *log)
{
	kmsg_show(b, log);
	forward(b, log, false);
}

void logsend_say(struct broker *b, const char *what, const char *object, int number)
{
	const size_t head = sizeof(SAY_HEAD) - 1;
	struct wire_log log = {
		.type = WIRE_LOG, .priority = 4, .text_at = head, .data = SAY_HEAD
	};
	char digits[24] = "", text[SAY_MAX];
	const char *const parts[4] = { what, object ? ": " : NULL, object, NULL };
	size_t n;

	if (util_join(text, sizeof(text) - sizeof(digits), parts) < 0) {
		return;
	}
	if (number >= 0) {
		number_format_u64(digits, (uint64_t)number);
		strcat(strcat(text, " "), digits);
	}
	util_say(text, NULL, 0);
	n = strlen(text);
	memcpy(log.data + head, text, n);
	log.data[head + n] = '\n';
	log.text_size = (uint16_t)n;
	log.size = (uint32_t)(head + n + 1);
	forward(b, &log, true); /* on a machine by util_say() */
}
