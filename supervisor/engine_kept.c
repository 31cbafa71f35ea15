// SPDX-License-Identifier: MIT
/*
 * Transient units that failed are kept with their slots and files, to be looked at, until
 * reset-failed. A service that makes one after the other would fill the table of slots with them.
 */
#include "engine_class.h"

/* The one that failed first of those that are kept; NULL when there are no more than may be. */
static struct unit *one_too_many(const struct engine *e)
{
	struct unit *oldest = NULL;
	uint32_t n = 0;

	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		struct unit *u = e->units[i];

		if (!u->is_service || u->job || !service_is_kept(&u->service)) {
			continue;
		}
		n++;
		if (!oldest || u->inactive_enter_us < oldest->inactive_enter_us) {
			oldest = u;
		}
	}
	return n > LIMIT_FAILED_TRANSIENT ? oldest : NULL;
}

void engine_bound_kept(struct engine *e, usec_t now)
{
	struct unit *u;

	if (!e->kept_more || !e->listed || e->shutting_down) {
		return;
	}
	e->kept_more = false;
	while (e->error == 0 && (u = one_too_many(e))) {
		engine_log(e, u, LOG_COLLECTED, 0);
		unit_class(u)->reset_failed(e, u, now);
	}
}
