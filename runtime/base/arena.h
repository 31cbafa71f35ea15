// SPDX-License-Identifier: MIT
/*
 * A bump allocator: many small objects, freed together. Two forms: growing (malloc'd chunks) and
 * fixed (a buffer of the caller's, for processes that must not allocate). Memory is zeroed and
 * aligned to 8.
 */
#pragma once

#include <stddef.h>

#define ARENA_ALIGN 8u

struct arena_chunk;

struct arena {
	unsigned char *next;        /* next free byte in the current chunk */
	unsigned char *end;         /* end of the current chunk */
	struct arena_chunk *chunks; /* malloc'd chunks; NULL in the fixed form */
	size_t chunk_size;          /* 0: fixed, does not grow */
	size_t used;                /* bytes handed out, for accounting */
};

/* Growing arena; nothing is allocated before the first use. */
void arena_init(struct arena *a);
/* Fixed arena over buf, which the caller owns and which must outlive it. */
void arena_init_fixed(struct arena *a, void *buf, size_t size);
/* Frees all chunks; the arena is then as after arena_init. */
void arena_fini(struct arena *a);

/* NULL when memory (or the fixed buffer) is exhausted or n * size overflows. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_alloc_array(struct arena *a, size_t n, size_t size);
/* Copies; NULL when exhausted. arena_strndup adds the NUL. */
void *arena_memdup(struct arena *a, const void *data, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
/* The strings up to NULL, behind each other. */
char *arena_concat(struct arena *a, const char *first, ...) __attribute__((sentinel));
