// SPDX-License-Identifier: MIT
#include "arenafmt.h"

#include <stdarg.h>
#include <stdio.h>

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0) {
		return NULL;
	}
	p = arena_alloc(a, (size_t)n + 1);
	if (!p) {
		return NULL;
	}
	va_start(ap, format);
	vsnprintf(p, (size_t)n + 1, format, ap);
	va_end(ap);
	return p;
}
