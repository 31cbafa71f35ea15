// SPDX-License-Identifier: MIT
/* Reload: by signal and notification, or by ExecReload=. It fails without harm to the service. */
#include <signal.h>

#include "service_internal.h"

void step_reload_done(struct step *st, bool failed)
{
	struct effect *e = step_push(st, EFFECT_RELOAD_DONE);

	e->number = failed ? -1 : 0;
	st->s->aborting = false;
	st->s->reload_seen = false;
	st->s->reload_failed = failed;
	if (!failed) {
		st->s->reload_result = RESULT_SUCCESS;
	}
}

/* Back from reload*: the exited main of a service that remains is no failure here. */
static void leave_reload(struct step *st, bool failed)
{
	enter_running(st, RESULT_SUCCESS);
	step_reload_done(st, failed);
}

void on_reload(struct step *st)
{
	struct service *s = st->s;
	const struct manifest_service *m = s->def.service;
	struct effect *e;

	s->reload_result = RESULT_SUCCESS;
	s->reload_failed = false;
	s->reload_seen = false;
	s->aborting = false;
	s->stale_retried = false;
	if (m->type == SERVICE_NOTIFY_RELOAD && service_place_busy(s, ENTRY_MAIN)) {
		step_set_state(st, SERVICE_RELOAD_SIGNAL);
		step_arm(st, m->timeout_start_us);
		s->reload_us = st->now;
		e = step_push(st, EFFECT_SIGNAL);
		e->target = WIRE_TARGET_MAIN;
		e->number = (int32_t)m->reload_signal;
		return;
	}
	if (!service_command(s, PHASE_RELOAD, 0) || service_place_busy(s, ENTRY_CONTROL)) {
		step_reload_done(st, service_command(s, PHASE_RELOAD, 0) != NULL);
		return;
	}
	step_set_state(st, SERVICE_RELOAD);
	step_arm(st, m->timeout_start_us);
	step_run_command(st, PHASE_RELOAD, 0);
}

void enter_reload_notify(struct step *st)
{
	step_set_state(st, SERVICE_RELOAD_NOTIFY);
	step_arm(st, st->s->def.service->timeout_start_us);
}

void on_reload_control(struct step *st)
{
	struct service *s = st->s;
	enum service_result result;

	if (!step_control_ended(st, &result)) {
		return;
	}
	if (s->aborting || result != RESULT_SUCCESS) {
		s->reload_result = s->aborting ? RESULT_TIMEOUT : result;
		leave_reload(st, true);
		return;
	}
	if (s->result == RESULT_SUCCESS && step_run_command(st, PHASE_RELOAD, s->command + 1)) {
		return;
	}
	if (s->reload_seen && service_place_busy(s, ENTRY_MAIN)) {
		enter_reload_notify(st);
		return;
	}
	leave_reload(st, false);
}

void on_reload_main_end(struct step *st)
{
	struct service *s = st->s;
	enum service_result result = step_end_of_main(st);

	s->reload_result = RESULT_PROTOCOL;
	enter_running(st, result);
	step_reload_done(st, true);
}

/* Only the reload fails. A control process is killed first: its place must be free again. */
void on_reload_timeout(struct step *st)
{
	struct service *s = st->s;
	struct effect *e;

	s->reload_result = RESULT_TIMEOUT;
	step_log(st, LOG_TIMEOUT, 0);
	if (s->state == SERVICE_RELOAD && service_place_busy(s, ENTRY_CONTROL)) {
		s->aborting = true;
		step_arm(st, USEC_INFINITY);
		e = step_push(st, EFFECT_SIGNAL);
		e->target = WIRE_TARGET_CONTROL;
		e->number = SIGKILL;
		return;
	}
	s->stale_waiting = false;
	leave_reload(st, true);
}
