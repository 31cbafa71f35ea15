// SPDX-License-Identifier: MIT
/* Limits that ran on while nobody could: put off by as much. */
#include "engine_class.h"

static void put_off(usec_t *deadline, usec_t by)
{
	*deadline = usec_add(*deadline, by);
}

/* Something is to be done within the limit; in other states it is the end of a wait. */
static bool is_limited(const struct unit *u)
{
	if (u->service.releasing || u->active == ACTIVE_MAINTENANCE) {
		return true; /* its directories are being removed */
	}
	return u->service.state != SERVICE_AUTO_RESTART &&
	       (u->job || u->active == ACTIVE_ACTIVATING || u->active == ACTIVE_RELOADING ||
		       u->active == ACTIVE_DEACTIVATING);
}

/* by may end where the watchdog was due: a service that could not run has a whole turn again. */
static void feed(struct unit *u, usec_t now)
{
	usec_t again = usec_add(now, service_watchdog_us(&u->service));

	if (u->service.watchdog_deadline_us < again) {
		u->service.watchdog_deadline_us = again;
	}
}

bool engine_has_limits(const struct engine *e)
{
	return e->live_jobs || e->by_active[ACTIVE_ACTIVATING] ||
	       e->by_active[ACTIVE_DEACTIVATING] || e->by_active[ACTIVE_RELOADING] ||
	       e->by_active[ACTIVE_MAINTENANCE];
}

int engine_stood_still(struct engine *e, usec_t by, usec_t now)
{
	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		struct unit *u = e->units[i];

		if (u->heap_index == ENGINE_NONE) {
			continue; /* it waits for nothing */
		}
		if (u->job) {
			put_off(&u->job->deadline_us, by);
		}
		if (is_limited(u)) {
			put_off(&u->service.deadline_us, by);
			put_off(&u->service.deadline_base_us, by);
		}
		put_off(&u->service.watchdog_deadline_us, by);
		feed(u, now);
		engine_touch(e, u, true);
	}
	return engine_settle(e, now);
}
