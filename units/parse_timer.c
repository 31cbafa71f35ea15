// SPDX-License-Identifier: MIT
/* [Timer] */
#include <errno.h>
#include <string.h>

#include "../runtime/base/unitname.h"
#include "../runtime/base/zonefile.h"
#include "expand.h"
#include "parsers.h"
#include "values.h"

static bool zone_exists(void *context, const char *name)
{
	(void)context;
	return zonefile_exists(name);
}

/* Names such as "CEST" mean the machine's own zone. */
static int read_calendar(const char *text, struct calendar *ret)
{
	struct calendar_names names = { .zone_exists = zone_exists };
	struct zone local = { 0 };
	bool has_local = zonefile_read(NULL, &local) == 0;
	int r;

	for (uint32_t i = 0; has_local && i < local.n_kinds; i++) {
		names.local[local.kinds[i].dst] = local.kinds[i].name;
	}
	r = calendar_parse(text, &names, ret);
	zone_fini(&local);
	return r;
}

static int add_calendar(struct setting_context *c, const char *text, struct unit_timer_value *row)
{
	struct calendar calendar;
	int r = read_calendar(text, &calendar);

	if (r == -ENOMEM) {
		return r;
	}
	if (r < 0 && expand_is_for_instances(c, c->value, text)) {
		return 0;
	}
	if (r < 0) {
		return setting_error(c, 0,
			"\"%.128s\" is no calendar expression%s; there are such as \"hourly\", "
			"\"Mon..Fri *-*-* 06:30\", \"*-*~01 UTC\"",
			c->value, r == -ERANGE ? ": a number is out of its range" : "");
	}
	row->calendar = arena_memdup(c->arena, &calendar, calendar_packed_size(&calendar));
	return row->calendar ? 0 : -ENOMEM;
}

int parse_timer(struct setting_context *c)
{
	struct unit_timer_value value = { .base = (enum timer_base)c->row->arg,
		.origin = c->origin };
	struct list *values = &c->unit->timer->values;
	struct unit_timer_value *row;
	const char *text = NULL;
	int r;

	/* An empty line drops all, whatever they count from. */
	if (!*c->value) {
		list_reset(values);
		return 0;
	}
	r = expand_value(c, &text);
	if (r != 0) {
		return r;
	}
	if (value.base == TIMER_CALENDAR) {
		r = add_calendar(c, text, &value);
	} else {
		r = value_parse_timespan(text, 1000000, &value.value_us);
		if (r < 0 && expand_is_for_instances(c, c->value, text)) {
			return 0;
		}
		if (r < 0 || value.value_us == VALUE_INFINITY) {
			return setting_error(c, 0,
				"\"%.64s\" is not a time span such as \"5min 20s\"", c->value);
		}
	}
	if (r < 0 || (value.base == TIMER_CALENDAR && !value.calendar)) {
		return r;
	}
	row = list_push(c->arena, values, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = value;
	return 0;
}

/* Unit= of timers and paths. */
int parse_triggered_unit(struct setting_context *c)
{
	const char **target = c->unit->timer ? &c->unit->timer->unit : &c->unit->watch->unit;
	const char *text = NULL;
	int r = expand_value(c, &text);

	if (r != 0) {
		return r;
	}
	if (expand_is_for_instances(c, c->value, text) &&
		unit_name_classify(text) != UNIT_NAME_PLAIN) {
		return 0;
	}
	if (!unit_name_is_valid(text) || unit_type_from_name(text) == (int)c->unit->type ||
		unit_name_classify(text) == UNIT_NAME_TEMPLATE) {
		return setting_error(c, 0,
			"\"%.128s\" is no unit that a %s can start, such as web.service", c->value,
			unit_type_to_string(c->unit->type));
	}
	*target = text;
	return 0;
}

int parse_wake_system(struct setting_context *c)
{
	int r = parse_bool_flag(c);

	if (r == 0 && (*(uint32_t *)c->target & (uint32_t)c->row->arg)) {
		setting_warning(c,
			"WakeSystem=yes does not wake a suspended machine here: supd has "
			"no capabilities; the timer elapses when it wakes");
	}
	return r;
}
