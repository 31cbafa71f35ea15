// SPDX-License-Identifier: MIT
/* sd_notify messages and the watchdog. The order of the fields is states.md's. */
#include <string.h>

#include "service_internal.h"

usec_t service_watchdog_us(const struct service *s)
{
	usec_t us = s->watchdog_override_us != USEC_INFINITY ? s->watchdog_override_us
							     : s->def.service->watchdog_us;

	return us == USEC_INFINITY ? 0 : us;
}

void step_watchdog_start(struct step *st)
{
	usec_t us = service_watchdog_us(st->s);

	st->s->watchdog_deadline_us = us ? usec_add(st->now, us) : USEC_INFINITY;
}

static bool in_watched_state(const struct service *s)
{
	return s->state == SERVICE_START_POST || s->state == SERVICE_RUNNING ||
	       (s->state >= SERVICE_RELOAD && s->state <= SERVICE_RELOAD_NOTIFY);
}

static void take_mainpid(struct step *st, const struct notify_msg *m)
{
	struct service *s = st->s;
	struct effect *e;

	if (!(m->fields & NOTIFY_MAINPID) || m->mainpid == s->main_pid ||
		m->mainpid == s->places[ENTRY_CONTROL].pid || s->state < SERVICE_START ||
		s->state > SERVICE_STOP_SIGTERM || s->state == SERVICE_EXITED) {
		return;
	}
	e = step_push(st, EFFECT_MAIN);
	e->number = m->mainpid;
	s->main_alien = true;
}

static void take_stopping(struct step *st)
{
	struct service *s = st->s;

	if (s->state == SERVICE_RUNNING ||
		(s->state >= SERVICE_RELOAD && s->state <= SERVICE_RELOAD_NOTIFY)) {
		if (s->state != SERVICE_RUNNING) {
			step_reload_done(st, true);
		}
		/* The service stops by itself: its deadline runs, nothing is signalled. */
		step_set_state(st, SERVICE_STOP_SIGTERM);
		step_arm(st, s->def.service->timeout_stop_us);
	} else if (s->state >= SERVICE_START && s->state <= SERVICE_START_POST) {
		s->stopping_seen = true;
	}
}

static void take_ready(struct step *st)
{
	struct service *s = st->s;
	uint32_t type = s->def.service->type;

	if (s->state == SERVICE_START &&
		(type == SERVICE_NOTIFY || type == SERVICE_NOTIFY_RELOAD)) {
		s->ready_seen = true;
		enter_start_post(st);
	} else if (s->state == SERVICE_RELOAD_NOTIFY) {
		enter_running(st, RESULT_SUCCESS);
		step_reload_done(st, false);
	} else if (s->state == SERVICE_RELOAD) {
		s->reload_seen = false;
	}
}

static void take_reloading(struct step *st, const struct notify_msg *m)
{
	struct service *s = st->s;

	if (s->state == SERVICE_RUNNING) {
		enter_reload_notify(st);
	} else if (s->state == SERVICE_RELOAD) {
		s->reload_seen = true;
	} else if (s->state == SERVICE_RELOAD_SIGNAL && (m->fields & NOTIFY_MONOTONIC) &&
		   m->monotonic_us >= s->reload_us) {
		enter_reload_notify(st);
	}
}

static void take_life(struct step *st, const struct notify_msg *m)
{
	if (m->fields & NOTIFY_STOPPING) {
		take_stopping(st);
	} else if ((m->fields & NOTIFY_READY) && (m->fields & NOTIFY_RELOADING)) {
		take_reloading(st, m);
		take_ready(st);
	} else if (m->fields & NOTIFY_READY) {
		take_ready(st);
	} else if (m->fields & NOTIFY_RELOADING) {
		take_reloading(st, m);
	}
}

static void take_texts(struct step *st, const struct notify_msg *m)
{
	struct service *s = st->s;

	if (m->fields & NOTIFY_STATUS) {
		memcpy(s->status, m->status, sizeof(s->status));
		s->status[sizeof(s->status) - 1] = '\0';
	}
	if (m->fields & NOTIFY_NOTIFYACCESS) {
		s->notify_access = m->access;
	}
	if (m->fields & NOTIFY_ERRNO) {
		s->status_errno = m->error;
	}
	if (m->fields & NOTIFY_RESTART_RESET) {
		s->restarts = 0;
	}
}

static void take_times(struct step *st, const struct notify_msg *m)
{
	struct service *s = st->s;
	usec_t later;

	if ((m->fields & NOTIFY_EXTEND_TIMEOUT) && s->deadline_us != USEC_INFINITY) {
		later = usec_add(st->now, m->extend_us);
		s->deadline_us = later > s->deadline_base_us ? later : s->deadline_base_us;
	}
	if ((m->fields & NOTIFY_EXTEND_TIMEOUT) && s->watchdog_deadline_us != USEC_INFINITY) {
		later = usec_add(st->now, m->extend_us);
		s->watchdog_deadline_us =
			later > s->watchdog_deadline_us ? later : s->watchdog_deadline_us;
	}
	if (m->fields & NOTIFY_WATCHDOG_USEC) {
		s->watchdog_override_us = m->watchdog_us;
	}
	if ((m->fields & (NOTIFY_WATCHDOG | NOTIFY_WATCHDOG_USEC)) && in_watched_state(s)) {
		step_watchdog_start(st);
	}
	if ((m->fields & NOTIFY_WATCHDOG_TRIGGER) && in_watched_state(s)) {
		on_watchdog(st);
	}
}

void on_notify(struct step *st)
{
	const struct notify_msg *m = st->event->notify;

	take_mainpid(st, m);
	take_life(st, m);
	take_texts(st, m);
	take_times(st, m);
	step_push(st, EFFECT_UNIT_CHANGED);
}
