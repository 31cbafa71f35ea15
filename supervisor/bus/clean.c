// SPDX-License-Identifier: MIT
/*
 * CleanUnit, the unit's own Clean, and CanClean. Kinds come as words and go on as bits: the paths
 * are the plan's. Answered when the worker is through.
 */
#include <errno.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/plan/plan.h"
#include "../shell.h"
#include "getters.h"
#include "objects.h"

#define ERROR_PREFIX "org.freedesktop.systemd1."
#define KIND(kind)   (UINT32_C(1) << (kind))

static const struct {
	const char *name;
	uint32_t kinds;
} kinds_table[] = {
	{ "runtime", KIND(PLAN_DIR_RUNTIME) },
	{ "state", KIND(PLAN_DIR_STATE) },
	{ "cache", KIND(PLAN_DIR_CACHE) },
	{ "logs", KIND(PLAN_DIR_LOGS) },
	{ "configuration", KIND(PLAN_DIR_CONFIGURATION) },
	{ "fdstore", ENGINE_DISCARD_FDSTORE },
	{ "all", WIRE_DISCARD_ALL | ENGINE_DISCARD_FDSTORE },
};

/* 0: no such kind. */
static uint32_t kinds_of(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(kinds_table); i++) {
		if (strcmp(kinds_table[i].name, name) == 0) {
			return kinds_table[i].kinds;
		}
	}
	return 0;
}

/* A timer's state is the time that Persistent= remembers. */
static bool is_persistent_timer(const struct unit *u)
{
	const struct manifest_timer *t =
		u->def && u->def->timer.n == 1 ? u->def->timer.items : NULL;

	return t && u->load_state == LOAD_LOADED && t->flags & TIMER_PERSISTENT;
}

static uint32_t can_clean(const struct unit *u)
{
	return is_persistent_timer(u) ? KIND(PLAN_DIR_STATE) : engine_can_discard(u);
}

GETTER(get_can_clean)
{
	const struct bus_unit_ref *ref = userdata;
	uint32_t can = ref->unit ? can_clean(ref->unit) : 0;
	int r = sd_bus_message_open_container(reply, 'a', "s");

	GETTER_PROLOGUE;
	for (size_t i = 0; r >= 0 && i < ELEMENTSOF(kinds_table); i++) {
		if (strcmp(kinds_table[i].name, "all") != 0 && can & kinds_table[i].kinds) {
			r = sd_bus_message_append(reply, "s", kinds_table[i].name);
		}
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* "as" -> bits; without any word those that come back by themselves. */
static int read_kinds(sd_bus_message *m, uint32_t *ret, sd_bus_error *error)
{
	const char *name;
	int r = sd_bus_message_enter_container(m, 'a', "s");

	*ret = 0;
	while (r >= 0 && (r = sd_bus_message_read(m, "s", &name)) > 0) {
		uint32_t kinds = kinds_of(name);

		if (!kinds) {
			return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
				"Invalid resource type: %s; configuration, state, cache, logs, "
				"runtime, fdstore, all",
				name);
		}
		*ret |= kinds;
	}
	if (r >= 0 && *ret == 0) {
		*ret = KIND(PLAN_DIR_CACHE) | KIND(PLAN_DIR_RUNTIME);
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int refuse(const struct unit *u, uint32_t kinds, sd_bus_error *error)
{
	uint32_t can = can_clean(u);

	if (u->load_state != LOAD_LOADED) {
		return sd_bus_error_setf(
			error, ERROR_PREFIX "NoSuchUnit", "Unit %s not loaded.", u->name);
	}
	if (u->active != ACTIVE_INACTIVE && u->active != ACTIVE_FAILED) {
		return sd_bus_error_setf(error, ERROR_PREFIX "UnitBusy",
			"Unit %s is %s: it is cleaned when it is down (supctl stop).", u->name,
			active_state_to_string(u->active));
	}
	if (!can) {
		return sd_bus_error_setf(error, SD_BUS_ERROR_NOT_SUPPORTED,
			"Unit %s has nothing that could be cleaned: no StateDirectory= or its kin, "
			"no descriptor store, no Persistent=.",
			u->name);
	}
	if (!(can & kinds)) {
		return sd_bus_error_setf(error, ERROR_PREFIX "NothingToClean",
			"Unit %s has none of these to clean; supctl show -p CanClean says which it "
			"has.",
			u->name);
	}
	return 0;
}

static int clean(struct bus_server *b, sd_bus_message *m, const struct unit *u, sd_bus_error *error)
{
	uint32_t kinds;
	int r = read_kinds(m, &kinds, error);

	r = r < 0 ? r : refuse(u, kinds, error);
	if (r < 0) {
		return r;
	}
	if (is_persistent_timer(u)) {
		r = clockwatch_stamp(&b->shell->clock, u->name, 0);
		return r < 0 ? bus_fatal(b, r) : sd_bus_reply_method_return(m, "");
	}
	r = engine_discard(b->shell->engine, u->index, kinds, now_us());
	if (r == -EBUSY) {
		return sd_bus_error_setf(error, ERROR_PREFIX "UnitBusy",
			"Unit %s has a job, a process, or is being cleaned already.", u->name);
	}
	return r < 0 ? bus_fatal(b, r) : bus_waiting_add(&b->cleans, m, u->index, 0);
}

static int method_manager(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return bus_call_named(userdata, m, clean, error);
}

static int method_unit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return bus_call_on(userdata, m, clean, error);
}

/* Answers when there is something to say; false: it waits on. */
static bool answer(struct bus_server *b, const struct bus_waiting *c)
{
	const struct unit *u = engine_unit(b->shell->engine, c->unit);

	if (u->discard->running || u->service.releasing) {
		return false; /* a next one finds the slot given back */
	}
	if (u->discard->error) {
		(void)sd_bus_reply_method_errorf(c->message,
			u->discard->error == EBUSY ? ERROR_PREFIX "UnitBusy" : SD_BUS_ERROR_FAILED,
			"Unit %s: %s", u->name, u->discard->text);
	} else {
		(void)sd_bus_reply_method_return(c->message, "");
	}
	return true;
}

void bus_clean_flush(struct bus_server *b)
{
	bus_waiting_flush(&b->cleans, b, answer);
}

const sd_bus_vtable bus_vtable_clean[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("CleanUnit", "sas", "", method_manager, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

const sd_bus_vtable bus_vtable_unit_clean[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("CanClean", "as", get_can_clean, 0, 0),
	SD_BUS_METHOD("Clean", "as", "", method_unit, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};
