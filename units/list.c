// SPDX-License-Identifier: MIT
#include "list.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static int grow(struct arena *a, struct list *list, size_t capacity, size_t size)
{
	void *items = arena_alloc_array(a, capacity, size);

	if (!items) {
		return -ENOMEM;
	}
	if (list->n) {
		memcpy(items, list->items, list->n * size);
	}
	list->items = items;
	list->capacity = capacity;
	return 0;
}

void *list_push(struct arena *a, struct list *list, size_t size)
{
	if (list->n == list->capacity &&
		grow(a, list, list->capacity ? list->capacity * 2 : 4, size) < 0) {
		return NULL;
	}
	return (unsigned char *)list->items + list->n++ * size;
}

int list_reserve(struct arena *a, struct list *list, size_t n, size_t size)
{
	return list->capacity - list->n >= n ? 0 : grow(a, list, list->n + n, size);
}
