// SPDX-License-Identifier: MIT
#include "refusals.h"

/* The uid's row, or the one to take for it: a free one, else that of the uid longest quiet. */
static struct refusals_uid *row_of(struct refusals *r, uid_t uid)
{
	struct refusals_uid *oldest = &r->rows[0];

	for (unsigned i = 0; i < REFUSALS_UIDS; i++) {
		struct refusals_uid *row = &r->rows[i];

		if (row->used && row->uid == uid) {
			return row;
		}
		if (oldest->used && (!row->used || row->last_us < oldest->last_us)) {
			oldest = row;
		}
	}
	*oldest = (struct refusals_uid) { .used = true, .uid = uid };
	return oldest;
}

bool refusals_take(struct refusals *r, uid_t uid, usec_t now_us, uint64_t *ret_hidden)
{
	struct refusals_uid *row = row_of(r, uid);

	row->last_us = now_us;
	if (!rate_take(&row->rate, REFUSALS_INTERVAL_US, REFUSALS_BURST, now_us) ||
		!rate_take(&r->all, REFUSALS_INTERVAL_US, REFUSALS_BURST_ALL, now_us)) {
		row->hidden++;
		return false;
	}
	*ret_hidden = row->hidden;
	row->hidden = 0;
	return true;
}
