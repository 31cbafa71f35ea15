// SPDX-License-Identifier: MIT
#include "broker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"

int broker_init(struct broker *b, int request_fd, int event_fd)
{
	int r;

	*b = (struct broker) { .request_fd = request_fd, .event_fd = event_fd };
	sendq_init(&b->queue, BROKER_QUEUE_BYTES);
	r = fd_set_nonblock(request_fd, 1);
	if (r < 0) {
		return r;
	}
	return fd_set_nonblock(event_fd, 1);
}

void broker_fini(struct broker *b)
{
	sendq_fini(&b->queue);
}

/* 1: written; 0: the pipe is full; -errno. */
static int write_record(int fd, const void *data, size_t size)
{
	ssize_t n;

	do {
		n = write(fd, data, size);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		return errno == EAGAIN ? 0 : -errno;
	}
	return (size_t)n == size ? 1 : -EIO;
}

int broker_flush(struct broker *b)
{
	const void *record;
	size_t size;
	int r;

	while ((record = sendq_front(&b->queue, &size))) {
		r = write_record(b->request_fd, record, size);
		if (r <= 0) {
			return r;
		}
		sendq_pop(&b->queue);
	}
	return 1;
}

int broker_flush_wait(struct broker *b, int timeout_ms)
{
	struct pollfd p = { .fd = b->request_fd, .events = POLLOUT };
	int r;

	while ((r = broker_flush(b)) == 0) {
		int n = poll(&p, 1, timeout_ms);

		if (n == 0) {
			return -ETIMEDOUT;
		}
		if (n < 0 && errno != EINTR) {
			return -errno;
		}
	}
	return r < 0 ? r : 0;
}

static int send_record(struct broker *b, const void *data, size_t size)
{
	int r = broker_flush(b);

	if (r == 1) {
		r = write_record(b->request_fd, data, size);
	}
	if (r < 0) {
		return r;
	}
	return r == 1 ? 0 : sendq_push(&b->queue, data, size);
}

int broker_send(struct broker *b, const struct wire_request *request)
{
	int r = wire_request_check(request, sizeof(*request));

	return r < 0 ? r : send_record(b, request, sizeof(*request));
}

int broker_log(struct broker *b, const struct journal_record *record)
{
	struct wire_log log = {
		.type = WIRE_LOG,
		.size = (uint32_t)record->size,
		.text_at = (uint16_t)record->text_at,
		.text_size = (uint16_t)record->text_size,
		.priority = (uint32_t)record->priority,
	};

	if (sendq_pending(&b->queue) > BROKER_LOG_BYTES) {
		b->logs_dropped++;
		return 0;
	}
	memcpy(log.data, record->data, record->size);
	return send_record(b, &log, offsetof(struct wire_log, data) + record->size);
}

/* Every text of an event, so that a sender that forgot the NUL cannot make us read on. */
static void terminate_texts(struct wire_event *e)
{
	static const struct {
		uint32_t type;
		size_t offset;
		size_t size;
	} texts[] = {
		{ WIRE_EV_HELLO, offsetof(struct wire_event, hello.runtime_dir), 256 },
		{ WIRE_EV_HELLO, offsetof(struct wire_event, hello.state_dir), 256 },
		{ WIRE_EV_HELLO, offsetof(struct wire_event, hello.log_dir), 256 },
		{ WIRE_EV_HELLO, offsetof(struct wire_event, hello.cgroup_root), 256 },
		{ WIRE_EV_LOADED, offsetof(struct wire_event, loaded.text), LIMIT_FAIL_TEXT },
		{ WIRE_EV_SLOT, offsetof(struct wire_event, slot.name), LIMIT_UNIT_NAME },
		{ WIRE_EV_PROC, offsetof(struct wire_event, proc.text), LIMIT_FAIL_TEXT },
		{ WIRE_EV_PROC, offsetof(struct wire_event, proc.origin), LIMIT_FAIL_ORIGIN },
	};

	for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
		if (texts[i].type == e->type) {
			((char *)e)[texts[i].offset + texts[i].size - 1] = '\0';
		}
	}
	if (e->type == WIRE_EV_HELLO) {
		for (size_t i = 0; i < ELEMENTSOF(e->hello.units); i++) {
			e->hello.units[i][sizeof(e->hello.units[i]) - 1] = '\0';
		}
	}
}

int broker_receive(struct broker *b, struct broker_message *ret)
{
	ssize_t n;

	memset(&ret->event, 0, sizeof(ret->event));
	ret->n_fds = BROKER_EVENT_FDS;
	n = fd_recv(
		b->event_fd, &ret->event, sizeof(ret->event), ret->fds, &ret->n_fds, MSG_DONTWAIT);
	ret->fds_lost = n == -EMFILE;
	if (ret->fds_lost) {
		ret->n_fds = 0;
		n = (ssize_t)wire_event_size(ret->event.type); /* no other message has some */
	}
	if (n < 0) {
		ret->n_fds = 0;
		return n == -EAGAIN ? 0 : (int)n;
	}
	if (n == 0) {
		return -ECONNRESET;
	}
	if (ret->event.type == 0 || ret->event.type >= WIRE_EVENT_COUNT ||
		(size_t)n != wire_event_size(ret->event.type)) {
		broker_message_fini(ret);
		return -EBADMSG;
	}
	terminate_texts(&ret->event);
	return 1;
}

void broker_message_fini(struct broker_message *m)
{
	for (size_t i = 0; i < m->n_fds; i++) {
		if (m->fds[i] >= 0) {
			close(m->fds[i]);
		}
	}
	m->n_fds = 0;
}
