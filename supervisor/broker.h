// SPDX-License-Identifier: MIT
/*
 * The client of supd-init: requests go out by a pipe of whole records, events come in by a
 * SEQPACKET socket. It checks what it sends and the shape of what it receives, queues what the
 * pipe does not take, and decides nothing. It never sends a descriptor.
 *
 * Back-pressure: a full pipe fills the queue; from BROKER_CONGESTED bytes on broker_is_congested()
 * is true, and the loop takes in nothing new (events, notifications, changing calls) until
 * it has drained. Log records are dropped, and counted, long before requests are.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../runtime/plan/wire.h"
#include "journal.h"
#include "sendq.h"

#define BROKER_QUEUE_BYTES (64u * 1024u * 1024u)
#define BROKER_LOG_BYTES   (1u * 1024u * 1024u)
#define BROKER_CONGESTED   (4u * 1024u * 1024u)
#define BROKER_EVENT_FDS   2u

struct broker {
	int request_fd; /* not owned: the process's for life */
	int event_fd;   /* not owned */
	struct sendq queue;
	uint64_t logs_dropped;
};

/* One received event with the descriptors that came with it; the receiver owns those. */
struct broker_message {
	struct wire_event event;
	int fds[BROKER_EVENT_FDS];
	size_t n_fds;
	bool fds_lost; /* it had some, and there was no room for them: -EMFILE */
};

/* Makes both descriptors non-blocking. -errno. */
int broker_init(struct broker *b, int request_fd, int event_fd);
void broker_fini(struct broker *b);

/*
 * Sends or queues one request. -EBADMSG: supd-init would refuse it (our own bug; not sent).
 * -ENOBUFS: queue full. -EPIPE: supd-init is gone.
 */
int broker_send(struct broker *b, const struct wire_request *request);
/* One journal record; dropped when the pipe is behind. */
int broker_log(struct broker *b, const struct journal_record *record);
/* Writes what the pipe takes. 1: all is written, 0: some waits, -errno. */
int broker_flush(struct broker *b);
/* As broker_flush(), and waits until all is written: 0, -ETIMEDOUT, -errno. */
int broker_flush_wait(struct broker *b, int timeout_ms);

/*
 * Receives one event. 1: *ret is filled; 0: nothing there; -ECONNRESET: supd-init is gone;
 * -EBADMSG: not an event. Strings in it are NUL-terminated, whatever was sent.
 */
int broker_receive(struct broker *b, struct broker_message *ret);
/* Closes the descriptors that nobody took (those that are >= 0). */
void broker_message_fini(struct broker_message *m);

static inline bool broker_is_idle(const struct broker *b)
{
	return sendq_pending(&b->queue) == 0;
}

static inline bool broker_is_congested(const struct broker *b)
{
	return sendq_pending(&b->queue) >= BROKER_CONGESTED;
}
