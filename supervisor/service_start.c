// SPDX-License-Identifier: MIT
/* From dead to running: conditions, ExecStartPre=, ExecStart=, ExecStartPost=; and running. */
#include <signal.h>
#include <string.h>

#include "../runtime/plan/launchwire.h"
#include "service_internal.h"

static void enter_start(struct step *st);

static usec_t start_timeout(const struct service *s)
{
	return s->def.service->timeout_start_us;
}

static void reset_activation(struct step *st)
{
	struct service *s = st->s;

	s->result = RESULT_SUCCESS;
	s->reload_result = RESULT_SUCCESS;
	s->main_known = false;
	s->main_alien = false;
	s->exec_condition_failed = false;
	s->stale_retried = false;
	s->stale_waiting = false;
	s->bus_owned = false; /* the name was the last main's */
	s->ready_seen = false;
	s->reload_seen = false;
	s->reload_failed = false;
	s->aborting = false;
	s->limit_hit = false;
	s->stopping_seen = false;
	s->reading_pid = false;
	s->new_invocation = true;
	s->main_command = 0;
	s->command = 0;
	s->main_pid = 0;
	s->status[0] = '\0';
	s->status_errno = 0;
	s->notify_access = NOTIFY_ACCESS_COUNT;
	s->watchdog_override_us = USEC_INFINITY;
	s->restart_at_us = USEC_INFINITY;
	s->active_since_us = 0;
	memset(&s->failure, 0, sizeof(s->failure));
}

/* Runs the first command of the phase in that state; false: there is none. */
static bool enter_commands(struct step *st, enum service_state state, enum exec_phase phase)
{
	if (!service_command(st->s, phase, 0)) {
		return false;
	}
	step_set_state(st, state);
	step_arm(st, start_timeout(st->s));
	return step_run_command(st, phase, 0);
}

static void enter_start_pre(struct step *st)
{
	if (!enter_commands(st, SERVICE_START_PRE, PHASE_START_PRE)) {
		enter_start(st);
	}
}

static void enter_condition(struct step *st)
{
	if (!enter_commands(st, SERVICE_CONDITION, PHASE_CONDITION)) {
		enter_start_pre(st);
	}
}

static void run_start(struct step *st)
{
	step_arm(st, start_timeout(st->s));
	if (!step_run_command(st, PHASE_START, 0)) {
		enter_start_post(st);
	}
}

/* How long Type=idle waits for the job queue to drain; systemd.service(5). */
#define IDLE_WAIT_US (5 * USEC_PER_SEC)

void step_wait_idle(struct step *st)
{
	st->s->idle_waiting = true;
	step_arm(st, IDLE_WAIT_US);
}

static void enter_start(struct step *st)
{
	step_set_state(st, SERVICE_START);
	if (st->s->def.service->type == SERVICE_IDLE) {
		step_wait_idle(st);
		return;
	}
	run_start(st);
}

void on_start_idle(struct step *st)
{
	if (st->s->idle_waiting) {
		st->s->idle_waiting = false;
		run_start(st);
	}
}

void enter_start_post(struct step *st)
{
	step_set_state(st, SERVICE_START_POST);
	step_watchdog_start(st);
	step_arm(st, start_timeout(st->s));
	if (!step_run_command(st, PHASE_START_POST, 0)) {
		enter_running(st, RESULT_SUCCESS);
	}
}

/* Something lives that makes the service a running one. */
static bool is_good(const struct service *s)
{
	if (service_place_busy(s, ENTRY_MAIN)) {
		return true;
	}
	if (s->def.service->exit_type == EXIT_TYPE_CGROUP || !s->main_known) {
		return s->populated && s->def.service->type != SERVICE_ONESHOT;
	}
	return false;
}

void enter_running(struct step *st, enum service_result result)
{
	struct service *s = st->s;

	service_record_result(s, result);
	if (s->result != RESULT_SUCCESS) {
		enter_signal(st, SERVICE_STOP_SIGTERM, result);
	} else if (s->stopping_seen) {
		enter_signal(st, SERVICE_STOP_SIGTERM, RESULT_SUCCESS);
	} else if (is_good(s)) {
		if (s->state != SERVICE_RUNNING) {
			step_set_state(st, SERVICE_RUNNING);
			s->active_since_us = s->active_since_us ? s->active_since_us : st->now;
			step_arm(st, s->def.service->runtime_max_us);
		}
	} else if (service_is_mount(s) && !s->mounted) {
		enter_signal(st, SERVICE_STOP_SIGTERM, RESULT_PROTOCOL);
	} else if (s->def.service->remain_after_exit) {
		if (s->state != SERVICE_EXITED) {
			step_set_state(st, SERVICE_EXITED);
		}
	} else {
		enter_stop(st, RESULT_SUCCESS);
	}
}

void on_start(struct step *st)
{
	struct service *s = st->s;

	if (!st->event->automatic) {
		s->restarts = 0;
		s->limit_count = 0;
	}
	s->automatic = st->event->automatic;
	s->forbid_restart = false;
	reset_activation(st);
	if (service_place_busy(s, ENTRY_MAIN) || service_place_busy(s, ENTRY_CONTROL) ||
		service_place_busy(s, ENTRY_WORK)) {
		/* What the last life left behind holds the places: it is to be got rid of first. */
		step_log(st, LOG_LEFTOVERS, 0);
		enter_signal(st, SERVICE_STOP_SIGTERM, RESULT_RESOURCES);
		return;
	}
	enter_condition(st);
}

static bool condition_says_skip(const struct step *st)
{
	return st->event->type == EV_CONTROL_EXITED && st->s->control_code == CLD_EXITED &&
	       st->s->control_status >= 1 && st->s->control_status <= 254;
}

static void fork_done(struct step *st)
{
	struct service *s = st->s;
	struct effect *e;

	if (s->main_alien) {
		enter_start_post(st);
		return;
	}
	if (s->def.service->readpid_entry != CATALOGUE_NONE) {
		s->reading_pid = true;
		step_run_entry(st, ENTRY_WORK, s->def.service->readpid_entry, 0);
		return;
	}
	if (s->def.service->guess_main_pid) {
		e = step_push(st, EFFECT_MAIN);
		e->number = 0;
	}
	enter_start_post(st);
}

static void phase_done(struct step *st)
{
	struct service *s = st->s;

	switch (s->state) {
	case SERVICE_CONDITION:
		enter_start_pre(st);
		break;
	case SERVICE_START_PRE:
		enter_start(st);
		break;
	case SERVICE_START:
		fork_done(st);
		break;
	case SERVICE_START_POST:
		enter_running(st, RESULT_SUCCESS);
		break;
	case SERVICE_DEAD:
	case SERVICE_RUNNING:
	case SERVICE_EXITED:
	case SERVICE_RELOAD:
	case SERVICE_RELOAD_SIGNAL:
	case SERVICE_RELOAD_NOTIFY:
	case SERVICE_STOP:
	case SERVICE_STOP_WATCHDOG:
	case SERVICE_STOP_SIGTERM:
	case SERVICE_STOP_SIGKILL:
	case SERVICE_STOP_POST:
	case SERVICE_FINAL_WATCHDOG:
	case SERVICE_FINAL_SIGTERM:
	case SERVICE_FINAL_SIGKILL:
	case SERVICE_FAILED:
	case SERVICE_DEAD_BEFORE_AUTO_RESTART:
	case SERVICE_FAILED_BEFORE_AUTO_RESTART:
	case SERVICE_AUTO_RESTART:
	case SERVICE_CLEANING:
	case SERVICE_STATE_COUNT:
		break;
	}
}

/* A control process of condition … start-post has ended. */
void on_start_control(struct step *st)
{
	struct service *s = st->s;
	enum service_result result;

	if (!step_control_ended(st, &result)) {
		return;
	}
	if (result != RESULT_SUCCESS && s->state == SERVICE_CONDITION && condition_says_skip(st)) {
		s->exec_condition_failed = true;
		enter_signal(st, SERVICE_STOP_SIGTERM, RESULT_EXEC_CONDITION);
		return;
	}
	if (result != RESULT_SUCCESS) {
		enter_signal(st, SERVICE_STOP_SIGTERM, result);
		return;
	}
	s->stale_retried = false;
	if (s->phase != PHASE_START &&
		step_run_command(st, (enum exec_phase)s->phase, s->command + 1)) {
		return;
	}
	phase_done(st);
}

void on_start_main_started(struct step *st)
{
	if (st->s->def.service->type == SERVICE_FORKING) {
		st->s->main_known = true;
	}
}

/* simple and idle wait for execve too: a start that cannot be is then the start job's failure. */
void on_start_main_execed(struct step *st)
{
	struct service *s = st->s;

	switch ((enum service_type)s->def.service->type) {
	case SERVICE_SIMPLE:
	case SERVICE_EXEC:
	case SERVICE_IDLE:
		enter_start_post(st);
		break;
	case SERVICE_NOTIFY:
	case SERVICE_NOTIFY_RELOAD:
		if (s->ready_seen) {
			enter_start_post(st);
		}
		break;
	case SERVICE_DBUS:
		if (s->bus_owned) {
			enter_start_post(st);
		}
		break;
	case SERVICE_FORKING:
	case SERVICE_ONESHOT:
	case SERVICE_TYPE_COUNT:
		break;
	}
}

static bool exited_after_exec(const struct step *st)
{
	uint32_t type = st->s->def.service->type;

	return (type == SERVICE_SIMPLE || type == SERVICE_EXEC || type == SERVICE_IDLE) &&
	       st->event->type == EV_MAIN_EXITED && (st->event->proc->flags & WIRE_PROC_EXECED);
}

/* The main process has ended in start. */
void on_start_main_end(struct step *st)
{
	struct service *s = st->s;
	uint32_t type = s->def.service->type;
	enum service_result result;

	if (step_stale(st)) {
		return;
	}
	if (exited_after_exec(st) && !service_command(s, PHASE_START_POST, 0)) {
		/* It has started; what has become of it since is not the start job's matter. */
		step_set_state(st, SERVICE_RUNNING);
		s->active_since_us = st->now;
		step_arm(st, s->def.service->runtime_max_us);
		on_running_main_end(st);
		return;
	}
	result = step_end_of_main(st);
	if (exited_after_exec(st)) {
		service_record_result(s, result);
		enter_start_post(st);
		return;
	}
	if (st->event->type == EV_MAIN_FAILED && st->event->proc->step == STEP_SOCKETS) {
		enter_signal(st, SERVICE_STOP_SIGTERM, RESULT_SUCCESS); /* no connection any more */
		return;
	}
	if (result != RESULT_SUCCESS) {
		enter_signal(st, SERVICE_STOP_SIGTERM, result);
		return;
	}
	if (type == SERVICE_ONESHOT) {
		s->stale_retried = false;
		if (!step_run_command(st, PHASE_START, s->main_command + 1)) {
			enter_start_post(st);
		}
		return;
	}
	if (type == SERVICE_FORKING && service_place_busy(s, ENTRY_CONTROL)) {
		return;
	}
	if (s->def.service->exit_type == EXIT_TYPE_CGROUP && s->populated) {
		return;
	}
	enter_signal(st, SERVICE_STOP_SIGTERM, RESULT_PROTOCOL);
}

/* READPID has an answer. */
void on_start_work(struct step *st)
{
	struct service *s = st->s;
	const struct wire_proc *p = st->event->proc;
	struct effect *e;

	if (!s->reading_pid) {
		return;
	}
	s->reading_pid = false;
	if (st->event->type == EV_WORK_FAILED || p->value <= 0) {
		enter_signal(st, SERVICE_STOP_SIGTERM, RESULT_PROTOCOL);
		return;
	}
	e = step_push(st, EFFECT_MAIN);
	e->number = p->value;
	s->places[ENTRY_MAIN].phase = PLACE_PENDING;
	s->places[ENTRY_MAIN].cookie = 0;
	s->main_pid = p->value;
	s->main_known = true;
	s->main_alien = true;
	enter_start_post(st);
}

void on_start_timeout(struct step *st)
{
	if (st->s->idle_waiting) {
		on_start_idle(st);
		return;
	}
	step_log(st, LOG_TIMEOUT, 0);
	enter_failure_mode(st, st->s->def.service->timeout_start_failure_mode, false);
}

void on_start_empty(struct step *st)
{
	struct service *s = st->s;

	if (service_place_busy(s, ENTRY_MAIN) || service_place_busy(s, ENTRY_CONTROL) ||
		s->stale_waiting || s->idle_waiting) {
		return;
	}
	enter_signal(st, SERVICE_STOP_SIGTERM, RESULT_PROTOCOL);
}

void on_start_bus_name(struct step *st)
{
	st->s->bus_owned = st->event->number > 0;
	if (st->s->bus_owned && st->s->def.service->type == SERVICE_DBUS &&
		service_place_busy(st->s, ENTRY_MAIN)) {
		enter_start_post(st);
	}
}

void on_running_main_started(struct step *st)
{
	st->s->main_known = true;
}

void on_running_main_end(struct step *st)
{
	enter_running(st, step_end_of_main(st));
}

/* Main has ended while a control process works: its result counts, the control goes on. */
void on_post_main_end(struct step *st)
{
	service_record_result(st->s, step_end_of_main(st));
}

void on_running_empty(struct step *st)
{
	if (!service_place_busy(st->s, ENTRY_MAIN)) {
		enter_running(st, RESULT_SUCCESS);
	}
}

void on_running_timeout(struct step *st)
{
	step_log(st, LOG_TIMEOUT, 0);
	enter_stop(st, RESULT_TIMEOUT);
}

void on_running_bus_name(struct step *st)
{
	st->s->bus_owned = st->event->number > 0;
	if (!st->s->bus_owned && st->s->def.service->type == SERVICE_DBUS) {
		enter_stop(st, RESULT_SUCCESS);
	}
}
