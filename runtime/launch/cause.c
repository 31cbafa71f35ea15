// SPDX-License-Identifier: MIT
#include "cause.h"

#include <errno.h>
#include <string.h>

#include "../base/number.h"
#include "../base/unitname.h"
#include "command.h"
#include "conditions.h"
#include "launch.h"

static int bad_cause(struct launch *l, const char *what)
{
	return launch_fail(l, -EBADMSG, "", what, NULL);
}

/* The name of that unit of the catalogue; NULL: the number is wrong. */
static const char *name_of(const struct launch *l, uint32_t index)
{
	const struct catalogue *c = &l->catalogue;
	const char *name =
		index < c->header->n_units ? catalogue_string(c, c->units[index].name) : NULL;

	return name && unit_name_is_valid(name) ? name : NULL;
}

/* The line of a path unit that was good: the file itself, for a pattern what it matches now. */
static int name_path(struct launch *l)
{
	const struct wire_cause *cause = &l->job.cause;
	const struct plan_watch *watch;
	struct catalogue c;
	struct plan *plan = arena_alloc(&l->arena, sizeof(*plan));
	char *found = arena_alloc(&l->arena, LIMIT_PATH);

	if (!plan || !found) {
		return -ENOMEM;
	}
	if (catalogue_open_entry(
		    l->catalogue.base, l->catalogue.size, cause->trigger_entry - 1, &c) < 0 ||
		c.entries[cause->trigger_entry - 1].unit != cause->trigger - 1 ||
		plan_decode(&c, cause->trigger_entry - 1, &l->arena, plan) < 0 ||
		plan->op != PLAN_WATCH || cause->trigger_line > plan->watches.n) {
		return bad_cause(l, "path that has triggered");
	}
	watch = (const struct plan_watch *)plan->watches.items + cause->trigger_line - 1;
	l->trigger_path = watch->path;
	if (watch->type == PLAN_WATCH_EXISTS_GLOB && condition_glob_first(watch->path, found)) {
		l->trigger_path = found;
	}
	return 0;
}

static int name_monitor(struct launch *l)
{
	const struct wire_cause *cause = &l->job.cause;
	const char *name = name_of(l, cause->monitor - 1);
	char digits[24], *instance;

	if (!name) {
		return bad_cause(l, "unit that is monitored");
	}
	l->monitor_unit = name;
	if (!cause->monitor_instance) {
		return 0;
	}
	number_format_u64(digits, cause->monitor_instance);
	instance = arena_alloc(&l->arena, LIMIT_UNIT_NAME);
	if (!instance) {
		return -ENOMEM;
	}
	if (unit_name_instance(name, digits, instance) < 0) {
		return bad_cause(l, "connection that is monitored");
	}
	l->monitor_unit = instance;
	return 0;
}

int launch_name_cause(struct launch *l)
{
	const struct wire_cause *cause = &l->job.cause;
	int r = 0;

	if (cause->trigger) {
		l->trigger_unit = name_of(l, cause->trigger - 1);
		if (!l->trigger_unit) {
			return bad_cause(l, "unit that has triggered");
		}
		r = cause->trigger_entry && cause->trigger_line ? name_path(l) : 0;
	}
	return r < 0 || !cause->monitor ? r : name_monitor(l);
}

static bool is_known(const uint8_t id[16])
{
	static const uint8_t none[16];

	return memcmp(id, none, sizeof(none)) != 0;
}

static int put_trigger(struct launch *l)
{
	const struct wire_cause *cause = &l->job.cause;
	int r = command_put(l, "TRIGGER_UNIT", l->trigger_unit);

	if (r == 0 && l->trigger_path) {
		r = command_put(l, "TRIGGER_PATH", l->trigger_path);
	}
	if (r == 0 && cause->trigger_us) {
		r = command_put_number(l, "TRIGGER_TIMER_REALTIME_USEC", cause->trigger_real_us);
		r = r < 0 ? r
			  : command_put_number(
				    l, "TRIGGER_TIMER_MONOTONIC_USEC", cause->trigger_us);
	}
	return r;
}

static int put_monitor(struct launch *l)
{
	static const char *const names[] = { "MONITOR_EXIT_CODE", "MONITOR_EXIT_STATUS" };
	const struct wire_cause *cause = &l->job.cause;
	int r = command_put(l, "MONITOR_UNIT", l->monitor_unit);

	r = r < 0 ? r
		  : command_put(l, "MONITOR_SERVICE_RESULT",
			    service_result_to_string((enum service_result)cause->monitor_result));
	r = r < 0 ? r : command_put_exit(l, names, cause->monitor_code, cause->monitor_status);
	if (r == 0 && is_known(cause->monitor_invocation)) {
		r = command_put_id(l, "MONITOR_INVOCATION_ID", cause->monitor_invocation);
	}
	return r;
}

int launch_put_cause(struct launch *l)
{
	int r = l->trigger_unit ? put_trigger(l) : 0;

	return r < 0 || !l->monitor_unit ? r : put_monitor(l);
}
