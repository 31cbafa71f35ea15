// SPDX-License-Identifier: MIT
/*
 * A fast hash of bytes (FNV-1a's step over words of eight bytes, with the upper half folded in), to
 * find equal things and to tell that one has changed. Not against chosen input.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* Goes on with hash, HASH_START at first. How they are cut counts as well. */
static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *p = data;

	hash = (hash ^ size) * UINT64_C(0x100000001b3);
	while (size > 0) {
		size_t n = size < sizeof(uint64_t) ? size : sizeof(uint64_t);
		uint64_t word = 0;

		memcpy(&word, p, n);
		hash = (hash ^ word) * UINT64_C(0x100000001b3);
		hash ^= hash >> 32;
		p += n;
		size -= n;
	}
	return hash;
}
