// SPDX-License-Identifier: MIT
#include "lograte.h"

static bool is_over(const struct lograte *r, const struct lograte_limit *limit, uint64_t now_us)
{
	return now_us - r->begin_us >= limit->interval_us;
}

bool lograte_pass(struct lograte *r, const struct lograte_limit *limit, uint64_t now_us)
{
	if (limit->interval_us == 0 || limit->lines == 0) {
		return true;
	}
	if (r->lines == 0 || is_over(r, limit, now_us)) {
		r->begin_us = now_us;
		r->lines = 0;
	}
	if (r->lines < limit->lines) {
		r->lines++;
		return true;
	}
	r->suppressed++;
	return false;
}

uint64_t lograte_deadline(const struct lograte *r, const struct lograte_limit *limit)
{
	return r->suppressed > 0 ? r->begin_us + limit->interval_us : UINT64_MAX;
}

uint64_t lograte_take_suppressed(
	struct lograte *r, const struct lograte_limit *limit, uint64_t now_us)
{
	uint64_t n = r->suppressed;

	if (n == 0 || !is_over(r, limit, now_us)) {
		return 0;
	}
	r->suppressed = 0;
	return n;
}
