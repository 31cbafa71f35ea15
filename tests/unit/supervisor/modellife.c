// SPDX-License-Identifier: MIT
/* What the processes of the simulated slots do. */
#include <errno.h>
#include <signal.h>

#include "../../../runtime/plan/launchwire.h"
#include "../test.h"
#include "modelunits.h"

/* True once in n times; never when all goes well. */
static bool mishap(struct model *m, uint32_t n)
{
	return !m->calm && model_random(m, n) == 0;
}

static void end_process(struct model *m, struct model_slot *s, uint32_t kind, bool killed)
{
	struct wire_proc *p = &s->procs[kind];

	p->phase = WIRE_PHASE_EXITED;
	p->flags |= WIRE_PROC_EXECED;
	p->exit_us = m->now;
	p->exit_code = killed ? CLD_KILLED : CLD_EXITED;
	p->exit_status = killed ? SIGTERM : 0;
	if (!killed && mishap(m, kind == ENTRY_MAIN ? 3 : 8)) {
		p->exit_status = 1 + model_random(m, 3);
	} else if (!killed && mishap(m, 10)) {
		p->exit_code = CLD_DUMPED;
		p->exit_status = SIGSEGV;
	}
	s->term[kind] = false;
	model_mark(s, kind);
}

static void fail_process(struct model *m, struct model_slot *s, uint32_t kind)
{
	struct wire_proc *p = &s->procs[kind];

	p->phase = WIRE_PHASE_FAILED;
	p->step = model_random(m, STEP_COUNT);
	p->error = ENOENT;
	p->flags = model_random(m, 3) == 0 ? WIRE_PROC_STALE : 0;
	s->term[kind] = false;
	model_mark(s, kind);
}

static void say(struct model *m, struct model_slot *s, const struct notify_msg *msg)
{
	if (s->n_messages < MODEL_MESSAGES) {
		s->messages[s->n_messages++] = *msg;
	}
	(void)m;
}

static void answer_reload(struct model *m, struct model_slot *s)
{
	struct notify_msg msg = { .fields = NOTIFY_RELOADING | NOTIFY_MONOTONIC,
		.monotonic_us = m->now };

	s->reload_asked = false;
	if (mishap(m, 8)) {
		return;
	}
	say(m, s, &msg);
	msg.fields = NOTIFY_READY;
	say(m, s, &msg);
}

static void talk(struct model *m, struct model_slot *s, uint32_t unit)
{
	static const uint32_t words[] = { NOTIFY_WATCHDOG, NOTIFY_STATUS, NOTIFY_STOPPING,
		NOTIFY_WATCHDOG_TRIGGER, NOTIFY_EXTEND_TIMEOUT, NOTIFY_RELOADING, NOTIFY_MAINPID };
	struct notify_msg msg = { .fields = NOTIFY_READY };
	const struct unit *u = model_unit_of(m, unit);

	if (s->reload_asked && unit == U_NRELOAD) {
		answer_reload(m, s);
	} else if (u->service.state == SERVICE_START && s->n_messages == 0) {
		say(m, s, &msg);
	} else if (u->service.state == SERVICE_RELOAD_NOTIFY && s->n_messages == 0) {
		say(m, s, &msg);
	} else if (m->calm || model_random(m, 2)) {
		msg.fields = NOTIFY_WATCHDOG;
		say(m, s, &msg);
	} else {
		msg.fields = words[model_random(m, sizeof(words) / sizeof(words[0]))];
		msg.extend_us = 1000;
		if (msg.fields == NOTIFY_MAINPID) {
			s->extra++;
			s->daemon_pid = ++m->next_pid;
			msg.mainpid = s->daemon_pid;
		}
		say(m, s, &msg);
	}
}

static void main_lives(struct model *m, struct model_slot *s, uint32_t unit)
{
	bool task = unit == U_ONESHOT || unit == U_TASK;

	if (s->term[ENTRY_MAIN] && !mishap(m, 4)) {
		end_process(m, s, ENTRY_MAIN, true);
	} else if (task || mishap(m, 6)) {
		end_process(m, s, ENTRY_MAIN, false);
	} else if (unit == U_NOTIFY || unit == U_NRELOAD) {
		talk(m, s, unit);
	} else if (mishap(m, 20)) {
		s->extra++;
	}
}

static void control_lives(struct model *m, struct model_slot *s, uint32_t unit)
{
	const struct wire_proc *p = &s->procs[ENTRY_CONTROL];

	if (s->term[ENTRY_CONTROL] && !mishap(m, 4)) {
		end_process(m, s, ENTRY_CONTROL, true);
	} else if (!mishap(m, 4)) {
		if (unit == U_FORKING && p->entry == U_FORKING * 16 && !mishap(m, 6)) {
			s->extra++;
			s->extra_term = false;
			s->daemon_pid = ++m->next_pid;
		}
		end_process(m, s, ENTRY_CONTROL, false);
	}
}

static void work_lives(struct model *m, struct model_slot *s, uint32_t unit)
{
	struct wire_proc *p = &s->procs[ENTRY_WORK];

	if (s->releasing) {
		model_release_done(s);
	} else if (mishap(m, 12)) {
		fail_process(m, s, ENTRY_WORK);
		p->flags = 0;
	} else {
		end_process(m, s, ENTRY_WORK, false);
		p->value = p->entry % 16 == ENTRY_CHECK ? (mishap(m, 4) ? 0 : -1) : s->daemon_pid;
	}
	(void)unit;
}

static void place_lives(struct model *m, uint32_t unit, uint32_t kind)
{
	static void (*const lives[ENTRY_KIND_COUNT])(
		struct model *, struct model_slot *, uint32_t) = {
		[ENTRY_MAIN] = main_lives,
		[ENTRY_CONTROL] = control_lives,
		[ENTRY_WORK] = work_lives,
	};
	struct model_slot *s = &m->slots[unit];
	struct wire_proc *p = &s->procs[kind];

	if (p->phase == WIRE_PHASE_LAUNCHING && kind != ENTRY_WORK) {
		if (mishap(m, 15)) {
			fail_process(m, s, kind);
			return;
		}
		p->pid = ++m->next_pid;
		p->phase = WIRE_PHASE_STARTED;
		model_mark(s, kind);
	} else if (p->phase == WIRE_PHASE_STARTED) {
		p->phase = WIRE_PHASE_RUNNING;
		p->flags |= WIRE_PROC_EXECED;
		model_mark(s, kind);
	} else if (model_is_live(p) && lives[kind]) {
		lives[kind](m, s, unit);
	}
}

void model_progress(struct model *m, uint32_t unit)
{
	struct model_slot *s = &m->slots[unit];

	if (!s->exists || s->gone) {
		return;
	}
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		if (m->calm || model_random(m, 2)) {
			place_lives(m, unit, k);
		}
	}
	if (s->extra > 0 && ((s->extra_term && !mishap(m, 4)) || mishap(m, 10))) {
		s->extra = s->extra_term ? 0 : s->extra - 1;
		s->daemon_pid = s->extra ? s->daemon_pid : 0;
		s->extra_term = s->extra_term && s->extra;
		s->slot_dirty = true;
	}
}
