// SPDX-License-Identifier: MIT
/*
 * The stop path. Each killing state signals what is left and waits until nothing is left; where
 * nothing is left to wait for, the path goes on at once. EMPTY and EXITED come in either order: a
 * state is done when the places are free and, if the whole cgroup is meant, it is empty.
 */
#include <signal.h>

#include "service_internal.h"

static bool is_term_phase(enum service_state state)
{
	return state == SERVICE_STOP_SIGTERM || state == SERVICE_FINAL_SIGTERM ||
	       state == SERVICE_STOP_WATCHDOG || state == SERVICE_FINAL_WATCHDOG;
}

static bool is_final(enum service_state state)
{
	return state == SERVICE_FINAL_WATCHDOG || state == SERVICE_FINAL_SIGTERM ||
	       state == SERVICE_FINAL_SIGKILL;
}

/* The worker counts too: it is not signalled, but ends soon, and holds its place until then. */
static bool own_processes(const struct service *s)
{
	return service_place_busy(s, ENTRY_MAIN) || service_place_busy(s, ENTRY_CONTROL) ||
	       service_place_busy(s, ENTRY_WORK);
}

/* Is there still something that this state waits for? */
bool service_kill_pending(const struct service *s, bool term)
{
	switch ((enum kill_mode)s->def.service->kill_mode) {
	case KILL_NONE:
		return service_place_busy(s, ENTRY_WORK);
	case KILL_PROCESS:
		return own_processes(s);
	case KILL_MIXED:
		return own_processes(s) || (!term && s->populated);
	case KILL_CONTROL_GROUP:
	case KILL_MODE_COUNT:
		break;
	}
	return own_processes(s) || s->populated;
}

static void push_signal(struct step *st, enum wire_target target, uint32_t signo, uint32_t flags)
{
	struct effect *e = step_push(st, EFFECT_SIGNAL);

	e->target = target;
	e->number = (int32_t)signo;
	e->params.flags = flags;
}

static void signal_own(struct step *st, uint32_t signo, uint32_t flags)
{
	if (service_place_busy(st->s, ENTRY_MAIN)) {
		push_signal(st, WIRE_TARGET_MAIN, signo, flags);
	}
	if (service_place_busy(st->s, ENTRY_CONTROL)) {
		push_signal(st, WIRE_TARGET_CONTROL, signo, flags);
	}
}

static void signal_flags(struct step *st, uint32_t signo, uint32_t flags)
{
	if (st->s->def.service->kill_mode == KILL_CONTROL_GROUP) {
		push_signal(st, WIRE_TARGET_ALL, signo, flags);
	} else {
		signal_own(st, signo, flags);
	}
}

void step_signal(struct step *st, uint32_t signo, bool kill)
{
	if (kill && st->s->def.service->kill_mode != KILL_PROCESS) {
		step_push(st, EFFECT_KILL_ALL);
	} else {
		signal_flags(st, signo, 0);
	}
}

void step_signal_to_end(struct step *st, uint32_t signo)
{
	signal_flags(st, signo, signo == SIGCONT || signo == SIGKILL ? 0 : WIRE_SIGNAL_CONTINUE);
}

void step_signal_state(struct step *st)
{
	const struct manifest_service *m = st->s->def.service;
	bool watchdog =
		st->s->state == SERVICE_STOP_WATCHDOG || st->s->state == SERVICE_FINAL_WATCHDOG;
	uint32_t signo = watchdog ? m->watchdog_signal : m->kill_signal;

	if (!is_term_phase(st->s->state)) {
		step_signal(st, m->final_kill_signal ? m->final_kill_signal : SIGKILL,
			!m->final_kill_signal || m->final_kill_signal == SIGKILL);
		return;
	}
	step_signal_to_end(st, signo);
	if (m->send_sighup && !watchdog && signo != SIGHUP) {
		step_signal(st, SIGHUP, false);
	}
}

static void enter_stop_post(struct step *st, enum service_result result);

static void kill_done(struct step *st)
{
	struct service *s = st->s;

	if (is_final(s->state)) {
		enter_dead(st, RESULT_SUCCESS);
	} else {
		enter_stop_post(st, RESULT_SUCCESS);
	}
}

static enum service_state kill_state_after(enum service_state state)
{
	return is_final(state) ? SERVICE_FINAL_SIGKILL : SERVICE_STOP_SIGKILL;
}

static usec_t kill_timeout(const struct service *s, enum service_state state)
{
	const struct manifest_service *m = s->def.service;
	bool watchdog = state == SERVICE_STOP_WATCHDOG || state == SERVICE_FINAL_WATCHDOG;

	return watchdog ? m->timeout_abort_us : m->timeout_stop_us;
}

void enter_signal(struct step *st, enum service_state state, enum service_result result)
{
	struct service *s = st->s;

	service_record_result(s, result);
	s->stale_waiting = false;
	s->reading_pid = false;
	step_set_state(st, state);
	if (!service_kill_pending(s, is_term_phase(state))) {
		kill_done(st);
		return;
	}
	step_arm(st, kill_timeout(s, state));
	step_signal_state(st);
}

void enter_stop(struct step *st, enum service_result result)
{
	struct service *s = st->s;

	service_record_result(s, result);
	if (!service_command(s, PHASE_STOP, 0) || service_place_busy(s, ENTRY_CONTROL)) {
		enter_signal(st, SERVICE_STOP_SIGTERM, RESULT_SUCCESS);
		return;
	}
	s->stale_retried = false;
	step_set_state(st, SERVICE_STOP);
	step_arm(st, s->def.service->timeout_stop_us);
	step_run_command(st, PHASE_STOP, 0);
}

static void enter_stop_post(struct step *st, enum service_result result)
{
	struct service *s = st->s;

	service_record_result(s, result);
	if (!service_command(s, PHASE_STOP_POST, 0)) {
		enter_signal(st, SERVICE_FINAL_SIGTERM, RESULT_SUCCESS);
		return;
	}
	if (service_place_busy(s, ENTRY_CONTROL)) {
		/* A process that cannot be killed holds the place: there is no room for another. */
		enter_dead(st, RESULT_RESOURCES);
		return;
	}
	s->stale_retried = false;
	step_set_state(st, SERVICE_STOP_POST);
	step_arm(st, s->def.service->timeout_stop_us);
	step_run_command(st, PHASE_STOP_POST, 0);
}

static enum service_state sigkill_state(const struct service *s, bool final)
{
	(void)s;
	return final ? SERVICE_FINAL_SIGKILL : SERVICE_STOP_SIGKILL;
}

void enter_failure_mode(struct step *st, uint32_t mode, bool final)
{
	struct service *s = st->s;

	if (mode == TIMEOUT_ABORT) {
		enter_signal(
			st, final ? SERVICE_FINAL_WATCHDOG : SERVICE_STOP_WATCHDOG, RESULT_TIMEOUT);
	} else if (mode == TIMEOUT_KILL && s->def.service->send_sigkill) {
		enter_signal(st, sigkill_state(s, final), RESULT_TIMEOUT);
	} else {
		enter_signal(
			st, final ? SERVICE_FINAL_SIGTERM : SERVICE_STOP_SIGTERM, RESULT_TIMEOUT);
	}
}

void on_stop_now(struct step *st)
{
	st->s->forbid_restart = true;
	if (st->s->state >= SERVICE_RELOAD && st->s->state <= SERVICE_RELOAD_NOTIFY) {
		step_reload_done(st, true);
	}
	enter_signal(st, SERVICE_STOP_SIGTERM, RESULT_SUCCESS);
}

void on_stop_running(struct step *st)
{
	st->s->forbid_restart = true;
	enter_stop(st, RESULT_SUCCESS);
}

void on_stop_noted(struct step *st)
{
	st->s->forbid_restart = true;
}

void on_stop_waiting_restart(struct step *st)
{
	st->s->forbid_restart = true;
	st->s->restart_at_us = USEC_INFINITY;
	st->s->result = RESULT_SUCCESS;
	if (st->s->releasing) {
		step_set_state(st, SERVICE_CLEANING);
		step_arm(st, st->s->def.service->timeout_stop_us);
		return;
	}
	enter_dead(st, RESULT_SUCCESS);
}

void on_stop_control(struct step *st)
{
	struct service *s = st->s;
	enum service_result result;

	if (!step_control_ended(st, &result)) {
		return;
	}
	if (result != RESULT_SUCCESS && service_is_mount(s) && s->mounted) {
		step_set_state(st, SERVICE_EXITED); /* it is busy: it stays */
		return;
	}
	service_record_result(s, result);
	if (result == RESULT_SUCCESS && step_run_command(st, PHASE_STOP, s->command + 1)) {
		return;
	}
	enter_signal(st, SERVICE_STOP_SIGTERM, RESULT_SUCCESS);
}

/* A process has ended while being killed: its status is kept, a kill by us is no failure. */
void on_stop_main_end(struct step *st)
{
	service_record_result(st->s, step_end_of_main(st));
	on_kill_progress(st);
}

void on_kill_progress(struct step *st)
{
	struct service *s = st->s;

	if (service_kill_pending(s, is_term_phase(s->state))) {
		return;
	}
	if (s->def.service->kill_mode == KILL_MIXED && is_term_phase(s->state) && s->populated &&
		s->def.service->send_sigkill) {
		enter_signal(st, kill_state_after(s->state), RESULT_SUCCESS);
		return;
	}
	kill_done(st);
}

void on_kill_timeout(struct step *st)
{
	struct service *s = st->s;

	step_log(st, LOG_TIMEOUT, 0);
	service_record_result(s, RESULT_TIMEOUT);
	if (is_term_phase(s->state) && s->def.service->send_sigkill) {
		enter_signal(st, kill_state_after(s->state), RESULT_TIMEOUT);
		return;
	}
	kill_done(st);
}

void on_stop_timeout(struct step *st)
{
	step_log(st, LOG_TIMEOUT, 0);
	enter_failure_mode(st, st->s->def.service->timeout_stop_failure_mode, false);
}

void on_stop_post_control(struct step *st)
{
	struct service *s = st->s;
	enum service_result result;

	if (!step_control_ended(st, &result)) {
		return;
	}
	service_record_result(s, result);
	if (result == RESULT_SUCCESS && step_run_command(st, PHASE_STOP_POST, s->command + 1)) {
		return;
	}
	enter_signal(st, SERVICE_FINAL_SIGTERM, RESULT_SUCCESS);
}

void on_stop_post_timeout(struct step *st)
{
	step_log(st, LOG_TIMEOUT, 0);
	enter_failure_mode(st, st->s->def.service->timeout_stop_failure_mode, true);
}

void on_watchdog(struct step *st)
{
	struct service *s = st->s;

	step_log(st, LOG_WATCHDOG, 0);
	s->watchdog_deadline_us = USEC_INFINITY;
	if (s->state >= SERVICE_RELOAD && s->state <= SERVICE_RELOAD_NOTIFY) {
		step_reload_done(st, true);
	}
	enter_signal(st, SERVICE_STOP_WATCHDOG, RESULT_WATCHDOG);
}

void on_oom(struct step *st)
{
	struct service *s = st->s;
	uint32_t policy = s->def.service->oom_policy;

	step_log(st, LOG_OOM, 0);
	/* A mount is no process of its cgroup: what is in use is not taken away for a helper. */
	if (policy == OOM_POLICY_CONTINUE || service_is_mount(s)) {
		return;
	}
	if (s->state >= SERVICE_RELOAD && s->state <= SERVICE_RELOAD_NOTIFY) {
		step_reload_done(st, true);
	}
	if (policy == OOM_POLICY_KILL) {
		enter_signal(st, SERVICE_STOP_SIGKILL, RESULT_OOM_KILL);
	} else if (s->state == SERVICE_RUNNING || s->state == SERVICE_EXITED) {
		enter_stop(st, RESULT_OOM_KILL);
	} else {
		enter_signal(st, SERVICE_STOP_SIGTERM, RESULT_OOM_KILL);
	}
}

/* What is on its way out and has no memory to go is helped. */
void on_oom_ending(struct step *st)
{
	struct service *s = st->s;
	bool kills = s->state == SERVICE_STOP_SIGKILL || s->state == SERVICE_FINAL_SIGKILL;

	step_log(st, LOG_OOM, 0);
	if (s->def.service->oom_policy == OOM_POLICY_CONTINUE) {
		return;
	}
	if (kills) {
		service_record_result(s, RESULT_OOM_KILL);
	} else if (s->state == SERVICE_STOP_POST) {
		enter_signal(st, SERVICE_FINAL_SIGKILL, RESULT_OOM_KILL);
	} else {
		enter_signal(st, kill_state_after(s->state), RESULT_OOM_KILL);
	}
}

bool service_is_mount(const struct service *s)
{
	return s->def.unit->mount.n > 0;
}

/* Mounted by hand, or it could not be taken away. */
void on_appeared(struct step *st)
{
	st->s->result = RESULT_SUCCESS;
	step_set_state(st, SERVICE_EXITED);
}

/* There is nothing to be taken away any more. */
void on_vanished(struct step *st)
{
	st->s->forbid_restart = true;
	enter_dead(st, RESULT_SUCCESS);
}
