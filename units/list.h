// SPDX-License-Identifier: MIT
/*
 * A growing array in an arena. The element type stands in the comment of each member; all users
 * read `(const struct x *)list.items`. Growth doubles, so n pushes cost O(n); the old copies stay
 * in the arena.
 */
#pragma once

#include <stddef.h>

#include "../runtime/base/arena.h"

struct list {
	void *items;
	size_t n;
	size_t capacity;
};

/* Room for one more element, zeroed; NULL when the arena is exhausted. */
void *list_push(struct arena *a, struct list *list, size_t size);
/* Makes room for n more at once. -ENOMEM: none was made, which the next push finds again. */
int list_reserve(struct arena *a, struct list *list, size_t n, size_t size);
/* Forgets the elements (an empty assignment resets a list). */
static inline void list_reset(struct list *list)
{
	list->n = 0;
	list->capacity = 0;
	list->items = NULL;
}
