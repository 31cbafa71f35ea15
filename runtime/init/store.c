// SPDX-License-Identifier: MIT
#include "store.h"

#include <errno.h>
#include <sys/socket.h>

#include "slots.h"
#include "spawn.h"
#include "util.h"

int store_next(const struct broker *b, uint32_t n, int from)
{
	for (int i = from; i < (int)LIMIT_FDSTORE_TOTAL; i++) {
		if (b->t->parks[i].used && b->t->parks[i].slot == n) {
			return i;
		}
	}
	return -1;
}

static struct park *find(struct broker *b, uint32_t n, uint32_t index)
{
	for (int i = store_next(b, n, 0); i >= 0; i = store_next(b, n, i + 1)) {
		if (b->t->parks[i].index == index) {
			return &b->t->parks[i];
		}
	}
	return NULL;
}

int store_new(struct broker *b, uint32_t n)
{
	struct slot *s = &b->t->slots[n];
	uint32_t at = 0, index = 0;
	int pair[2];

	if (s->n_parked >= s->fdstore_max) {
		return -EDQUOT;
	}
	while (at < LIMIT_FDSTORE_TOTAL && b->t->parks[at].used) {
		at++;
	}
	while (find(b, n, index)) {
		index++;
	}
	if (at == LIMIT_FDSTORE_TOTAL) {
		return -ENOSPC;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		return -errno;
	}
	b->t->parks[at] = (struct park) {
		.used = true, .slot = n, .index = index, .push = pair[0], .peek = pair[1]
	};
	s->n_parked++;
	b->park_dirty[at] = 1;
	slot_mark(b, n, DIRTY_PARK | DIRTY_SLOT);
	return (int)index;
}

int store_drop(struct broker *b, uint32_t n, uint32_t index)
{
	struct park *park = find(b, n, index);

	if (!park) {
		return -ENOENT;
	}
	if (spawn_closer(park->push, park->peek) < 0) {
		return -EAGAIN; /* kept: closing here could hang */
	}
	util_close(&park->push);
	util_close(&park->peek);
	park->used = false;
	b->park_dirty[park - b->t->parks] = 0;
	b->t->slots[n].n_parked--;
	slot_mark(b, n, DIRTY_SLOT);
	return 0;
}

void store_drop_all(struct broker *b, uint32_t n)
{
	for (int i = store_next(b, n, 0); i >= 0; i = store_next(b, n, i + 1)) {
		if (store_drop(b, n, b->t->parks[i].index) < 0) {
			util_say("a stored descriptor stays", b->t->slots[n].name, EAGAIN);
			b->t->parks[i].slot = WIRE_SLOT_NONE;
		}
	}
	b->t->slots[n].n_parked = 0;
}
