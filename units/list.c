// SPDX-License-Identifier: MIT
#include "list.h"

#include <stdint.h>
#include <string.h>

void *list_push(struct arena *a, struct list *list, size_t size)
{
	if (list->n == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 4;
		void *items = arena_alloc_array(a, capacity, size);

		if (!items) {
			return NULL;
		}
		if (list->n) {
			memcpy(items, list->items, list->n * size);
		}
		list->items = items;
		list->capacity = capacity;
	}
	return (unsigned char *)list->items + list->n++ * size;
}
