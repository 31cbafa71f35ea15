// SPDX-License-Identifier: MIT
#include "sendq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INITIAL_CAP 4096u

void sendq_init(struct sendq *q, size_t limit)
{
	*q = (struct sendq) { .limit = limit };
}

void sendq_fini(struct sendq *q)
{
	free(q->data);
	*q = (struct sendq) { 0 };
}

/* Makes room for size more bytes at the tail: first by moving down, then by growing. */
static int reserve(struct sendq *q, size_t size)
{
	size_t pending = sendq_pending(q), cap = q->cap ? q->cap : INITIAL_CAP;
	uint8_t *data;

	if (q->tail + size <= q->cap) {
		return 0;
	}
	if (q->head >= pending && pending + size <= q->cap) {
		memcpy(q->data, q->data + q->head, pending);
		q->head = 0;
		q->tail = pending;
		return 0;
	}
	while (cap < q->tail + size) {
		cap *= 2;
	}
	data = realloc(q->data, cap);
	if (!data) {
		return -ENOMEM;
	}
	q->data = data;
	q->cap = cap;
	return 0;
}

int sendq_push(struct sendq *q, const void *record, size_t size)
{
	uint32_t length = (uint32_t)size;
	int r;

	if (sendq_pending(q) + sizeof(length) + size > q->limit) {
		return -ENOBUFS;
	}
	r = reserve(q, sizeof(length) + size);
	if (r < 0) {
		return r;
	}
	memcpy(q->data + q->tail, &length, sizeof(length));
	memcpy(q->data + q->tail + sizeof(length), record, size);
	q->tail += sizeof(length) + size;
	return 0;
}

const void *sendq_front(const struct sendq *q, size_t *ret_size)
{
	uint32_t length;

	if (q->head == q->tail) {
		return NULL;
	}
	memcpy(&length, q->data + q->head, sizeof(length));
	*ret_size = length;
	return q->data + q->head + sizeof(length);
}

void sendq_pop(struct sendq *q)
{
	size_t size;

	if (!sendq_front(q, &size)) {
		return;
	}
	q->head += sizeof(uint32_t) + size;
	if (q->head == q->tail) {
		q->head = q->tail = 0;
		if (q->cap > SENDQ_KEPT) {
			free(q->data);
			q->data = NULL;
			q->cap = 0;
		}
	}
}
