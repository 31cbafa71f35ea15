// SPDX-License-Identifier: MIT
#include <assert.h>
#include <signal.h>
#include <string.h>

#include "service_internal.h"

static const char *const active_state_table[] = {
	[ACTIVE_INACTIVE] = "inactive",
	[ACTIVE_ACTIVATING] = "activating",
	[ACTIVE_ACTIVE] = "active",
	[ACTIVE_RELOADING] = "reloading",
	[ACTIVE_DEACTIVATING] = "deactivating",
	[ACTIVE_FAILED] = "failed",
	[ACTIVE_MAINTENANCE] = "maintenance",
};
ENUM_TABLE(active_state, enum unit_active_state, ACTIVE_STATE_COUNT)

static const char *const service_state_table[] = {
	[SERVICE_DEAD] = "dead",
	[SERVICE_CONDITION] = "condition",
	[SERVICE_START_PRE] = "start-pre",
	[SERVICE_START] = "start",
	[SERVICE_START_POST] = "start-post",
	[SERVICE_RUNNING] = "running",
	[SERVICE_EXITED] = "exited",
	[SERVICE_RELOAD] = "reload",
	[SERVICE_RELOAD_SIGNAL] = "reload-signal",
	[SERVICE_RELOAD_NOTIFY] = "reload-notify",
	[SERVICE_STOP] = "stop",
	[SERVICE_STOP_WATCHDOG] = "stop-watchdog",
	[SERVICE_STOP_SIGTERM] = "stop-sigterm",
	[SERVICE_STOP_SIGKILL] = "stop-sigkill",
	[SERVICE_STOP_POST] = "stop-post",
	[SERVICE_FINAL_WATCHDOG] = "final-watchdog",
	[SERVICE_FINAL_SIGTERM] = "final-sigterm",
	[SERVICE_FINAL_SIGKILL] = "final-sigkill",
	[SERVICE_FAILED] = "failed",
	[SERVICE_DEAD_BEFORE_AUTO_RESTART] = "dead-before-auto-restart",
	[SERVICE_FAILED_BEFORE_AUTO_RESTART] = "failed-before-auto-restart",
	[SERVICE_AUTO_RESTART] = "auto-restart",
	[SERVICE_CLEANING] = "cleaning",
};
ENUM_TABLE(service_state, enum service_state, SERVICE_STATE_COUNT)

static const char *const service_event_table[] = {
	[EV_START] = "start",
	[EV_STOP] = "stop",
	[EV_RELOAD] = "reload",
	[EV_MAIN_STARTED] = "main-started",
	[EV_MAIN_EXECED] = "main-execed",
	[EV_MAIN_EXITED] = "main-exited",
	[EV_MAIN_FAILED] = "main-failed",
	[EV_CONTROL_EXITED] = "control-exited",
	[EV_CONTROL_FAILED] = "control-failed",
	[EV_WORK_EXITED] = "work-exited",
	[EV_WORK_FAILED] = "work-failed",
	[EV_EMPTY] = "empty",
	[EV_REFUSED] = "refused",
	[EV_RELEASED] = "released",
	[EV_RELOADED] = "reloaded",
	[EV_NOTIFY] = "notify",
	[EV_TIMEOUT] = "timeout",
	[EV_WATCHDOG] = "watchdog",
	[EV_OOM] = "oom",
	[EV_IDLE] = "idle",
	[EV_BUS_NAME] = "bus-name",
	[EV_RESET_FAILED] = "reset-failed",
	[EV_READABLE] = "readable",
	[EV_ACCEPTED] = "accepted",
	[EV_TRIGGER_UP] = "trigger-up",
	[EV_TRIGGER_DOWN] = "trigger-down",
	[EV_TRIGGER_FAILED] = "trigger-failed",
	[EV_APPEARED] = "appeared",
	[EV_VANISHED] = "vanished",
	[EV_ADOPT] = "adopt",
};
ENUM_TABLE(service_event, enum service_event_type, SERVICE_EVENT_COUNT)

static const uint8_t active_of_state[SERVICE_STATE_COUNT] = {
	[SERVICE_DEAD] = ACTIVE_INACTIVE,
	[SERVICE_CONDITION] = ACTIVE_ACTIVATING,
	[SERVICE_START_PRE] = ACTIVE_ACTIVATING,
	[SERVICE_START] = ACTIVE_ACTIVATING,
	[SERVICE_START_POST] = ACTIVE_ACTIVATING,
	[SERVICE_RUNNING] = ACTIVE_ACTIVE,
	[SERVICE_EXITED] = ACTIVE_ACTIVE,
	[SERVICE_RELOAD] = ACTIVE_RELOADING,
	[SERVICE_RELOAD_SIGNAL] = ACTIVE_RELOADING,
	[SERVICE_RELOAD_NOTIFY] = ACTIVE_RELOADING,
	[SERVICE_STOP] = ACTIVE_DEACTIVATING,
	[SERVICE_STOP_WATCHDOG] = ACTIVE_DEACTIVATING,
	[SERVICE_STOP_SIGTERM] = ACTIVE_DEACTIVATING,
	[SERVICE_STOP_SIGKILL] = ACTIVE_DEACTIVATING,
	[SERVICE_STOP_POST] = ACTIVE_DEACTIVATING,
	[SERVICE_FINAL_WATCHDOG] = ACTIVE_DEACTIVATING,
	[SERVICE_FINAL_SIGTERM] = ACTIVE_DEACTIVATING,
	[SERVICE_FINAL_SIGKILL] = ACTIVE_DEACTIVATING,
	[SERVICE_FAILED] = ACTIVE_FAILED,
	[SERVICE_DEAD_BEFORE_AUTO_RESTART] = ACTIVE_INACTIVE,
	[SERVICE_FAILED_BEFORE_AUTO_RESTART] = ACTIVE_FAILED,
	[SERVICE_AUTO_RESTART] = ACTIVE_ACTIVATING,
	[SERVICE_CLEANING] = ACTIVE_MAINTENANCE,
};

/* Rows that many states share. */
#define ROWS_ALL [EV_ADOPT] = on_adopt
#define ROWS_STARTING                                                                              \
	ROWS_ALL, [EV_STOP] = on_stop_now, [EV_TIMEOUT] = on_start_timeout,                        \
		  [EV_NOTIFY] = on_notify, [EV_OOM] = on_oom, [EV_RELOADED] = step_rerun
#define ROWS_CONTROL(fn_)                                                                          \
	[EV_CONTROL_EXITED] = (fn_), [EV_CONTROL_FAILED] = (fn_), [EV_REFUSED] = (fn_)
#define ROWS_ALIVE                                                                                 \
	[EV_NOTIFY] = on_notify, [EV_WATCHDOG] = on_watchdog, [EV_OOM] = on_oom,                   \
	[EV_MAIN_STARTED] = on_running_main_started, [EV_MAIN_EXECED] = on_running_main_started
#define ROWS_KILLING                                                                               \
	ROWS_ALL, [EV_STOP] = on_stop_noted, [EV_NOTIFY] = on_notify,                              \
		  [EV_MAIN_EXITED] = on_stop_main_end, [EV_MAIN_FAILED] = on_stop_main_end,        \
		  [EV_MAIN_STARTED] = on_running_main_started,                                     \
		  [EV_CONTROL_EXITED] = on_kill_progress, [EV_CONTROL_FAILED] = on_kill_progress,  \
		  [EV_EMPTY] = on_kill_progress, [EV_REFUSED] = on_kill_progress,                  \
		  [EV_OOM] = on_oom_ending, [EV_TIMEOUT] = on_kill_timeout
#define ROWS_ENDED                                                                                 \
	ROWS_ALL, [EV_START] = on_start, [EV_APPEARED] = on_appeared,                              \
		  [EV_RESET_FAILED] = on_reset_failed, [EV_EMPTY] = on_left_over_gone,             \
		  [EV_MAIN_EXITED] = on_left_over_gone, [EV_CONTROL_EXITED] = on_left_over_gone
#define ROWS_BEFORE_RESTART                                                                        \
	ROWS_ALL, [EV_STOP] = on_stop_waiting_restart, [EV_RELEASED] = on_before_restart_ready,    \
		  [EV_REFUSED] = on_before_restart_ready, [EV_TIMEOUT] = on_before_restart_ready,  \
		  [EV_RESET_FAILED] = on_reset_counters

static step_fn *const table[SERVICE_STATE_COUNT][SERVICE_EVENT_COUNT] = {
	[SERVICE_DEAD] = { ROWS_ENDED },
	[SERVICE_FAILED] = { ROWS_ENDED },
	[SERVICE_CONDITION] = { ROWS_STARTING, ROWS_CONTROL(on_start_control) },
	[SERVICE_START_PRE] = { ROWS_STARTING, ROWS_CONTROL(on_start_control) },
	[SERVICE_START] = { ROWS_STARTING,
		ROWS_CONTROL(on_start_control), [EV_MAIN_STARTED] = on_start_main_started,
		[EV_MAIN_EXECED] = on_start_main_execed, [EV_MAIN_EXITED] = on_start_main_end,
		[EV_MAIN_FAILED] = on_start_main_end, [EV_WORK_EXITED] = on_start_work,
		[EV_WORK_FAILED] = on_start_work, [EV_EMPTY] = on_start_empty,
		[EV_BUS_NAME] = on_start_bus_name, [EV_IDLE] = on_start_idle },
	[SERVICE_START_POST] = { ROWS_STARTING,
		ROWS_CONTROL(on_start_control), [EV_MAIN_STARTED] = on_running_main_started,
		[EV_MAIN_EXECED] = on_running_main_started, [EV_MAIN_EXITED] = on_post_main_end,
		[EV_MAIN_FAILED] = on_post_main_end, [EV_WATCHDOG] = on_watchdog },
	[SERVICE_RUNNING] = { ROWS_ALL, ROWS_ALIVE, [EV_STOP] = on_stop_running,
		[EV_RELOAD] = on_reload, [EV_MAIN_EXITED] = on_running_main_end,
		[EV_MAIN_FAILED] = on_running_main_end, [EV_EMPTY] = on_running_empty,
		[EV_REFUSED] = on_running_empty, [EV_TIMEOUT] = on_running_timeout,
		[EV_BUS_NAME] = on_running_bus_name, [EV_RESET_FAILED] = on_reset_counters },
	[SERVICE_EXITED] = { ROWS_ALL, [EV_STOP] = on_stop_running, [EV_RELOAD] = on_reload,
		[EV_NOTIFY] = on_notify, [EV_OOM] = on_oom, [EV_VANISHED] = on_vanished,
		[EV_RESET_FAILED] = on_reset_counters },
	[SERVICE_RELOAD] = { ROWS_ALL, ROWS_ALIVE,
		ROWS_CONTROL(on_reload_control), [EV_STOP] = on_stop_now,
		[EV_MAIN_EXITED] = on_post_main_end, [EV_MAIN_FAILED] = on_post_main_end,
		[EV_TIMEOUT] = on_reload_timeout, [EV_RELOADED] = step_rerun },
	[SERVICE_RELOAD_SIGNAL] = { ROWS_ALL,
		ROWS_ALIVE, [EV_STOP] = on_stop_now, [EV_MAIN_EXITED] = on_reload_main_end,
		[EV_MAIN_FAILED] = on_reload_main_end, [EV_TIMEOUT] = on_reload_timeout },
	[SERVICE_RELOAD_NOTIFY] = { ROWS_ALL,
		ROWS_ALIVE, [EV_STOP] = on_stop_now, [EV_MAIN_EXITED] = on_reload_main_end,
		[EV_MAIN_FAILED] = on_reload_main_end, [EV_TIMEOUT] = on_reload_timeout },
	[SERVICE_STOP] = { ROWS_ALL,
		ROWS_CONTROL(on_stop_control), [EV_STOP] = on_stop_noted, [EV_NOTIFY] = on_notify,
		[EV_MAIN_EXITED] = on_post_main_end, [EV_MAIN_FAILED] = on_post_main_end,
		[EV_OOM] = on_oom, [EV_TIMEOUT] = on_stop_timeout, [EV_RELOADED] = step_rerun },
	[SERVICE_STOP_WATCHDOG] = { ROWS_KILLING },
	[SERVICE_STOP_SIGTERM] = { ROWS_KILLING },
	[SERVICE_STOP_SIGKILL] = { ROWS_KILLING },
	[SERVICE_STOP_POST] = { ROWS_ALL,
		ROWS_CONTROL(on_stop_post_control), [EV_STOP] = on_stop_noted,
		[EV_NOTIFY] = on_notify, [EV_MAIN_EXITED] = on_post_main_end,
		[EV_MAIN_FAILED] = on_post_main_end, [EV_OOM] = on_oom_ending,
		[EV_TIMEOUT] = on_stop_post_timeout, [EV_RELOADED] = step_rerun },
	[SERVICE_FINAL_WATCHDOG] = { ROWS_KILLING },
	[SERVICE_FINAL_SIGTERM] = { ROWS_KILLING },
	[SERVICE_FINAL_SIGKILL] = { ROWS_KILLING },
	[SERVICE_DEAD_BEFORE_AUTO_RESTART] = { ROWS_BEFORE_RESTART },
	[SERVICE_FAILED_BEFORE_AUTO_RESTART] = { ROWS_BEFORE_RESTART },
	[SERVICE_AUTO_RESTART] = { ROWS_ALL, [EV_START] = on_start,
		[EV_STOP] = on_stop_waiting_restart, [EV_RELEASED] = on_before_restart_ready,
		[EV_REFUSED] = on_before_restart_ready, [EV_TIMEOUT] = on_auto_restart_timeout,
		[EV_RESET_FAILED] = on_reset_counters },
	[SERVICE_CLEANING] = { ROWS_ALL, [EV_STOP] = on_stop_noted, [EV_RELEASED] = on_cleaned,
		[EV_REFUSED] = on_cleaned, [EV_TIMEOUT] = on_cleaned },
};

bool service_pair_is_handled(enum service_state state, enum service_event_type event)
{
	return table[state][event] != NULL;
}

struct effect *step_push(struct step *st, enum effect_type type)
{
	struct effect *e;

	assert(st->out->n < EFFECTS_MAX);
	e = &st->out->items[st->out->n++];
	memset(e, 0, sizeof(*e));
	e->type = type;
	e->catalogue = st->s->def.catalogue;
	return e;
}

struct effect *step_log(struct step *st, enum effect_log what, int32_t number)
{
	struct effect *e = step_push(st, EFFECT_LOG);

	e->log = what;
	e->number = number;
	e->state = st->s->state;
	return e;
}

void step_set_state(struct step *st, enum service_state state)
{
	struct effect *e = step_push(st, EFFECT_STATE);

	e->old_state = st->s->state;
	e->state = state;
	st->s->state = state;
	st->s->idle_waiting = false;
	st->s->state_change_us = st->now;
	step_arm(st, USEC_INFINITY);
	if (active_of_state[state] != ACTIVE_ACTIVE && active_of_state[state] != ACTIVE_RELOADING &&
		state != SERVICE_START_POST) {
		st->s->watchdog_deadline_us = USEC_INFINITY;
	}
}

void step_arm(struct step *st, usec_t timeout_us)
{
	st->s->deadline_us = timeout_us ? usec_add(st->now, timeout_us) : USEC_INFINITY;
	st->s->deadline_base_us = st->s->deadline_us;
}

void service_record_result(struct service *s, enum service_result result)
{
	if (s->result == RESULT_SUCCESS) {
		s->result = result;
	}
}

bool service_place_busy(const struct service *s, enum entry_kind kind)
{
	return s->places[kind].phase != PLACE_FREE;
}

void service_init(struct service *s, const struct service_def *def)
{
	memset(s, 0, sizeof(*s));
	s->def = *def;
	s->deadline_us = USEC_INFINITY;
	s->deadline_base_us = USEC_INFINITY;
	s->watchdog_deadline_us = USEC_INFINITY;
	s->watchdog_override_us = USEC_INFINITY;
	s->restart_at_us = USEC_INFINITY;
	s->notify_access = NOTIFY_ACCESS_COUNT;
}

/* Which place an event speaks of, ENTRY_KIND_COUNT: none. */
static enum entry_kind event_place(enum service_event_type type)
{
	static const uint8_t kinds[SERVICE_EVENT_COUNT] = {
		[EV_MAIN_STARTED] = ENTRY_MAIN + 1,
		[EV_MAIN_EXECED] = ENTRY_MAIN + 1,
		[EV_MAIN_EXITED] = ENTRY_MAIN + 1,
		[EV_MAIN_FAILED] = ENTRY_MAIN + 1,
		[EV_CONTROL_EXITED] = ENTRY_CONTROL + 1,
		[EV_CONTROL_FAILED] = ENTRY_CONTROL + 1,
		[EV_WORK_EXITED] = ENTRY_WORK + 1,
		[EV_WORK_FAILED] = ENTRY_WORK + 1,
	};
	uint32_t kind = kinds[type];

	return kind ? (enum entry_kind)(kind - 1) : ENTRY_KIND_COUNT;
}

static void take_live(struct step *st, struct service_place *place, enum entry_kind kind)
{
	const struct wire_proc *proc = st->event->proc;

	place->phase = PLACE_LIVE;
	place->run_id = proc->run_id;
	place->entry = proc->entry;
	place->pid = proc->pid;
	place->execed = st->event->type == EV_MAIN_EXECED || (proc->flags & WIRE_PROC_EXECED);
	st->s->populated = true;
	st->s->has_slot = true;
	if (kind == ENTRY_MAIN && proc->pid > 0) {
		st->s->main_pid = proc->pid;
		st->s->main_start_us = proc->start_us ? proc->start_us : st->now;
	}
}

/* Books the record in its place; false: an echo of one that was forgotten. */
static bool take_record(struct step *st)
{
	enum entry_kind kind = event_place(st->event->type);
	const struct wire_proc *proc = st->event->proc;
	struct service_place *place;
	struct effect *e;

	if (kind == ENTRY_KIND_COUNT) {
		return true;
	}
	place = &st->s->places[kind];
	if (proc->run_id <= place->forgotten) {
		return false;
	}
	if (st->event->type == EV_MAIN_STARTED || st->event->type == EV_MAIN_EXECED) {
		take_live(st, place, kind);
		return true;
	}
	e = step_push(st, EFFECT_FORGET);
	e->kind = kind;
	e->run_id = proc->run_id;
	place->forgotten = proc->run_id;
	place->phase = PLACE_FREE;
	place->pid = 0;
	place->run_id = 0;
	return true;
}

static bool take_refusal(struct step *st)
{
	const struct wire_refused *r = st->event->refused;
	struct service *s = st->s;

	if (r->request == WIRE_RUN) {
		for (size_t i = 0; i < ENTRY_KIND_COUNT; i++) {
			if (s->places[i].phase == PLACE_PENDING &&
				s->places[i].cookie == r->cookie) {
				s->places[i].phase = PLACE_FREE;
				s->failure.error = r->error;
				step_log(st, LOG_REFUSED, r->error);
				return true;
			}
		}
		return false;
	}
	if (r->request == WIRE_MAIN) {
		if (r->cookie == 0 || r->cookie != s->main_cookie) {
			return false;
		}
		s->main_cookie = 0;
		s->main_alien = false;
		if (s->places[ENTRY_MAIN].phase == PLACE_PENDING &&
			s->places[ENTRY_MAIN].cookie == r->cookie) {
			s->places[ENTRY_MAIN].phase = PLACE_FREE;
			s->main_pid = 0;
			s->main_known = false;
		}
		return true;
	}
	if (r->request == WIRE_WATCH) {
		return true;
	}
	if (r->request == WIRE_RELEASE && s->releasing) {
		s->releasing = false;
		return true;
	}
	return false;
}

bool step_begin(struct step *st)
{
	const struct service_event *event = st->event;
	struct service *s = st->s;

	if (!take_record(st)) {
		return false;
	}
	if (event->type == EV_EMPTY) {
		s->populated = false;
	}
	if (event->type == EV_RELEASED) {
		s->releasing = false;
		s->has_slot = false;
		s->populated = false;
		for (size_t i = 0; i < ENTRY_KIND_COUNT; i++) {
			s->places[i] =
				(struct service_place) { .forgotten = s->places[i].forgotten };
		}
	}
	return event->type != EV_REFUSED || take_refusal(st);
}

void service_step(
	struct service *s, const struct service_event *event, usec_t now, struct effects *ret)
{
	struct step st = { .s = s, .event = event, .now = now, .out = ret };
	step_fn *fn = table[s->state][event->type];

	if (!step_begin(&st)) {
		return;
	}
	if (fn) {
		fn(&st);
	} else if (event->type == EV_MAIN_EXITED || event->type == EV_MAIN_FAILED) {
		step_end_of_main(&st); /* of a life that is over: its status is kept */
	}
}

enum unit_active_state service_active_state(const struct service *s)
{
	if (s->state >= SERVICE_CONDITION && s->state <= SERVICE_START_POST &&
		s->def.service->type == SERVICE_IDLE) {
		return ACTIVE_ACTIVE;
	}
	return (enum unit_active_state)active_of_state[s->state];
}

bool service_is_crash_looping(const struct service *s)
{
	return s->restarts >= 3 &&
	       (s->state == SERVICE_AUTO_RESTART || s->state == SERVICE_DEAD_BEFORE_AUTO_RESTART ||
		       s->state == SERVICE_FAILED_BEFORE_AUTO_RESTART);
}

bool service_notify_allowed(const struct service *s, bool from_main, bool from_control)
{
	uint32_t access = s->notify_access < NOTIFY_ACCESS_COUNT ? s->notify_access
								 : s->def.service->notify_access;

	return access == NOTIFY_ALL || (access >= NOTIFY_MAIN && from_main) ||
	       (access == NOTIFY_EXEC && from_control);
}
