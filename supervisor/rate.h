// SPDX-License-Identifier: MIT
/* So many in so long, and no more: TriggerLimit*=, PollLimit*=. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../runtime/base/timeutil.h"

/* So many within the time. */
struct rate {
	usec_t begin_us;
	uint32_t count;
};
/* Takes one; false: there is none left before begin_us + interval_us. 0: no limit. */
bool rate_take(struct rate *rate, usec_t interval_us, uint32_t burst, usec_t now_us);
