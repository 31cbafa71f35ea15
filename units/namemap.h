// SPDX-License-Identifier: MIT
/* A hash table from names to pointers, in an arena; nothing is ever removed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../runtime/base/arena.h"

struct namemap {
	const char **keys;
	void **values;
	size_t n;
	size_t n_slots; /* a power of two */
};

uint64_t namemap_hash(const char *text);
/* NULL when absent. */
void *namemap_get(const struct namemap *map, const char *key);
/* Sets or replaces; the key's memory is the caller's. -ENOMEM. */
int namemap_put(struct namemap *map, struct arena *arena, const char *key, void *value);
