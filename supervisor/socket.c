// SPDX-License-Identifier: MIT
#include "socket.h"

#include <signal.h>
#include <string.h>

#include "socket_internal.h"

static const char *const socket_state_table[] = {
	[SOCKET_DEAD] = "dead",
	[SOCKET_START_PRE] = "start-pre",
	[SOCKET_START_CHOWN] = "start-chown",
	[SOCKET_START_POST] = "start-post",
	[SOCKET_LISTENING] = "listening",
	[SOCKET_RUNNING] = "running",
	[SOCKET_STOP_PRE] = "stop-pre",
	[SOCKET_STOP_PRE_SIGTERM] = "stop-pre-sigterm",
	[SOCKET_STOP_PRE_SIGKILL] = "stop-pre-sigkill",
	[SOCKET_STOP_POST] = "stop-post",
	[SOCKET_FINAL_SIGTERM] = "final-sigterm",
	[SOCKET_FINAL_SIGKILL] = "final-sigkill",
	[SOCKET_FAILED] = "failed",
	[SOCKET_CLEANING] = "cleaning",
};
ENUM_TABLE(socket_state, enum socket_state, SOCKET_STATE_COUNT)

enum unit_active_state socket_active_state(enum socket_state state)
{
	static const uint8_t active[SOCKET_STATE_COUNT] = {
		[SOCKET_DEAD] = ACTIVE_INACTIVE,
		[SOCKET_START_PRE] = ACTIVE_ACTIVATING,
		[SOCKET_START_CHOWN] = ACTIVE_ACTIVATING,
		[SOCKET_START_POST] = ACTIVE_ACTIVATING,
		[SOCKET_LISTENING] = ACTIVE_ACTIVE,
		[SOCKET_RUNNING] = ACTIVE_ACTIVE,
		[SOCKET_STOP_PRE] = ACTIVE_DEACTIVATING,
		[SOCKET_STOP_PRE_SIGTERM] = ACTIVE_DEACTIVATING,
		[SOCKET_STOP_PRE_SIGKILL] = ACTIVE_DEACTIVATING,
		[SOCKET_STOP_POST] = ACTIVE_DEACTIVATING,
		[SOCKET_FINAL_SIGTERM] = ACTIVE_DEACTIVATING,
		[SOCKET_FINAL_SIGKILL] = ACTIVE_DEACTIVATING,
		[SOCKET_FAILED] = ACTIVE_FAILED,
		[SOCKET_CLEANING] = ACTIVE_MAINTENANCE,
	};

	return (enum unit_active_state)active[state];
}

const struct manifest_socket *socket_def(const struct socket *k)
{
	return k->s->def.unit->socket.items;
}

void socket_set_state(struct socket_step *x, enum socket_state state)
{
	struct effect *e = step_push(&x->st, EFFECT_STATE);

	e->old_state = x->k->state;
	e->state = state;
	x->k->state = state;
	x->k->watched = false;
	x->k->s->state_change_us = x->st.now;
	step_arm(&x->st, USEC_INFINITY);
}

static void arm_stop(struct socket_step *x)
{
	step_arm(&x->st, x->k->s->def.service->timeout_stop_us);
}

/* ---- stop ---- */

static void socket_enter_dead(struct socket_step *x);
static void socket_enter_stop_post(struct socket_step *x, enum service_result result);

static bool is_term(enum socket_state state)
{
	return state == SOCKET_STOP_PRE_SIGTERM || state == SOCKET_FINAL_SIGTERM;
}

static void kill_done(struct socket_step *x)
{
	if (x->k->state == SOCKET_FINAL_SIGTERM || x->k->state == SOCKET_FINAL_SIGKILL) {
		socket_enter_dead(x);
	} else {
		socket_enter_stop_post(x, RESULT_SUCCESS);
	}
}

void socket_signal_state(struct socket_step *x)
{
	const struct manifest_service *m = x->k->s->def.service;

	if (!is_term(x->k->state)) {
		step_signal(&x->st, m->final_kill_signal ? m->final_kill_signal : SIGKILL,
			!m->final_kill_signal || m->final_kill_signal == SIGKILL);
		return;
	}
	step_signal_to_end(&x->st, m->kill_signal);
	if (m->send_sighup && m->kill_signal != SIGHUP) {
		step_signal(&x->st, SIGHUP, false);
	}
}

void socket_enter_signal(struct socket_step *x, enum socket_state state, enum service_result result)
{
	service_record_result(x->k->s, result);
	x->k->s->stale_waiting = false;
	socket_set_state(x, state);
	if (!service_kill_pending(x->k->s, is_term(state))) {
		kill_done(x);
		return;
	}
	arm_stop(x);
	socket_signal_state(x);
}

static void socket_enter_stop_pre(struct socket_step *x, enum service_result result)
{
	struct service *s = x->k->s;

	service_record_result(s, result);
	x->k->triggering = x->k->accepting = false;
	if (!service_command(s, PHASE_STOP, 0) || service_place_busy(s, ENTRY_CONTROL)) {
		socket_enter_signal(x, SOCKET_STOP_PRE_SIGTERM, RESULT_SUCCESS);
		return;
	}
	s->stale_retried = false;
	socket_set_state(x, SOCKET_STOP_PRE);
	arm_stop(x);
	step_run_command(&x->st, PHASE_STOP, 0);
}

static bool can_release(const struct service *s)
{
	return s->has_slot && !s->populated && !service_place_busy(s, ENTRY_MAIN) &&
	       !service_place_busy(s, ENTRY_CONTROL) && !service_place_busy(s, ENTRY_WORK);
}

/* Closes the descriptors, and removes their paths where RemoveOnStop= says so. */
void socket_push_release(struct socket_step *x, bool keep_note)
{
	struct effect *e = step_push(&x->st, EFFECT_RELEASE);

	e->entry = x->k->s->def.unit->clean_entry;
	e->params.flags = keep_note ? WIRE_RELEASE_KEEP_NOTE : 0;
	x->k->s->releasing = true;
}

/* ExecStopPost= runs when the sockets are closed. */
static void socket_enter_stop_post(struct socket_step *x, enum service_result result)
{
	struct service *s = x->k->s;

	service_record_result(s, result);
	if (!service_command(s, PHASE_STOP_POST, 0) || service_place_busy(s, ENTRY_CONTROL)) {
		socket_enter_signal(x, SOCKET_FINAL_SIGTERM, RESULT_SUCCESS);
		return;
	}
	s->stale_retried = false;
	socket_set_state(x, SOCKET_STOP_POST);
	arm_stop(x);
	if (can_release(s)) {
		socket_push_release(x, true);
	} else {
		step_run_command(&x->st, PHASE_STOP_POST, 0);
	}
}

void socket_on_closed(struct socket_step *x)
{
	struct service *s = x->k->s;

	s->releasing = false;
	if (!service_place_busy(s, ENTRY_CONTROL)) {
		step_run_command(&x->st, PHASE_STOP_POST, 0);
	}
}

static void socket_enter_end(struct socket_step *x)
{
	socket_set_state(x, x->k->s->result == RESULT_SUCCESS ? SOCKET_DEAD : SOCKET_FAILED);
}

static void socket_enter_dead(struct socket_step *x)
{
	struct service *s = x->k->s;

	if (s->result != RESULT_SUCCESS) {
		step_log(&x->st, LOG_FAILED, (int32_t)s->result);
	}
	if (!can_release(s)) {
		socket_enter_end(x);
		return;
	}
	socket_set_state(x, SOCKET_CLEANING);
	arm_stop(x);
	socket_push_release(x, s->result != RESULT_SUCCESS);
}

void socket_on_cleaned(struct socket_step *x)
{
	x->k->s->releasing = false;
	socket_enter_end(x);
}

static void socket_on_left_over_gone(struct socket_step *x)
{
	if (can_release(x->k->s) && !x->k->s->releasing) {
		socket_push_release(x, x->k->state == SOCKET_FAILED);
	}
}

void socket_on_kill_progress(struct socket_step *x)
{
	if (!service_kill_pending(x->k->s, is_term(x->k->state))) {
		kill_done(x);
	}
}

static void socket_on_kill_timeout(struct socket_step *x)
{
	struct service *s = x->k->s;

	step_log(&x->st, LOG_TIMEOUT, 0)->state = x->k->state;
	service_record_result(s, RESULT_TIMEOUT);
	if (!is_term(x->k->state) || !s->def.service->send_sigkill) {
		kill_done(x);
	} else {
		socket_enter_signal(x,
			x->k->state == SOCKET_FINAL_SIGTERM ? SOCKET_FINAL_SIGKILL
							    : SOCKET_STOP_PRE_SIGKILL,
			RESULT_TIMEOUT);
	}
}

static void socket_on_stop_command(struct socket_step *x)
{
	bool pre = x->k->state == SOCKET_STOP_PRE;
	struct service *s = x->k->s;
	enum service_result result;

	if (x->st.event->type == EV_REFUSED && s->releasing == false &&
		x->st.event->refused->request == WIRE_RELEASE) {
		socket_on_closed(x);
		return;
	}
	if (!step_control_ended(&x->st, &result)) {
		return;
	}
	service_record_result(s, result);
	if (result == RESULT_SUCCESS &&
		step_run_command(&x->st, pre ? PHASE_STOP : PHASE_STOP_POST, s->command + 1)) {
		return;
	}
	if (pre) {
		socket_enter_stop_post(x, RESULT_SUCCESS);
	} else {
		socket_enter_signal(x, SOCKET_FINAL_SIGTERM, RESULT_SUCCESS);
	}
}

static void socket_on_stop_timeout(struct socket_step *x)
{
	step_log(&x->st, LOG_TIMEOUT, 0)->state = x->k->state;
	socket_enter_signal(x,
		x->k->state == SOCKET_STOP_POST ? SOCKET_FINAL_SIGTERM : SOCKET_STOP_PRE_SIGTERM,
		RESULT_TIMEOUT);
}

/* ---- listening ---- */

void socket_watch(struct socket_step *x)
{
	const struct socket *k = x->k;
	const struct manifest_socket *m = socket_def(k);

	if (m->accept && k->n_connections >= m->max_connections) {
		return; /* they wait in the backlog for an instance to end */
	}
	if (!rate_take(&x->k->poll, m->poll_interval_us, m->poll_burst, x->st.now)) {
		x->k->s->deadline_us = usec_add(k->poll.begin_us, m->poll_interval_us);
		return;
	}
	x->k->watched = true;
	step_push(&x->st, EFFECT_WATCH);
}

void socket_enter_listening(struct socket_step *x)
{
	const struct manifest_socket *m = socket_def(x->k);
	bool again = x->k->state == SOCKET_RUNNING;

	socket_set_state(x, SOCKET_LISTENING);
	x->k->triggering = x->k->accepting = false;
	if (again && m->flush_entry != CATALOGUE_NONE && !service_place_busy(x->k->s, ENTRY_WORK)) {
		step_run_entry(&x->st, ENTRY_WORK, m->flush_entry, 0);
		return;
	}
	socket_watch(x);
}

/* FLUSH has ended: what it could not throw away is served. */
static void socket_on_flushed(struct socket_step *x)
{
	socket_watch(x);
}

static void socket_on_readable(struct socket_step *x)
{
	struct socket *k = x->k;
	const struct manifest_socket *m = socket_def(k);

	if (!k->watched) {
		return;
	}
	k->watched = false;
	if (!rate_take(&k->trigger, m->trigger_interval_us, m->trigger_burst, x->st.now)) {
		step_log(&x->st, LOG_TRIGGER_LIMIT, 0);
		socket_enter_stop_pre(x, RESULT_TRIGGER_LIMIT_HIT);
		return;
	}
	if (m->accept) {
		k->accepting = true;
		k->n_accepted++;
	} else {
		socket_set_state(x, SOCKET_RUNNING);
		k->triggering = true;
	}
	step_push(&x->st, EFFECT_TRIGGER);
}

static void socket_on_accepted(struct socket_step *x)
{
	if (x->k->accepting) {
		x->k->accepting = false;
		socket_watch(x);
	}
}

static void socket_on_listening_down(struct socket_step *x)
{
	if (socket_def(x->k)->accept && !x->k->accepting && !x->k->watched &&
		!service_place_busy(x->k->s, ENTRY_WORK)) {
		socket_watch(x); /* there is room for one more */
	}
}

static void socket_on_listening_up(struct socket_step *x)
{
	if (!socket_def(x->k)->accept) {
		socket_set_state(x, SOCKET_RUNNING);
	}
}

static void socket_on_running_up(struct socket_step *x)
{
	x->k->triggering = false;
}

static void socket_on_running_down(struct socket_step *x)
{
	socket_enter_listening(x);
}

static void socket_on_trigger_failed(struct socket_step *x)
{
	socket_enter_stop_pre(x, (enum service_result)x->st.event->number);
}

static void socket_on_stop(struct socket_step *x)
{
	socket_enter_stop_pre(x, RESULT_SUCCESS);
}

/* ---- start ---- */

static void socket_enter_bind(struct socket_step *x)
{
	socket_set_state(x, SOCKET_START_CHOWN);
	step_arm(&x->st, x->k->s->def.service->timeout_start_us);
	step_run_entry(&x->st, ENTRY_WORK, socket_def(x->k)->bind_entry, 0);
}

/* The descriptors were a former supd-init's: they are made anew. */
static void socket_on_watch_refused(struct socket_step *x)
{
	const struct wire_refused *r = x->st.event->refused;

	if (r->request == WIRE_WATCH && x->k->watched && !service_place_busy(x->k->s, ENTRY_WORK)) {
		socket_enter_bind(x);
	} else if (r->request == WIRE_RUN) {
		socket_watch(x);
	}
}

static void socket_on_start(struct socket_step *x)
{
	struct service *s = x->k->s;

	s->result = RESULT_SUCCESS;
	memset(&s->failure, 0, sizeof(s->failure));
	s->stale_retried = s->stale_waiting = false;
	s->new_invocation = true;
	x->k->n_accepted = 0;
	if (s->populated || service_place_busy(s, ENTRY_CONTROL) ||
		service_place_busy(s, ENTRY_WORK)) {
		socket_enter_signal(x, SOCKET_FINAL_SIGTERM, RESULT_RESOURCES);
		return;
	}
	socket_set_state(x, SOCKET_START_PRE);
	step_arm(&x->st, s->def.service->timeout_start_us);
	if (!step_run_command(&x->st, PHASE_START_PRE, 0)) {
		socket_enter_bind(x);
	}
}

static void socket_on_start_command(struct socket_step *x)
{
	struct service *s = x->k->s;
	bool pre = x->k->state == SOCKET_START_PRE;
	enum service_result result;

	if (!step_control_ended(&x->st, &result)) {
		return;
	}
	if (result != RESULT_SUCCESS && pre) {
		socket_enter_signal(x, SOCKET_FINAL_SIGTERM, result);
	} else if (result != RESULT_SUCCESS) {
		socket_enter_stop_pre(x, result);
	} else if (step_run_command(
			   &x->st, pre ? PHASE_START_PRE : PHASE_START_POST, s->command + 1)) {
		return;
	} else if (pre) {
		socket_enter_bind(x);
	} else {
		socket_enter_listening(x);
	}
}

static void socket_on_bound(struct socket_step *x)
{
	struct service *s = x->k->s;

	socket_set_state(x, SOCKET_START_POST);
	step_arm(&x->st, s->def.service->timeout_start_us);
	if (!step_run_command(&x->st, PHASE_START_POST, 0)) {
		socket_enter_listening(x);
	}
}

static void socket_on_bind_failed(struct socket_step *x)
{
	if (x->st.event->type == EV_REFUSED) {
		socket_enter_stop_pre(x, RESULT_RESOURCES);
		return;
	}
	if (step_stale(&x->st)) {
		return;
	}
	step_launch_failure(&x->st);
	socket_enter_stop_pre(x, RESULT_RESOURCES);
}

static void socket_on_start_stop(struct socket_step *x)
{
	socket_enter_signal(x, SOCKET_STOP_PRE_SIGTERM, RESULT_SUCCESS);
}

static void socket_on_start_timeout(struct socket_step *x)
{
	step_log(&x->st, LOG_TIMEOUT, 0)->state = x->k->state;
	socket_enter_signal(x, SOCKET_STOP_PRE_SIGTERM, RESULT_TIMEOUT);
}

/* A new catalogue after a stale plan. */
static void socket_on_reloaded(struct socket_step *x)
{
	struct service *s = x->k->s;

	if (x->k->state != SOCKET_START_CHOWN) {
		step_rerun(&x->st);
	} else if (s->stale_waiting) {
		s->stale_waiting = false;
		step_run_entry(&x->st, ENTRY_WORK, socket_def(x->k)->bind_entry, 0);
	}
}

static void socket_on_reset_failed(struct socket_step *x)
{
	struct service *s = x->k->s;

	s->result = RESULT_SUCCESS;
	memset(&s->failure, 0, sizeof(s->failure));
	x->k->trigger.count = x->k->poll.count = 0;
	if (x->k->state == SOCKET_FAILED) {
		socket_set_state(x, SOCKET_DEAD);
	}
	if (can_release(s) && !s->releasing) {
		socket_push_release(x, false);
	}
}

/* ---- the table ---- */

#define ROWS_STARTING                                                                              \
	[EV_ADOPT] = socket_on_adopt, [EV_STOP] = socket_on_start_stop,                            \
	[EV_TIMEOUT] = socket_on_start_timeout, [EV_RELOADED] = socket_on_reloaded
#define ROWS_CONTROL(fn_)                                                                          \
	[EV_CONTROL_EXITED] = (fn_), [EV_CONTROL_FAILED] = (fn_), [EV_REFUSED] = (fn_)
#define ROWS_KILLING                                                                               \
	[EV_ADOPT] = socket_on_adopt, [EV_CONTROL_EXITED] = socket_on_kill_progress,               \
	[EV_CONTROL_FAILED] = socket_on_kill_progress, [EV_WORK_EXITED] = socket_on_kill_progress, \
	[EV_WORK_FAILED] = socket_on_kill_progress, [EV_EMPTY] = socket_on_kill_progress,          \
	[EV_REFUSED] = socket_on_kill_progress, [EV_TIMEOUT] = socket_on_kill_timeout
#define ROWS_ENDED                                                                                 \
	[EV_ADOPT] = socket_on_adopt, [EV_START] = socket_on_start,                                \
	[EV_RESET_FAILED] = socket_on_reset_failed, [EV_EMPTY] = socket_on_left_over_gone,         \
	[EV_CONTROL_EXITED] = socket_on_left_over_gone,                                            \
	[EV_WORK_EXITED] = socket_on_left_over_gone

static socket_fn *const table[SOCKET_STATE_COUNT][SERVICE_EVENT_COUNT] = {
	[SOCKET_DEAD] = { ROWS_ENDED },
	[SOCKET_FAILED] = { ROWS_ENDED },
	[SOCKET_START_PRE] = { ROWS_STARTING, ROWS_CONTROL(socket_on_start_command) },
	[SOCKET_START_CHOWN] = { ROWS_STARTING, [EV_WORK_EXITED] = socket_on_bound,
		[EV_WORK_FAILED] = socket_on_bind_failed, [EV_REFUSED] = socket_on_bind_failed },
	[SOCKET_START_POST] = { ROWS_STARTING, ROWS_CONTROL(socket_on_start_command) },
	[SOCKET_LISTENING] = { [EV_ADOPT] = socket_on_adopt,
		[EV_STOP] = socket_on_stop,
		[EV_READABLE] = socket_on_readable,
		[EV_ACCEPTED] = socket_on_accepted,
		[EV_TRIGGER_UP] = socket_on_listening_up,
		[EV_TRIGGER_DOWN] = socket_on_listening_down,
		[EV_TRIGGER_FAILED] = socket_on_trigger_failed,
		[EV_WORK_EXITED] = socket_on_flushed,
		[EV_WORK_FAILED] = socket_on_flushed,
		[EV_TIMEOUT] = socket_on_flushed,
		[EV_REFUSED] = socket_on_watch_refused },
	[SOCKET_RUNNING] = { [EV_ADOPT] = socket_on_adopt,
		[EV_STOP] = socket_on_stop,
		[EV_TRIGGER_UP] = socket_on_running_up,
		[EV_TRIGGER_DOWN] = socket_on_running_down,
		[EV_TRIGGER_FAILED] = socket_on_trigger_failed },
	[SOCKET_STOP_PRE] = { [EV_ADOPT] = socket_on_adopt,
		ROWS_CONTROL(socket_on_stop_command),
		[EV_TIMEOUT] = socket_on_stop_timeout,
		[EV_RELOADED] = socket_on_reloaded },
	[SOCKET_STOP_PRE_SIGTERM] = { ROWS_KILLING },
	[SOCKET_STOP_PRE_SIGKILL] = { ROWS_KILLING },
	[SOCKET_STOP_POST] = { [EV_ADOPT] = socket_on_adopt,
		ROWS_CONTROL(socket_on_stop_command),
		[EV_RELEASED] = socket_on_closed,
		[EV_TIMEOUT] = socket_on_stop_timeout,
		[EV_RELOADED] = socket_on_reloaded },
	[SOCKET_FINAL_SIGTERM] = { ROWS_KILLING },
	[SOCKET_FINAL_SIGKILL] = { ROWS_KILLING },
	[SOCKET_CLEANING] = { [EV_ADOPT] = socket_on_adopt,
		[EV_RELEASED] = socket_on_cleaned,
		[EV_REFUSED] = socket_on_cleaned,
		[EV_TIMEOUT] = socket_on_cleaned },
};

bool socket_pair_is_handled(enum socket_state state, enum service_event_type event)
{
	return table[state][event] != NULL;
}

void socket_init(struct socket *k, struct service *s)
{
	memset(k, 0, sizeof(*k));
	k->s = s;
}

void socket_step(
	struct socket *k, const struct service_event *event, usec_t now, struct effects *ret)
{
	struct socket_step x = { .st = { .s = k->s, .event = event, .now = now, .out = ret },
		.k = k };
	socket_fn *fn = table[k->state][event->type];

	if (step_begin(&x.st) && fn) {
		fn(&x);
	}
}
