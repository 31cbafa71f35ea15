// SPDX-License-Identifier: MIT
/*
 * supd's own records: forwarded unread to journald, or to supd-log where there is no journald or it
 * refuses. Whoever has no room for them gets them in their order as soon as it reads on; what does
 * not fit into the queue is counted, and the number is told when there is room again.
 *
 * A journald that keeps up gets them from the socket that supd-init has anyway. One that is behind
 * is connected to until the queue is empty, for only a connected socket can be waited for.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "logqueue.h"

struct broker;
struct wire_log;

struct logsend {
	struct logqueue queue;
	uint64_t lost;     /* since the last report about it */
	int native_fd;     /* connected to log/native; -1: not yet */
	int journald_fd;   /* connected to journald while it is behind; -1 */
	bool watched;      /* native_fd, until there is room */
	int journald_says; /* to the last record: 0 or -errno */
};

/* Forwards one native record. Never waits. */
void logsend_forward(struct broker *b, const struct wire_log *log);
/*
 * A line of supd-init's own, a warning, to its error stream and to the log. object and number may
 * be NULL and negative: "what: object number".
 */
void logsend_say(struct broker *b, const char *what, const char *object, int number);
/* There may be room again. */
void logsend_room(struct broker *b);
/* Sends what is queued as far as it is read within the time. For the end. */
void logsend_drain(struct broker *b, uint64_t within_us);
