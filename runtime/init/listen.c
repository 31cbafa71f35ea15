// SPDX-License-Identifier: MIT
#include "listen.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../base/number.h"
#include "../base/unitname.h"
#include "slots.h"
#include "util.h"

static void disarm(struct broker *b, struct slot *s)
{
	for (uint32_t i = 0; i < s->n_listen; i++) {
		epoll_ctl(b->epoll_fd, EPOLL_CTL_DEL, s->listen[i], NULL);
	}
	s->watching = false;
}

/* A regular file (ListenSpecial=) is always readable and epoll refuses it. */
static void arm(struct broker *b, uint32_t n)
{
	struct slot *s = &b->t->slots[n];

	s->watching = true;
	for (uint32_t i = 0; i < s->n_listen; i++) {
		if (broker_watch(b, s->listen[i], EPOLLIN | EPOLLONESHOT, WATCH_LISTEN, n) < 0) {
			listen_ready(b, n);
			return;
		}
	}
}

int listen_watch(struct broker *b, const struct wire_request *q)
{
	struct slot *s = &b->t->slots[q->slot];

	if (q->slot >= b->t->n_slots || s->state != SLOT_USED) {
		return -ENOENT;
	}
	if (s->n_listen == 0) {
		return -ENXIO; /* a former supd-init had them */
	}
	s->watch_cookie = q->cookie;
	s->readable = false;
	arm(b, q->slot);
	return 0;
}

void listen_ready(struct broker *b, uint32_t n)
{
	struct slot *s = &b->t->slots[n];

	disarm(b, s);
	s->readable = true;
	slot_mark(b, n, DIRTY_SLOT);
}

void listen_take(struct broker *b, uint32_t n, int fd, bool instead)
{
	struct slot *s = &b->t->slots[n];

	if (instead) {
		listen_drop(b, n);
	}
	if (s->n_listen < LIMIT_LISTEN_FDS) {
		s->listen[s->n_listen++] = fd;
	} else {
		close(fd);
	}
}

/* The services have copies, so epoll would go on to tell of what is closed here. */
void listen_drop(struct broker *b, uint32_t n)
{
	struct slot *s = &b->t->slots[n];

	disarm(b, s);
	s->readable = false;
	for (; s->n_listen; s->n_listen--) {
		util_close(&s->listen[s->n_listen - 1]);
	}
}

void listen_resume(struct broker *b)
{
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		if (b->t->slots[n].state == SLOT_USED && b->t->slots[n].watching) {
			arm(b, n);
		}
	}
}

int listen_instance(const char *name, uint32_t instance, char *buf, size_t size)
{
	const char *at = strrchr(name, '@');
	char number[21];
	size_t head = at ? (size_t)(at - name) + 1 : 0;
	size_t digits;

	if (!instance || !at) {
		if (strlen(name) >= size) {
			return -ENAMETOOLONG;
		}
		strcpy(buf, name);
		return 0;
	}
	digits = number_format_u64(number, instance);
	if (strlen(name) + digits >= size) {
		return -ENAMETOOLONG;
	}
	memcpy(buf, name, head);
	memcpy(buf + head, number, digits);
	strcpy(buf + head + digits, name + head);
	return 0;
}

int64_t listen_slot(struct broker *b, const struct catalogue *c, uint32_t unit, uint32_t instance)
{
	const struct catalogue_unit *u = &c->units[unit];
	char name[LIMIT_UNIT_NAME];
	int64_t n;

	if (!(u->flags & CATALOGUE_UNIT_MANY) != !instance) {
		return -EINVAL;
	}
	n = listen_instance(catalogue_string(c, u->name), instance, name, sizeof(name));
	if (n < 0) {
		return n;
	}
	n = slot_find(b, name);
	if (n == WIRE_SLOT_NONE) {
		n = slot_make(b, name);
	}
	if (n >= 0) {
		b->t->slots[n].instance = instance;
	}
	return n;
}

static uint64_t source_hash(const char *source)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *source; source++) {
		hash = (hash ^ (uint8_t)*source) * UINT64_C(0x100000001b3);
	}
	return hash ? hash : 1;
}

static bool same_template(const char *a, const char *b)
{
	const char *at = strchr(a, '@');
	size_t n = at ? (size_t)(at - a) + 1 : 0;

	return n && strncmp(a, b, n) == 0;
}

bool listen_source_allowed(struct broker *b, uint32_t slot, const char *source)
{
	struct slot *s = &b->t->slots[slot];
	uint64_t hash = source_hash(source);
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->t->n_slots; i++) {
		const struct slot *other = &b->t->slots[i];

		n += other->state == SLOT_USED && other->source == hash && other->instance &&
		     i != slot && same_template(other->name, s->name) && !other->bare;
	}
	s->source = hash;
	return s->max_per_source == 0 || n < s->max_per_source;
}
