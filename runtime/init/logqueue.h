// SPDX-License-Identifier: MIT
/*
 * Records that a full socket did not take, in their order. A fixed buffer, never allocates; what
 * does not fit is refused, and the caller counts it. All zeros is an empty queue.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGQUEUE_BYTES (256u * 1024u)

struct logqueue {
	uint32_t head, tail; /* what is queued lies between; both 0 when nothing is */
	char bytes[LOGQUEUE_BYTES];
};

static inline bool logqueue_is_empty(const struct logqueue *q)
{
	return q->head == q->tail;
}

/* Appends a copy. -ENOBUFS: no room; nothing is changed. */
int logqueue_put(struct logqueue *q, const void *data, size_t size);
/* The first one, which stays queued; NULL when there is none. Valid until the next call. */
const void *logqueue_first(const struct logqueue *q, size_t *ret_size);
/* Takes the first one off. There must be one. */
void logqueue_pop(struct logqueue *q);
