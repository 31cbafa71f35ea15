// SPDX-License-Identifier: MIT
#include "grace.h"

#include "../base/limits.h"
#include "util.h"

static uint64_t at_most(uint64_t us, uint64_t max_us)
{
	return us < max_us ? us : max_us;
}

uint64_t grace_limit(uint64_t base_us, uint64_t max_us, uint32_t given_up)
{
	while (given_up-- > 0 && base_us < max_us) {
		base_us *= 2;
	}
	return at_most(base_us, max_us);
}

void grace_begin(struct grace *g, uint64_t limit_us, uint64_t now)
{
	*g = (struct grace) { .seen_us = now, .limit_us = limit_us };
}

void grace_end(struct grace *g)
{
	*g = (struct grace) { 0 };
}

bool grace_runs(const struct grace *g)
{
	return g->seen_us != 0;
}

bool grace_is_over(struct grace *g, uint64_t now)
{
	if (!grace_runs(g)) {
		return false;
	}
	if (now > g->seen_us) {
		g->spent_us += at_most(now - g->seen_us, LIMIT_GRACE_SLICE_US);
		g->seen_us = now;
	}
	return g->spent_us >= g->limit_us;
}

void grace_deadline(const struct grace *g, uint64_t *at)
{
	if (grace_runs(g) && g->spent_us < g->limit_us) {
		util_sooner(
			at, g->seen_us + at_most(g->limit_us - g->spent_us, LIMIT_GRACE_SLICE_US));
	}
}
