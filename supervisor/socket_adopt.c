// SPDX-License-Identifier: MIT
/* Adoption of sockets: what the note says goes on, what runs is taken as it is. */
#include "socket_internal.h"

static void adopt_safely(struct socket_step *x, const struct service_adoption *a)
{
	struct service *s = x->k->s;

	s->result = a->note ? (enum service_result)a->note->result : RESULT_SUCCESS;
	if (a->note && a->note->active == ACTIVE_ACTIVE && !a->bare) {
		s->result = RESULT_SUCCESS;
		socket_enter_listening(x);
	} else if (a->populated || service_place_busy(s, ENTRY_CONTROL)) {
		socket_enter_signal(x, SOCKET_FINAL_SIGTERM, RESULT_SUCCESS);
	} else if (a->note && a->note->active == ACTIVE_FAILED) {
		s->result = s->result == RESULT_SUCCESS ? RESULT_RESOURCES : s->result;
		socket_set_state(x, SOCKET_FAILED);
	}
}

static void take_note(struct socket *k, const struct note *n)
{
	struct service *s = k->s;

	k->state = (enum socket_state)n->state;
	k->triggering = n->flags & NOTE_TRIGGERING;
	k->n_accepted = n->restarts;
	s->result = (enum service_result)n->result;
	s->stale_retried = n->flags & NOTE_STALE_RETRIED;
	s->releasing = n->flags & NOTE_RELEASING;
	s->command = n->command;
	s->deadline_us = n->deadline_us;
	s->state_change_us = n->state_change_us;
}

/* What the state wants to run and is not there, or what it waits for and has come meanwhile. */
static void settle(struct socket_step *x, const struct service_adoption *a)
{
	static const uint8_t phases[SOCKET_STATE_COUNT] = {
		[SOCKET_START_PRE] = PHASE_START_PRE + 1,
		[SOCKET_START_POST] = PHASE_START_POST + 1,
		[SOCKET_STOP_PRE] = PHASE_STOP + 1,
		[SOCKET_STOP_POST] = PHASE_STOP_POST + 1,
	};
	struct service *s = x->k->s;
	uint32_t phase = phases[x->k->state];

	if (phase && !s->releasing) {
		s->phase = phase - 1;
		if (!service_place_busy(s, ENTRY_CONTROL)) {
			step_rerun(&x->st);
		}
	} else if (x->k->state == SOCKET_START_CHOWN && !service_place_busy(s, ENTRY_WORK)) {
		step_run_entry(&x->st, ENTRY_WORK, socket_def(x->k)->bind_entry, 0);
	} else if (x->k->state == SOCKET_LISTENING && !service_place_busy(s, ENTRY_WORK)) {
		socket_watch(x);
	} else if (x->k->state >= SOCKET_STOP_PRE_SIGTERM && x->k->state <= SOCKET_FINAL_SIGKILL &&
		   !phase) {
		socket_signal_state(x);
		socket_on_kill_progress(x);
	} else if (s->releasing && !a->bare && !a->releasing) {
		socket_push_release(x, phase || x->k->state == SOCKET_FAILED);
	} else if (s->releasing && a->bare && phase) {
		socket_on_closed(x);
	} else if (x->k->state == SOCKET_CLEANING && !a->releasing) {
		socket_on_cleaned(x);
	}
}

void socket_on_adopt(struct socket_step *x)
{
	const struct service_adoption *a = x->st.event->adoption;
	struct service *s = x->k->s;

	s->has_slot = !a->bare;
	s->populated = a->populated;
	service_take_places(s, a);
	if (a->safe_mode || !a->note || a->note->state >= SOCKET_STATE_COUNT) {
		adopt_safely(x, a);
		return;
	}
	take_note(x->k, a->note);
	settle(x, a);
}

void socket_to_note(const struct socket *k, struct note *n)
{
	const struct service *s = k->s;

	n->state = k->state;
	n->active = socket_active_state(k->state);
	n->result = s->result;
	n->restarts = k->n_accepted;
	n->flags |= (k->triggering ? NOTE_TRIGGERING : 0) | (s->releasing ? NOTE_RELEASING : 0) |
		    (s->stale_retried ? NOTE_STALE_RETRIED : 0);
	n->command = s->command;
	n->deadline_us = s->deadline_us;
}
