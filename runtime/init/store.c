// SPDX-License-Identifier: MIT
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "../base/cleanup.h"
#include "power.h"
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

static int close_park(struct broker *b, struct park *park)
{
	int ends[] = { park->push, park->peek };
	int r = spawn_closer(ends, ELEMENTSOF(ends));

	if (r == 0) {
		park->push = park->peek = -1;
		park->used = false;
		b->park_dirty[park - b->t->parks] = 0;
	}
	return r;
}

/* Parks whose slot is gone: what could not be closed then. */
static void sweep(struct broker *b)
{
	for (int i = store_next(b, WIRE_SLOT_NONE, 0); i >= 0;
		i = store_next(b, WIRE_SLOT_NONE, i + 1)) {
		if (close_park(b, &b->t->parks[i]) < 0) {
			return;
		}
	}
}

static int free_park(struct broker *b)
{
	for (uint32_t i = 0; i < LIMIT_FDSTORE_TOTAL; i++) {
		if (!b->t->parks[i].used) {
			return (int)i;
		}
	}
	return -ENOSPC;
}

/* No child can be had: it stays until one can. Never closed here: that could hang. */
static void park_alone(struct broker *b, int fd)
{
	int at = free_park(b);
	int copy = at < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, LOW_FD_END);

	if (copy < 0) {
		util_say("a descriptor stays open", NULL, EAGAIN);
		return;
	}
	b->t->parks[at] =
		(struct park) { .used = true, .slot = WIRE_SLOT_NONE, .push = fd, .peek = copy };
	b->park_dirty[at] = 0;
}

void store_flush(struct broker *b)
{
	if (b->n_discards > 0 && spawn_closer(b->discards, b->n_discards) < 0) {
		for (uint32_t i = 0; i < b->n_discards; i++) {
			park_alone(b, b->discards[i]);
		}
	}
	b->n_discards = 0;
}

void store_settle(struct broker *b)
{
	if (!power_ends_machine(b) || b->reexec) {
		store_flush(b);
	}
}

void store_discard(struct broker *b, int *fd)
{
	if (*fd < 0) {
		return;
	}
	if (b->n_discards == ELEMENTSOF(b->discards)) {
		store_flush(b);
	}
	b->discards[b->n_discards++] = *fd;
	*fd = -1;
}

int store_new(struct broker *b, uint32_t n)
{
	struct slot *s = &b->t->slots[n];
	uint32_t index = 0;
	int pair[2];

	if (s->n_parked >= s->fdstore_max) {
		return -EDQUOT;
	}
	sweep(b);
	int at = free_park(b);

	while (find(b, n, index)) {
		index++;
	}
	if (at < 0) {
		return at;
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
	/* Closed with others at the end of the turn: a service can have hundreds dropped at once.
	 */
	b->park_dirty[park - b->t->parks] = 0;
	store_discard(b, &park->push);
	store_discard(b, &park->peek);
	park->used = false; /* not before: what cannot be closed now is parked in a free place */
	b->t->slots[n].n_parked--;
	slot_mark(b, n, DIRTY_SLOT);
	return 0;
}

void store_drop_all(struct broker *b, uint32_t n)
{
	for (int i = store_next(b, n, 0); i >= 0; i = store_next(b, n, i + 1)) {
		store_drop(b, n, b->t->parks[i].index);
	}
	store_flush(b);
	b->t->slots[n].n_parked = 0;
}
