// SPDX-License-Identifier: MIT
/*
 * Adoption: the note says what the state wants, the places say what there is. A live place is taken
 * as it is; a record (FAILED, EXITED) is left to the ordinary event that the engine feeds next; a
 * place that should be taken and is free means that the RUN was never sent, and it is run now.
 */
#include <string.h>

#include "service_internal.h"

static void take_note(struct service *s, const struct note *n)
{
	s->state = (enum service_state)n->state;
	s->result = (enum service_result)n->result;
	s->reload_result = (enum service_result)n->reload_result;
	s->restarts = n->restarts;
	s->forbid_restart = n->flags & NOTE_FORBID_RESTART;
	s->main_known = n->flags & NOTE_MAIN_KNOWN;
	s->main_alien = n->flags & NOTE_ADOPTED_MAIN;
	s->stale_retried = n->flags & NOTE_STALE_RETRIED;
	s->ready_seen = n->flags & NOTE_READY_SEEN;
	s->reload_seen = n->flags & NOTE_RELOAD_SEEN;
	s->stopping_seen = n->flags & NOTE_STOPPING_SEEN;
	s->reload_failed = n->flags & NOTE_RELOAD_FAILED;
	s->releasing = n->flags & NOTE_RELEASING;
	s->reading_pid = n->flags & NOTE_PLACE_DONE;
	s->automatic = n->flags & NOTE_RESTARTED;
	s->command = n->command;
	s->main_command = n->main_command;
	s->main_code = n->main_code;
	s->main_status = n->main_status;
	s->main_pid = n->main_pid;
	s->limit_count = n->limit_count;
	s->limit_begin_us = n->limit_begin_us;
	s->status_errno = n->status_errno;
	s->notify_access = n->notify_access;
	s->deadline_us = n->deadline_us;
	s->deadline_base_us = n->deadline_us;
	s->watchdog_override_us = n->watchdog_us;
	s->state_change_us = n->state_change_us;
	s->active_since_us = n->active_enter_us;
	s->main_start_us = n->main_start_us;
	s->main_exit_us = n->main_exit_us;
	s->reload_us = n->reload_us;
	memcpy(s->status, n->status, sizeof(n->status));
}

static const uint8_t phase_of_state[SERVICE_STATE_COUNT] = {
	[SERVICE_CONDITION] = PHASE_CONDITION + 1,
	[SERVICE_START_PRE] = PHASE_START_PRE + 1,
	[SERVICE_START] = PHASE_START + 1,
	[SERVICE_START_POST] = PHASE_START_POST + 1,
	[SERVICE_RELOAD] = PHASE_RELOAD + 1,
	[SERVICE_STOP] = PHASE_STOP + 1,
	[SERVICE_STOP_POST] = PHASE_STOP_POST + 1,
};

static bool place_taken(const struct wire_proc *p)
{
	return p && p->phase != WIRE_PHASE_FREE;
}

void service_take_places(struct service *s, const struct service_adoption *a)
{
	for (size_t i = 0; i < ENTRY_KIND_COUNT; i++) {
		const struct wire_proc *p = a->procs[i];

		if (!place_taken(p)) {
			s->places[i].phase = PLACE_FREE;
			continue;
		}
		s->places[i].phase = PLACE_LIVE;
		s->places[i].run_id = p->run_id;
		s->places[i].entry = p->entry;
		s->places[i].pid = p->pid;
		s->places[i].execed = p->phase == WIRE_PHASE_RUNNING;
		s->places[i].cookie = p->cookie;
	}
	if (place_taken(a->procs[ENTRY_MAIN])) {
		s->main_known = true;
		s->main_pid = a->procs[ENTRY_MAIN]->pid;
	} else {
		s->main_pid = 0;
	}
}

/* PIDFile= was read, but MAIN was not sent, or not carried out yet: both may be done twice. */
static void name_main(struct step *st)
{
	struct service *s = st->s;
	int32_t pid = st->event->adoption->note->main_pid;
	struct effect *e;

	if (!s->main_alien || pid <= 0 || service_place_busy(s, ENTRY_MAIN) ||
		s->state < SERVICE_START_POST || s->state > SERVICE_STOP_SIGTERM) {
		return;
	}
	e = step_push(st, EFFECT_MAIN);
	e->number = pid;
	s->places[ENTRY_MAIN].phase = PLACE_PENDING;
	s->main_pid = pid;
}

/* What the state should have in a place and has not: run it. */
static void run_missing(struct step *st)
{
	struct service *s = st->s;
	uint32_t phase = phase_of_state[s->state];
	bool main = s->state == SERVICE_START && s->def.service->type != SERVICE_FORKING;

	if (phase == 0) {
		return;
	}
	s->phase = phase - 1;
	if (s->state == SERVICE_START && s->reading_pid) {
		if (!service_place_busy(s, ENTRY_WORK)) {
			step_run_entry(st, ENTRY_WORK, s->def.service->readpid_entry, 0);
		}
		return;
	}
	if (service_place_busy(s, main ? ENTRY_MAIN : ENTRY_CONTROL) ||
		(s->main_alien && s->state == SERVICE_START)) {
		return;
	}
	if (s->state == SERVICE_START && s->def.service->type == SERVICE_IDLE) {
		step_wait_idle(st);
		return;
	}
	step_rerun(st);
}

static bool in_restart(const struct service *s)
{
	return s->state == SERVICE_DEAD_BEFORE_AUTO_RESTART ||
	       s->state == SERVICE_FAILED_BEFORE_AUTO_RESTART || s->state == SERVICE_AUTO_RESTART;
}

/* Cleaning, or waiting for a restart. */
static void settle_end(struct step *st)
{
	const struct service_adoption *a = st->event->adoption;
	struct service *s = st->s;
	bool restart = in_restart(s);

	if (restart) {
		s->restart_at_us =
			s->state == SERVICE_AUTO_RESTART && s->deadline_us != USEC_INFINITY
				? s->deadline_us
				: st->now;
	}
	if (s->releasing && !a->bare) {
		if (!a->releasing) {
			step_push_release(st, restart);
		}
		return;
	}
	if (s->state == SERVICE_AUTO_RESTART && s->deadline_us == USEC_INFINITY &&
		a->note->job != 0) {
		/* Its start job was made; the engine has it back from the note. */
		s->restart_at_us = USEC_INFINITY;
		return;
	}
	if (restart) {
		on_before_restart_ready(st);
	} else {
		on_cleaned(st);
	}
}

/* Dead, and what was left behind has ended since. */
static void settle_dead(struct step *st)
{
	const struct service_adoption *a = st->event->adoption;
	struct service *s = st->s;

	s->has_slot = !a->bare;
	s->releasing = a->releasing;
	on_left_over_gone(st);
}

/* The states that wait for no command: is what they wait for still to come? */
static void settle(struct step *st)
{
	struct service *s = st->s;

	if (s->state >= SERVICE_STOP_WATCHDOG && s->state <= SERVICE_FINAL_SIGKILL &&
		s->state != SERVICE_STOP_POST) {
		step_signal_state(st);
		on_kill_progress(st);
	} else if (s->state == SERVICE_RUNNING && !service_place_busy(s, ENTRY_MAIN)) {
		enter_running(st, RESULT_SUCCESS);
	} else if (s->state == SERVICE_CLEANING || in_restart(s)) {
		settle_end(st);
	} else if (s->state == SERVICE_DEAD || s->state == SERVICE_FAILED) {
		settle_dead(st);
	} else if (s->state == SERVICE_RELOAD_SIGNAL) {
		struct effect *e = step_push(st, EFFECT_SIGNAL);

		e->target = WIRE_TARGET_MAIN;
		e->number = (int32_t)s->def.service->reload_signal;
	}
}

/* Without the state: a live main is a running service, anything else is to be stopped. */
static void adopt_safely(struct step *st, const struct service_adoption *a)
{
	struct service *s = st->s;

	s->result = a->note ? (enum service_result)a->note->result : RESULT_SUCCESS;
	s->restarts = a->note ? a->note->restarts : 0;
	s->has_slot = true;
	s->populated = a->populated;
	service_take_places(s, a);
	if (service_place_busy(s, ENTRY_MAIN) || (a->populated && a->note && a->note->desired)) {
		s->result = RESULT_SUCCESS;
		step_set_state(st, SERVICE_RUNNING);
		s->active_since_us = st->now;
		return;
	}
	if (a->populated || service_place_busy(s, ENTRY_CONTROL)) {
		s->forbid_restart = true;
		enter_signal(st, SERVICE_STOP_SIGTERM, RESULT_SUCCESS);
		return;
	}
	if (a->note && a->note->active == ACTIVE_ACTIVE && s->def.service->remain_after_exit) {
		step_set_state(st, SERVICE_EXITED);
		return;
	}
	if (a->note && a->note->active == ACTIVE_FAILED) {
		s->result = s->result == RESULT_SUCCESS ? RESULT_RESOURCES : s->result;
		step_set_state(st, SERVICE_FAILED);
	}
}

void on_adopt(struct step *st)
{
	const struct service_adoption *a = st->event->adoption;
	struct service *s = st->s;

	if (a->safe_mode || !a->note) {
		adopt_safely(st, a);
		return;
	}
	take_note(s, a->note);
	s->has_slot = true;
	s->populated = a->populated;
	service_take_places(s, a);
	if (s->watchdog_override_us != USEC_INFINITY || s->def.service->watchdog_us) {
		if (service_active_state(s) == ACTIVE_ACTIVE && s->state != SERVICE_EXITED) {
			step_watchdog_start(st);
		}
	}
	name_main(st);
	run_missing(st);
	settle(st);
}

void service_to_note(const struct service *s, struct note *n)
{
	n->state = s->state;
	n->active = service_active_state(s);
	n->result = s->result;
	n->reload_result = s->reload_result;
	n->restarts = s->restarts;
	n->flags |=
		(s->forbid_restart ? NOTE_FORBID_RESTART : 0) |
		(s->main_known ? NOTE_MAIN_KNOWN : 0) | (s->main_alien ? NOTE_ADOPTED_MAIN : 0) |
		(s->stale_retried ? NOTE_STALE_RETRIED : 0) |
		(s->ready_seen ? NOTE_READY_SEEN : 0) | (s->reload_seen ? NOTE_RELOAD_SEEN : 0) |
		(s->stopping_seen ? NOTE_STOPPING_SEEN : 0) |
		(s->reload_failed ? NOTE_RELOAD_FAILED : 0) | (s->releasing ? NOTE_RELEASING : 0) |
		(s->reading_pid ? NOTE_PLACE_DONE : 0) | (s->automatic ? NOTE_RESTARTED : 0);
	n->command = s->command;
	n->main_command = s->main_command;
	n->main_code = s->main_code;
	n->main_status = s->main_status;
	n->main_pid = s->main_pid;
	n->limit_count = s->limit_count;
	n->limit_begin_us = s->limit_begin_us;
	n->status_errno = s->status_errno;
	n->notify_access = s->notify_access;
	n->deadline_us = s->deadline_us;
	n->watchdog_us = s->watchdog_override_us;
	n->main_start_us = s->main_start_us;
	n->main_exit_us = s->main_exit_us;
	n->reload_us = s->reload_us;
	memcpy(n->status, s->status, sizeof(n->status) - 1);
	n->status[sizeof(n->status) - 1] = '\0';
}
