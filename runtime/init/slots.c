// SPDX-License-Identifier: MIT
#include "slots.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "util.h"

#define SLOTS_BACKED 32u
_Static_assert(LIMIT_SLOTS % SLOTS_BACKED == 0, "the last batch ends with the table");

static uint32_t name_hash(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++) {
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	}
	return hash % LIMIT_SLOTS;
}

/* Heads and links hold number + 1, so that zeroed memory is empty. */
static void chain_add(uint32_t *head, uint32_t *next, uint32_t n)
{
	next[n] = *head;
	*head = n + 1;
}

static void chain_remove(uint32_t *head, uint32_t *next, uint32_t n)
{
	for (uint32_t *at = head; *at; at = &next[*at - 1]) {
		if (*at == n + 1) {
			*at = next[n];
			next[n] = 0;
			return;
		}
	}
}

struct slot *slot_used(struct broker *b, uint32_t n)
{
	struct slot *s = &b->t->slots[n];

	return n < b->t->n_slots && s->state == SLOT_USED ? s : NULL;
}

uint32_t slot_find(struct broker *b, const char *name)
{
	for (uint32_t n = b->name_heads[name_hash(name)]; n; n = b->name_next[n - 1]) {
		if (strcmp(b->t->slots[n - 1].name, name) == 0) {
			return n - 1;
		}
	}
	return WIRE_SLOT_NONE;
}

uint32_t slot_find_cgroup(struct broker *b, const char *path)
{
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		const struct slot *s = &b->t->slots[n];

		if (s->state == SLOT_USED && !s->bare && strcmp(s->cgroup, path) == 0) {
			return n;
		}
	}
	return WIRE_SLOT_NONE;
}

void slot_reset_place(struct place *p)
{
	memset(p, 0, sizeof(*p));
	p->job_index = -1;
	p->job_fd = -1;
	p->pidfd = -1;
	p->next_pending = REF_NONE;
	p->catalogue = CATALOGUE_NONE;
}

static void slot_clear(struct slot *s)
{
	memset(s, 0, sizeof(*s));
	s->userns = s->ipcns = s->netns = s->tmp = s->credentials = -1;
	s->notify = s->log_read = s->log_write = -1;
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		slot_reset_place(&s->places[k]);
	}
}

static uint32_t free_number(struct broker *b)
{
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		if (b->t->slots[n].state == SLOT_FREE) {
			return n;
		}
	}
	return b->t->n_slots < LIMIT_SLOTS ? b->t->n_slots : WIRE_SLOT_NONE;
}

/*
 * Memory behind the slot and its fail texts, so that a full disk is an error and not SIGBUS; for
 * some slots at once, as a file system takes long over it.
 */
static int back_memory(struct broker *b, uint32_t n)
{
	off_t slot = (off_t)(offsetof(struct table, slots) + n * sizeof(struct slot));
	size_t fails_size = ENTRY_KIND_COUNT * sizeof(struct place_fail);
	off_t fails = (off_t)(offsetof(struct table, fails) + n * fails_size);

	if (b->table_fd < 0 || n % SLOTS_BACKED) {
		return 0;
	}
	if (fallocate(b->table_fd, 0, slot, SLOTS_BACKED * sizeof(struct slot)) < 0 ||
		fallocate(b->table_fd, 0, fails, (off_t)(SLOTS_BACKED * fails_size)) < 0) {
		return errno == EOPNOTSUPP ? 0 : -errno;
	}
	return 0;
}

int64_t slot_make(struct broker *b, const char *name)
{
	uint32_t n = free_number(b);
	struct slot *s;

	if (n == WIRE_SLOT_NONE) {
		return -ENOSPC;
	}
	if (n >= b->t->n_slots && back_memory(b, n) < 0) {
		return -ENOSPC;
	}
	if (n >= b->t->n_slots) {
		b->t->n_slots = n + 1;
	}
	s = &b->t->slots[n];
	slot_clear(s);
	util_copy(s->name, sizeof(s->name), name);
	s->bare = true;
	s->state = SLOT_USED;
	chain_add(&b->name_heads[name_hash(name)], b->name_next, n);
	b->notify_sent[n] = false;
	return n;
}

void slot_revive(struct broker *b, uint32_t n)
{
	if (b->t->slots[n].state == SLOT_GONE) {
		b->t->slots[n].state = SLOT_USED;
		slot_mark(b, n, DIRTY_SLOT);
	}
}

void slot_free(struct broker *b, uint32_t n)
{
	struct slot *s = &b->t->slots[n];

	chain_remove(&b->name_heads[name_hash(s->name)], b->name_next, n);
	slot_watch_clear(b, n);
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		slot_pid_clear(b, n * ENTRY_KIND_COUNT + k);
	}
	s->state = SLOT_FREE;
	b->slot_dirty[n] = 0;
	b->log_dirty[n] = 0;
	b->slot_map[n / 64] &= ~(UINT64_C(1) << n % 64);
	b->log_map[n / 64] &= ~(UINT64_C(1) << n % 64);
}

void slots_index(struct broker *b)
{
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		struct slot *s = &b->t->slots[n];

		if (s->state == SLOT_FREE) {
			continue;
		}
		chain_add(&b->name_heads[name_hash(s->name)], b->name_next, n);
		for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
			struct place *p = &s->places[k];
			pid_t pid = p->child ? p->child : p->pid;

			if (place_is_live(p) && pid) {
				slot_pid_set(b, n * ENTRY_KIND_COUNT + k, pid);
			}
		}
	}
}

void slot_set_note(struct slot *s, const uint8_t *note, uint32_t size)
{
	if (size) {
		memcpy(s->note, note, size);
		s->note_size = size;
	}
}

bool slot_is_live(const struct slot *s)
{
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		if (place_is_live(&s->places[k])) {
			return true;
		}
	}
	return false;
}

bool slot_has_records(const struct slot *s)
{
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		if (s->places[k].phase != WIRE_PHASE_FREE) {
			return true;
		}
	}
	return false;
}

void slot_pid_set(struct broker *b, uint32_t ref, pid_t pid)
{
	slot_pid_clear(b, ref);
	b->pid_of[ref] = pid;
	chain_add(&b->pid_heads[(uint32_t)pid % LIMIT_SLOTS], b->pid_next, ref);
}

void slot_pid_clear(struct broker *b, uint32_t ref)
{
	if (b->pid_of[ref]) {
		chain_remove(
			&b->pid_heads[(uint32_t)b->pid_of[ref] % LIMIT_SLOTS], b->pid_next, ref);
		b->pid_of[ref] = 0;
	}
}

uint32_t slot_pid_find(struct broker *b, pid_t pid)
{
	uint32_t n = b->pid_heads[(uint32_t)pid % LIMIT_SLOTS];

	for (; n; n = b->pid_next[n - 1]) {
		if (b->pid_of[n - 1] == pid) {
			return n - 1;
		}
	}
	for (uint32_t i = 0; i < LIMIT_LAUNCHES_LIVE; i++) {
		uint32_t ref = b->job_refs[i];

		if (ref != REF_NONE && place_of(b, ref)->launcher == pid) {
			return ref;
		}
	}
	return REF_NONE;
}

void slot_watch_set(struct broker *b, uint32_t n, int watch)
{
	slot_watch_clear(b, n);
	b->watches[n] = watch;
	chain_add(&b->watch_heads[(uint32_t)watch % LIMIT_SLOTS], b->watch_next, n);
}

void slot_watch_clear(struct broker *b, uint32_t n)
{
	if (b->watches[n]) {
		chain_remove(
			&b->watch_heads[(uint32_t)b->watches[n] % LIMIT_SLOTS], b->watch_next, n);
		b->watches[n] = 0;
	}
	b->oom_watches[n] = 0;
}

uint32_t slot_watch_find(struct broker *b, int watch)
{
	uint32_t n = b->watch_heads[(uint32_t)watch % LIMIT_SLOTS];

	for (; n; n = b->watch_next[n - 1]) {
		if (b->watches[n - 1] == watch) {
			return n - 1;
		}
	}
	return WIRE_SLOT_NONE;
}

uint32_t slot_oom_watch_find(const struct broker *b, int watch)
{
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		if (b->oom_watches[n] == watch) {
			return n;
		}
	}
	return WIRE_SLOT_NONE;
}

void slot_mark(struct broker *b, uint32_t n, uint8_t dirty)
{
	b->slot_dirty[n] |= dirty;
	b->slot_map[n / 64] |= UINT64_C(1) << n % 64;
}

void slot_mark_ref(struct broker *b, uint32_t ref)
{
	slot_mark(b, ref / ENTRY_KIND_COUNT, (uint8_t)(1u << ref % ENTRY_KIND_COUNT));
}

void slot_log_mark(struct broker *b, uint32_t n, uint8_t dirty)
{
	b->log_dirty[n] |= dirty;
	b->log_map[n / 64] |= UINT64_C(1) << n % 64;
}

uint32_t slot_next_marked(const uint64_t *map, uint32_t n)
{
	while (n < LIMIT_SLOTS) {
		uint64_t word = map[n / 64] >> n % 64;

		if (word) {
			return n + (uint32_t)__builtin_ctzll(word);
		}
		n = (n / 64 + 1) * 64;
	}
	return WIRE_SLOT_NONE;
}
