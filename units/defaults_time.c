// SPDX-License-Identifier: MIT
/* Timers: what they start, and what makes no sense of them. */
#include <errno.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "defaults.h"

int defaults_resolve_timer(const struct defaults_context *c, struct unit *u)
{
	const char *dot = strrchr(u->name, '.');

	if (!u->timer || u->timer->unit) {
		return 0;
	}
	u->timer->unit = arena_printf(c->arena, "%.*s.service", (int)(dot - u->name), u->name);
	return u->timer->unit ? 0 : -ENOMEM;
}

void defaults_check_timer(const struct defaults_context *c, struct unit *u)
{
	const struct unit_timer *t = u->timer;

	if (!t || u->refused || u->is_template) {
		return;
	}
	if (t->values.n == 0 && !(t->flags & (TIMER_ON_CLOCK_CHANGE | TIMER_ON_TIMEZONE_CHANGE))) {
		defaults_refuse(c, u, "Unit",
			"no time: OnCalendar=, OnBootSec=, OnUnitActiveSec= or another On… line");
	}
}

static bool has_calendar(const struct unit_timer *t)
{
	const struct unit_timer_value *values = t->values.items;

	for (size_t i = 0; i < t->values.n; i++) {
		if (values[i].base == TIMER_CALENDAR) {
			return true;
		}
	}
	return false;
}

int defaults_timer_deps(const struct defaults_context *c, struct unit *u)
{
	struct unit_dep triggers = { .kind = DEP_TRIGGERS, .origin = "what a timer starts" };
	int r;

	if (!u->timer || u->is_template) {
		return 0;
	}
	/* Not an implied one: those on what is not there are dropped, and this one is to be told.
	 */
	triggers.name = u->timer->unit;
	r = unit_add_dep(u, c->arena, &triggers);
	r = r < 0 ? r : defaults_add(c, u, DEP_BEFORE, u->timer->unit);
	if (r == 0 && (u->flags & UNIT_DEFAULT_DEPENDENCIES) && has_calendar(u->timer)) {
		r = defaults_add(c, u, DEP_AFTER, "time-set.target");
		r = r < 0 ? r : defaults_add(c, u, DEP_AFTER, "time-sync.target");
	}
	return r;
}
