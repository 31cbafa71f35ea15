// SPDX-License-Identifier: MIT
/*
 * How many refused requests get a line in supd's log: whoever may connect may ask as often as he
 * likes, and the log is not his to fill. So many for each uid and for all together in a time; what
 * is left out is counted and told with the next line of that uid. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../rate.h"

#define REFUSALS_UIDS        16u /* that are kept apart; the one longest quiet goes first */
#define REFUSALS_INTERVAL_US (10 * USEC_PER_SEC)
#define REFUSALS_BURST       10u /* of one uid in that time */
#define REFUSALS_BURST_ALL   50u

struct refusals_uid {
	bool used;
	uid_t uid;
	struct rate rate;
	uint64_t hidden; /* not told since the last line */
	usec_t last_us;
};

struct refusals {
	struct rate all;
	struct refusals_uid rows[REFUSALS_UIDS];
};

/* Is this one to be told? Then *ret_hidden is how many before it were not. */
bool refusals_take(struct refusals *r, uid_t uid, usec_t now_us, uint64_t *ret_hidden);
