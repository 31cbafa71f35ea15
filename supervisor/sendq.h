// SPDX-License-Identifier: MIT
/*
 * A queue of whole records that wait for a pipe or socket to become writable. It owns copies of the
 * records, grows up to a bound and never blocks. Used for requests to supd-init: supd-init may be
 * busy, but supd must go on serving its clients meanwhile.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SENDQ_KEPT 65536u /* bytes of an empty queue that stay allocated */

struct sendq {
	uint8_t *data;
	size_t head;  /* first unsent byte */
	size_t tail;  /* end of the last record */
	size_t cap;   /* bytes allocated */
	size_t limit; /* bytes that may wait */
};

void sendq_init(struct sendq *q, size_t limit);
void sendq_fini(struct sendq *q);

/* Copies one record. -ENOBUFS: the bound is reached; -ENOMEM. Nothing is queued then. */
int sendq_push(struct sendq *q, const void *record, size_t size);
/* The oldest record; NULL when empty. It stays until sendq_pop(). */
const void *sendq_front(const struct sendq *q, size_t *ret_size);
void sendq_pop(struct sendq *q);

static inline size_t sendq_pending(const struct sendq *q)
{
	return q->tail - q->head;
}
