// SPDX-License-Identifier: MIT
#include "arenafmt.h"

#include <stdarg.h>
#include <stdio.h>

char *arena_printf(struct arena *a, const char *format, ...)
{
	size_t room = a->chunk_size ? (size_t)(a->end - a->next) : 0;
	va_list ap;
	char *p;
	int n;

	/* Straight to where it will be, unless the chunk is too full. A fixed arena clears what it
	 * hands out. */
	va_start(ap, format);
	n = vsnprintf((char *)a->next, room, format, ap);
	va_end(ap);
	if (n < 0) {
		return NULL;
	}
	p = arena_alloc(a, (size_t)n + 1);
	if (!p || (size_t)n + ARENA_ALIGN <= room) {
		return p;
	}
	va_start(ap, format);
	vsnprintf(p, (size_t)n + 1, format, ap);
	va_end(ap);
	return p;
}
