// SPDX-License-Identifier: MIT
#include "logqueue.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static uint32_t first_size(const struct logqueue *q)
{
	uint32_t size;

	memcpy(&size, q->bytes + q->head, sizeof(size));
	return size;
}

int logqueue_put(struct logqueue *q, const void *data, size_t size)
{
	uint32_t used = q->tail - q->head, n = (uint32_t)size;

	if (size > LOGQUEUE_BYTES || sizeof(n) + size > LOGQUEUE_BYTES - used) {
		return -ENOBUFS;
	}
	if (sizeof(n) + size > LOGQUEUE_BYTES - q->tail) {
		memmove(q->bytes, q->bytes + q->head, used);
		q->head = 0;
		q->tail = used;
	}
	memcpy(q->bytes + q->tail, &n, sizeof(n));
	memcpy(q->bytes + q->tail + sizeof(n), data, size);
	q->tail += (uint32_t)sizeof(n) + n;
	return 0;
}

const void *logqueue_first(const struct logqueue *q, size_t *ret_size)
{
	if (logqueue_is_empty(q)) {
		return NULL;
	}
	*ret_size = first_size(q);
	return q->bytes + q->head + sizeof(uint32_t);
}

void logqueue_pop(struct logqueue *q)
{
	assert(!logqueue_is_empty(q));
	q->head += (uint32_t)sizeof(uint32_t) + first_size(q);
	if (logqueue_is_empty(q)) {
		q->head = q->tail = 0; /* the same pages again and again */
	}
}
