// SPDX-License-Identifier: MIT
#include "samples.h"

#include <stdlib.h>

void samples_add(struct samples *s, usec_t us)
{
	if (s->n < SAMPLES_MAX) {
		s->us[s->n++] = us;
	}
}

static int compare(const void *a, const void *b)
{
	const usec_t x = *(const usec_t *)a, y = *(const usec_t *)b;

	return x < y ? -1 : x > y;
}

double samples_at(struct samples *s, unsigned percent)
{
	qsort(s->us, s->n, sizeof(s->us[0]), compare);
	return s->n ? (double)s->us[s->n * percent / 100] : 0;
}
