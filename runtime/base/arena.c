// SPDX-License-Identifier: MIT
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_CHUNK_FIRST 4096u
#define ARENA_CHUNK_MAX   (1024u * 1024u)

struct arena_chunk {
	struct arena_chunk *prev;
	uint64_t data[];
};

void arena_init(struct arena *a)
{
	*a = (struct arena) { .chunk_size = ARENA_CHUNK_FIRST };
}

void arena_init_fixed(struct arena *a, void *buf, size_t size)
{
	uintptr_t start = ((uintptr_t)buf + ARENA_ALIGN - 1) & ~(uintptr_t)(ARENA_ALIGN - 1);
	uintptr_t end = (uintptr_t)buf + size;

	*a = (struct arena) {
		.next = (unsigned char *)(start < end ? start : end),
		.end = (unsigned char *)end,
	};
}

void arena_fini(struct arena *a)
{
	struct arena_chunk *chunk = a->chunks;

	while (chunk) {
		struct arena_chunk *prev = chunk->prev;

		free(chunk);
		chunk = prev;
	}
	arena_init(a);
}

static int arena_grow(struct arena *a, size_t size)
{
	size_t payload = a->chunk_size;
	struct arena_chunk *chunk;

	if (!a->chunk_size) {
		return -1;
	}
	if (payload < size) {
		payload = size;
	}
	chunk = calloc(1, sizeof(*chunk) + payload);
	if (!chunk) {
		return -1;
	}
	chunk->prev = a->chunks;
	a->chunks = chunk;
	a->next = (unsigned char *)chunk->data;
	a->end = a->next + payload;
	if (a->chunk_size < ARENA_CHUNK_MAX) {
		a->chunk_size *= 2;
	}
	return 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *p;

	if (size > SIZE_MAX / 2) {
		return NULL;
	}
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (size == 0) {
		size = ARENA_ALIGN;
	}
	if ((size_t)(a->end - a->next) < size && arena_grow(a, size) < 0) {
		return NULL;
	}
	p = a->next;
	a->next += size;
	a->used += size;
	if (!a->chunk_size) {
		memset(p, 0, size);
	}
	return p;
}

void *arena_alloc_array(struct arena *a, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total)) {
		return NULL;
	}
	return arena_alloc(a, total);
}

void *arena_memdup(struct arena *a, const void *data, size_t size)
{
	void *p = arena_alloc(a, size);

	if (p && size) {
		memcpy(p, data, size);
	}
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	if (p) {
		memcpy(p, s, n);
		p[n] = '\0';
	}
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_concat(struct arena *a, const char *first, ...)
{
	size_t size = 1;
	char *p, *at;
	va_list ap;

	va_start(ap, first);
	for (const char *s = first; s; s = va_arg(ap, const char *)) {
		size += strlen(s);
	}
	va_end(ap);
	p = at = arena_alloc(a, size);
	if (!p) {
		return NULL;
	}
	va_start(ap, first);
	for (const char *s = first; s; s = va_arg(ap, const char *)) {
		at = stpcpy(at, s);
	}
	va_end(ap);
	return p;
}
