// SPDX-License-Identifier: MIT
/* org.freedesktop.systemd1.Timer. */
#include <errno.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../shell.h"
#include "../timer.h"
#include "getters.h"
#include "objects.h"

static const struct timer *timer_of(const struct bus_unit_ref *ref)
{
	return ref->unit ? ref->unit->timer : NULL;
}

static const struct manifest_timer *def_of(const struct bus_unit_ref *ref)
{
	const struct timer *t = timer_of(ref);

	return t ? t->def : NULL;
}

GETTER(get_unit)
{
	struct bus_unit_ref *ref = userdata;
	const struct engine *e = ref->server->shell->engine;
	const struct graph_edge *x = NULL;
	uint32_t n = 0;

	GETTER_PROLOGUE;
	if (ref->unit) {
		x = graph_edges(engine_graph(e), ref->unit->index, REL_TRIGGERS, &n);
	}
	return bus_append_text(reply, n ? engine_unit(e, x[0].unit)->name : "");
}

/* a(stt): base, value, next elapse. */
GETTER(get_monotonic)
{
	struct bus_unit_ref *ref = userdata;
	const struct manifest_timer *def = def_of(ref);
	const struct manifest_timer_value *values = def ? def->values.items : NULL;
	const struct timer *t = timer_of(ref);
	int r = sd_bus_message_open_container(reply, 'a', "(stt)");

	GETTER_PROLOGUE;
	for (uint32_t i = 0; r >= 0 && def && i < def->values.n; i++) {
		char name[40];

		if (values[i].base == TIMER_CALENDAR) {
			continue;
		}
		snprintf(name, sizeof(name), "%s", timer_base_to_string(values[i].base));
		memcpy(name + strlen(name) - 3, "USec", 5); /* "OnBootUSec" */
		r = sd_bus_message_append(reply, "(stt)", name, values[i].value_us, t->next_us);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* a(sst): base, expression, next elapse. */
GETTER(get_calendar)
{
	struct bus_unit_ref *ref = userdata;
	const struct manifest_timer *def = def_of(ref);
	const struct manifest_timer_value *values = def ? def->values.items : NULL;
	const struct timer *t = timer_of(ref);
	int r = sd_bus_message_open_container(reply, 'a', "(sst)");

	GETTER_PROLOGUE;
	for (uint32_t i = 0; r >= 0 && def && i < def->values.n; i++) {
		if (values[i].base == TIMER_CALENDAR) {
			r = sd_bus_message_append(
				reply, "(sst)", "OnCalendar", values[i].text, t->next_real_us);
		}
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* When it is due and when it was; 0: never, USEC_INFINITY: not any more. */
GETTER(get_time)
{
	const struct timer *t = timer_of(userdata);
	const struct manifest_timer *def = def_of(userdata);
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "NextElapseUSecRealtime", t ? t->next_real_us : USEC_INFINITY },
		{ "NextElapseUSecMonotonic", t ? t->next_us : USEC_INFINITY },
		{ "LastTriggerUSec", t ? t->last_real_us : 0 },
		{ "LastTriggerUSecMonotonic", t ? t->last_us : 0 },
		{ "AccuracyUSec", def ? def->accuracy_us : 0 },
		{ "RandomizedDelayUSec", def ? def->random_delay_us : 0 },
	};

	GETTER_PROLOGUE;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (strcmp(rows[i].name, property) == 0) {
			return sd_bus_message_append(reply, "t", rows[i].value);
		}
	}
	return -ENOENT;
}

GETTER(get_flag)
{
	static const struct {
		const char *name;
		uint32_t flag;
	} rows[] = {
		{ "OnClockChange", TIMER_ON_CLOCK_CHANGE },
		{ "OnTimezoneChange", TIMER_ON_TIMEZONE_CHANGE },
		{ "Persistent", TIMER_PERSISTENT },
		{ "WakeSystem", TIMER_WAKE_SYSTEM },
		{ "RemainAfterElapse", TIMER_REMAIN_AFTER_ELAPSE },
		{ "FixedRandomDelay", TIMER_FIXED_RANDOM_DELAY },
		{ "DeferReactivation", TIMER_DEFER_REACTIVATION },
	};
	const struct manifest_timer *def = def_of(userdata);

	GETTER_PROLOGUE;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (strcmp(rows[i].name, property) == 0) {
			return sd_bus_message_append(
				reply, "b", (int)(def && (def->flags & rows[i].flag)));
		}
	}
	return -ENOENT;
}

GETTER(get_result)
{
	const struct timer *t = timer_of(userdata);

	GETTER_PROLOGUE;
	return sd_bus_message_append(reply, "s", t && t->failed ? "resources" : "success");
}

const char *const bus_timer_changing[] = { "NextElapseUSecRealtime", "NextElapseUSecMonotonic",
	"LastTriggerUSec", "LastTriggerUSecMonotonic", "Result", NULL };

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

const sd_bus_vtable bus_vtable_timer[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Unit", "s", get_unit, 0, 0),
	SD_BUS_PROPERTY("TimersMonotonic", "a(stt)", get_monotonic, 0, 0),
	SD_BUS_PROPERTY("TimersCalendar", "a(sst)", get_calendar, 0, 0),
	SD_BUS_PROPERTY("OnClockChange", "b", get_flag, 0, 0),
	SD_BUS_PROPERTY("OnTimezoneChange", "b", get_flag, 0, 0),
	SD_BUS_PROPERTY("NextElapseUSecRealtime", "t", get_time, 0, CHANGES),
	SD_BUS_PROPERTY("NextElapseUSecMonotonic", "t", get_time, 0, CHANGES),
	SD_BUS_PROPERTY("LastTriggerUSec", "t", get_time, 0, CHANGES),
	SD_BUS_PROPERTY("LastTriggerUSecMonotonic", "t", get_time, 0, CHANGES),
	SD_BUS_PROPERTY("Result", "s", get_result, 0, CHANGES),
	SD_BUS_PROPERTY("AccuracyUSec", "t", get_time, 0, 0),
	SD_BUS_PROPERTY("RandomizedDelayUSec", "t", get_time, 0, 0),
	SD_BUS_PROPERTY("FixedRandomDelay", "b", get_flag, 0, 0),
	SD_BUS_PROPERTY("DeferReactivation", "b", get_flag, 0, 0),
	SD_BUS_PROPERTY("Persistent", "b", get_flag, 0, 0),
	SD_BUS_PROPERTY("WakeSystem", "b", get_flag, 0, 0),
	SD_BUS_PROPERTY("RemainAfterElapse", "b", get_flag, 0, 0),
	SD_BUS_VTABLE_END,
};
