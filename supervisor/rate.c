// SPDX-License-Identifier: MIT
#include "rate.h"

bool rate_take(struct rate *rate, usec_t interval_us, uint32_t burst, usec_t now_us)
{
	if (interval_us == 0 || burst == 0) {
		return true;
	}
	if (rate->count == 0 || now_us - rate->begin_us >= interval_us) {
		*rate = (struct rate) { .begin_us = now_us };
	}
	if (rate->count >= burst) {
		return false;
	}
	rate->count++;
	return true;
}
