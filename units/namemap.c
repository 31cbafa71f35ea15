// SPDX-License-Identifier: MIT
#include "namemap.h"

#include <errno.h>
#include <string.h>

/* FNV-1a. Names come from root's files: no protection against chosen keys is needed. */
uint64_t namemap_hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *text; text++) {
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	}
	return h ^ h >> 32;
}

static size_t find_slot(const struct namemap *map, const char *key)
{
	size_t i = namemap_hash(key) & (map->n_slots - 1);

	while (map->keys[i] && strcmp(map->keys[i], key) != 0) {
		i = (i + 1) & (map->n_slots - 1);
	}
	return i;
}

void *namemap_get(const struct namemap *map, const char *key)
{
	return map->n_slots ? map->values[find_slot(map, key)] : NULL;
}

static int grow(struct namemap *map, struct arena *arena)
{
	struct namemap bigger = { .n = map->n, .n_slots = map->n_slots ? map->n_slots * 2 : 64 };

	bigger.keys = arena_alloc_array(arena, bigger.n_slots, sizeof(*bigger.keys));
	bigger.values = arena_alloc_array(arena, bigger.n_slots, sizeof(*bigger.values));
	if (!bigger.keys || !bigger.values) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < map->n_slots; i++) {
		if (map->keys[i]) {
			size_t slot = find_slot(&bigger, map->keys[i]);

			bigger.keys[slot] = map->keys[i];
			bigger.values[slot] = map->values[i];
		}
	}
	*map = bigger;
	return 0;
}

int namemap_put(struct namemap *map, struct arena *arena, const char *key, void *value)
{
	size_t slot;

	if (2 * (map->n + 1) > map->n_slots && grow(map, arena) != 0) {
		return -ENOMEM;
	}
	slot = find_slot(map, key);
	map->n += map->keys[slot] == NULL;
	map->keys[slot] = key;
	map->values[slot] = value;
	return 0;
}
