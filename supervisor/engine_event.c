// SPDX-License-Identifier: MIT
/* Events of supd-init, notifications and adoption. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine_class.h"

static struct unit *unit_of_slot(struct engine *e, uint32_t slot)
{
	uint32_t index = slot < LIMIT_SLOTS ? e->slots[slot] : ENGINE_NONE;

	return unit_at(e, index);
}

static void slot_gone(struct engine *e, struct unit *u, const struct wire_slot *slot)
{
	if (slot->flags & WIRE_SLOT_GONE) {
		e->slots[slot->slot] = ENGINE_NONE;
		u->slot = WIRE_SLOT_NONE;
		u->slot_flags = 0;
	}
	u->release_asked = false;
}

static void slot_changed(
	struct engine *e, struct unit *u, const struct wire_slot *slot, uint32_t old, usec_t now)
{
	const struct unit_class *class = unit_class(u);
	bool ended = (slot->flags & (WIRE_SLOT_GONE | WIRE_SLOT_BARE)) != 0;

	if (class->slot) {
		class->slot(e, u, old, now);
	}
	if (ended) {
		slot_gone(e, u, slot);
	}
	if (ended && class->released) {
		class->released(e, u, now);
	}
	if (ended && u->job && u->job->state == JOB_WAITING) {
		engine_queue(e, u->job);
	}
	if (ended) {
		engine_discard_go_on(e, u);
	}
}

static int adopt_slot(struct unit *u, const struct wire_slot *slot, bool safe)
{
	size_t size = slot->note_size <= LIMIT_NOTE ? slot->note_size : 0;
	int r;

	if (!u->adopt) {
		u->adopt = calloc(1, sizeof(*u->adopt));
	}
	if (!u->adopt) {
		return -ENOMEM;
	}
	r = safe ? note_decode_safe(slot->note, size, &u->adopt->note)
		 : note_decode(slot->note, size, &u->adopt->note);
	u->adopt->has_note = r == 0;
	return 0;
}

int engine_slot(struct engine *e, const struct wire_slot *slot, usec_t now, uint32_t *ret_unit)
{
	struct unit *u;
	uint32_t old;

	if (slot->slot >= LIMIT_SLOTS) {
		return -EINVAL;
	}
	if (engine_add_unit(e, slot->name, &u) < 0) {
		return e->error = -ENOMEM;
	}
	engine_link_instance(e, u);
	*ret_unit = u->index;
	u->release_refused = false;
	old = u->slot_flags;
	u->slot = slot->slot;
	u->slot_flags = slot->flags;
	u->watch_cookie = slot->watch_cookie;
	u->n_oom = slot->n_oom;
	e->slots[slot->slot] = u->index;
	memcpy(u->invocation_id, slot->invocation_id, sizeof(u->invocation_id));
	if (!e->listed) {
		u->oom_told = slot->n_oom;
		if (slot->flags & WIRE_SLOT_GONE) {
			slot_gone(e, u, slot);
		} else if (adopt_slot(u, slot, e->safe_mode) < 0) {
			return e->error = -ENOMEM;
		}
		return 0;
	}
	if (((old ^ slot->flags) & WIRE_SLOT_FREEZE) ||
		((old ^ slot->flags) & WIRE_SLOT_FROZEN && slot->flags & WIRE_SLOT_FREEZE)) {
		engine_push(e, EFFECT_UNIT_CHANGED, u);
	}
	slot_changed(e, u, slot, old, now);
	/* What could not be noted while the slot was on its way out is noted now. */
	engine_touch(e, u, (slot->flags & (WIRE_SLOT_GONE | WIRE_SLOT_BARE)) != 0);
	return engine_settle(e, now);
}

static bool is_check(const struct unit *u, const struct wire_proc *p)
{
	return p->kind == ENTRY_WORK && u->job && (u->job->flags & JOB_CHECKING) &&
	       p->cookie == u->job->check_cookie;
}

static void take_proc(struct engine *e, struct unit *u, const struct wire_proc *p, usec_t now)
{
	const struct unit_class *class = unit_class(u);
	bool check = is_check(u, p);

	u->release_refused = false;
	if (u->is_service && p->kind == ENTRY_CONTROL && p->pid > 0 &&
		p->phase <= WIRE_PHASE_RUNNING && p->phase != WIRE_PHASE_FREE) {
		u->service.places[ENTRY_CONTROL].pid = p->pid;
	}
	if (engine_event_of(p) == SERVICE_EVENT_COUNT ||
		p->run_id <= u->service.places[p->kind].forgotten) {
		return;
	}
	if (p->kind == ENTRY_WORK) {
		engine_realized(e, u, p);
	}
	class->record(e, u, p, now);
	if (p->kind == ENTRY_WORK) {
		engine_discarded(e, u, p);
	}
	if (u->accepted_by != ENGINE_NONE && p->kind == ENTRY_MAIN) {
		engine_accepted(e, u, now);
	}
	if (check) {
		engine_checked(e, u, p, now);
	} else if (p->kind == ENTRY_WORK && u->job && u->job->state == JOB_WAITING) {
		engine_queue(e, u->job);
	}
	if (class->slot) {
		class->slot(e, u, u->slot_flags, now);
	}
	if (p->kind == ENTRY_WORK) {
		engine_realize(e, u);
	}
	engine_touch(e, u, true);
}

/* A RUN is under way and nothing is known of its process. */
static bool pid_is_awaited(const struct unit *u, uint32_t kind)
{
	const struct service_place *place = &u->service.places[kind];

	return place->phase == PLACE_PENDING && place->pid == 0;
}

int engine_proc(struct engine *e, const struct wire_proc *proc, usec_t now)
{
	struct unit *u = unit_of_slot(e, proc->slot);

	if (!u || proc->kind >= ENTRY_KIND_COUNT) {
		return 0;
	}
	if (!e->listed) {
		if (u->adopt) {
			u->adopt->procs[proc->kind] = *proc;
		}
		return 0;
	}
	take_proc(e, u, proc, now);
	return engine_settle(e, now);
}

/* A refused RUN names no slot (there may be none): it is found by its cookie. */
static struct unit *unit_of_run(struct engine *e, uint64_t cookie)
{
	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		for (size_t k = 0; k < ENTRY_KIND_COUNT; k++) {
			const struct service_place *place = &e->units[i]->service.places[k];

			if (place->phase == PLACE_PENDING && place->cookie == cookie) {
				return e->units[i];
			}
		}
	}
	return NULL;
}

static bool is_check_place(const struct unit *u, uint64_t cookie)
{
	const struct service_place *place = &u->service.places[ENTRY_WORK];

	return place->phase == PLACE_PENDING && place->cookie == cookie && u->def &&
	       u->def->check_entry != CATALOGUE_NONE && place->entry == u->def->check_entry;
}

int engine_proc_start(struct engine *e, const struct wire_proc *proc, usec_t now)
{
	struct unit *u = unit_of_slot(e, proc->slot);
	struct wire_proc start = *proc;
	bool empty;

	if (!e->listed || !u || !u->is_service || proc->phase != WIRE_PHASE_EXITED ||
		proc->kind >= ENTRY_KIND_COUNT || !pid_is_awaited(u, proc->kind)) {
		return 0;
	}
	start.phase = proc->flags & WIRE_PROC_EXECED ? WIRE_PHASE_RUNNING : WIRE_PHASE_STARTED;
	empty = !u->service.populated;
	take_proc(e, u, &start, now);
	/* EMPTY may have been told already, and is not told again. */
	if (empty && u->service.places[ENTRY_CONTROL].phase == PLACE_FREE) {
		u->service.populated = false;
	}
	return engine_settle(e, now);
}

int engine_refused(struct engine *e, const struct wire_refused *refused, usec_t now)
{
	bool run = refused->request == WIRE_RUN;
	struct unit *u = run ? unit_of_run(e, refused->cookie) : unit_of_slot(e, refused->slot);
	const struct unit_class *class;

	if (!u) {
		return 0;
	}
	class = unit_class(u);
	u->release_asked = u->release_asked && refused->request != WIRE_RELEASE;
	engine_discard_refused(u, refused);
	if (run && is_check_place(u, refused->cookie)) {
		u->service.places[ENTRY_WORK].phase = PLACE_FREE;
		engine_log(e, u, LOG_REFUSED, refused->error);
		if (u->job && (u->job->flags & JOB_CHECKING) &&
			refused->cookie == u->job->check_cookie) {
			engine_finish(e, u, JOB_FAILED, now);
		} else if (u->job) {
			engine_queue(e, u->job);
		}
	} else if (class->refused) {
		class->refused(e, u, refused, now);
	}
	if (refused->request == WIRE_RELEASE) {
		u->release_refused = true;
		engine_touch(e, u, true);
		engine_discard_go_on(e, u);
		if (u->job && u->job->state == JOB_WAITING) {
			engine_queue(e, u->job);
		}
	}
	if (class->slot) {
		class->slot(e, u, u->slot_flags, now);
	}
	return engine_settle(e, now);
}

static bool between_states(enum unit_active_state active)
{
	return active == ACTIVE_ACTIVATING || active == ACTIVE_DEACTIVATING ||
	       active == ACTIVE_RELOADING || active == ACTIVE_MAINTENANCE;
}

/* The job of a note goes on, with a new id. */
static void adopt_job(struct engine *e, struct unit *u, const struct note *n, usec_t now)
{
	struct job *j;

	if (n->job == JOB_NONE || e->safe_mode || u->load_state != LOAD_LOADED) {
		return;
	}
	j = engine_install(e, u, (enum job_type)n->job, 0, now);
	if (!j) {
		return;
	}
	j->flags |= (n->flags & NOTE_JOB_IRREVERSIBLE ? JOB_IRREVERSIBLE : 0) |
		    (n->flags & NOTE_JOB_IGNORE_ORDER ? JOB_IGNORE_ORDER : 0) |
		    (n->flags & NOTE_CHECKED ? JOB_CHECKED : 0) |
		    (n->flags & NOTE_RESTART_PENDING ? JOB_AUTOMATIC : 0);
	/* A start that had begun must not begin again when what it started has ended meanwhile. */
	if (n->flags & NOTE_JOB_RUNNING && between_states((enum unit_active_state)n->active)) {
		j->state = JOB_RUNNING;
		j->running_us = now;
	}
}

static void adopt_unit(struct engine *e, struct unit *u, usec_t now)
{
	struct engine_adopt *a = u->adopt;
	const struct note *n = a->has_note ? &a->note : NULL;
	struct service_adoption facts = { .note = n,
		.populated = u->slot_flags & WIRE_SLOT_POPULATED,
		.bare = u->slot_flags & WIRE_SLOT_BARE,
		.releasing = u->slot_flags & WIRE_SLOT_RELEASING,
		.safe_mode = e->safe_mode };

	if (!n) {
		engine_log(e, u, LOG_NOTE_LOST, 0);
	} else {
		u->desired = n->desired == NOTE_UP;
		u->limits = n->limits;
		u->state_change_us = n->state_change_us;
		u->inactive_exit_us = n->inactive_exit_us;
		u->active_enter_us = n->active_enter_us;
		u->active_exit_us = n->active_exit_us;
		u->inactive_enter_us = n->inactive_enter_us;
		adopt_job(e, u, n, now);
		engine_cause_adopt(e, u, n);
	}
	for (size_t i = 0; i < ENTRY_KIND_COUNT; i++) {
		facts.procs[i] = &a->procs[i];
		if (a->procs[i].cookie > e->last_cookie) {
			e->last_cookie = a->procs[i].cookie;
		}
	}
	if (unit_class(u)->adopt) {
		unit_class(u)->adopt(e, u, &facts, now);
	}
}

/* A check that is at work, or has its record, belongs to the adopted job. */
static void adopt_check(struct unit *u, const struct wire_proc *p)
{
	if (u->job && u->def && p->phase != WIRE_PHASE_FREE && p->entry == u->def->check_entry &&
		u->def->check_entry != CATALOGUE_NONE) {
		u->job->state = JOB_RUNNING;
		u->job->flags |= JOB_CHECKING;
		u->job->check_cookie = p->cookie;
	}
}

static void adopt_records(struct engine *e, struct unit *u, usec_t now)
{
	struct engine_adopt *a = u->adopt;

	for (size_t i = 0; i < ENTRY_KIND_COUNT; i++) {
		if (a->procs[i].phase == WIRE_PHASE_FREE) {
			continue;
		}
		take_proc(e, u, &a->procs[i], now);
	}
	free(u->adopt);
	u->adopt = NULL;
}

void engine_adopt(struct engine *e, usec_t now)
{
	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		struct unit *u = e->units[i];

		if (u->adopt && !u->adopt->adopted) {
			adopt_unit(e, u, now);
			adopt_check(u, &u->adopt->procs[ENTRY_WORK]);
			u->adopt->adopted = true;
		}
	}
	e->listed = true;
}

int engine_listed(struct engine *e, usec_t now)
{
	engine_adopt(e, now);
	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		if (e->units[i]->adopt) {
			adopt_records(e, e->units[i], now);
		}
	}
	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		if (unit_class(e->units[i])->settled) {
			unit_class(e->units[i])->settled(e, e->units[i], now);
		}
		engine_realize(e, e->units[i]); /* that supd died before it could */
	}
	return engine_settle(e, now);
}

int engine_notify(struct engine *e, uint32_t unit, const struct notify_msg *msg,
	const struct ucred *sender, usec_t now)
{
	struct unit *u = unit_at(e, unit);
	struct service_event event = {
		.type = EV_NOTIFY, .notify = msg, .from_root = sender->uid == 0
	};
	pid_t pid = sender->pid;

	if (!e->listed) {
		return 2;
	}
	if (!u || !u->is_service) {
		return 1;
	}
	event.from_main = pid > 0 && pid == u->service.main_pid;
	event.from_control = pid > 0 && pid == u->service.places[ENTRY_CONTROL].pid;
	if (!service_notify_allowed(&u->service, event.from_main, event.from_control)) {
		if (pid_is_awaited(u, ENTRY_MAIN) || pid_is_awaited(u, ENTRY_CONTROL)) {
			return 2;
		}
		engine_log(e, u, LOG_NOTIFY_REFUSED, pid);
		return engine_settle(e, now) < 0 ? e->error : 1;
	}
	engine_step(e, u, &event, now);
	if ((msg->fields & ~(uint32_t)NOTIFY_WATCHDOG) == 0) {
		u->dirty = false; /* a ping alone changes nothing that a note keeps */
	}
	return engine_settle(e, now);
}

int engine_guessed(struct engine *e, uint32_t unit, int32_t pid, usec_t now)
{
	struct unit *u = unit_at(e, unit);
	struct effect *x;

	if (u && u->is_service && pid > 0 && u->service.main_pid == 0) {
		x = engine_push(e, EFFECT_MAIN, u);
		if (x) {
			x->number = pid;
		}
	}
	return engine_settle(e, now);
}

int engine_bus_name(struct engine *e, uint32_t unit, bool owned, usec_t now)
{
	struct unit *u = unit_at(e, unit);
	struct service_event event = { .type = EV_BUS_NAME, .number = owned };

	if (u && u->is_service) {
		engine_step(e, u, &event, now);
	}
	return engine_settle(e, now);
}

int engine_reset_failed(struct engine *e, uint32_t unit, usec_t now)
{
	struct unit *u = unit_at(e, unit);
	if (u && unit_class(u)->reset_failed) {
		unit_class(u)->reset_failed(e, u, now);
	}
	return engine_settle(e, now);
}

int engine_freeze(struct engine *e, uint32_t unit, bool on, usec_t now)
{
	struct unit *u = unit_at(e, unit);

	if (!u || u->slot == WIRE_SLOT_NONE || !(u->slot_flags & WIRE_SLOT_POPULATED)) {
		return -ESRCH;
	}
	engine_push(e, on ? EFFECT_FREEZE : EFFECT_THAW, u);
	return engine_settle(e, now);
}

int engine_kill(struct engine *e, uint32_t unit, uint32_t target, int signo, usec_t now)
{
	struct unit *u = unit_at(e, unit);
	struct effect *x;

	if (u && u->slot != WIRE_SLOT_NONE) {
		x = engine_push(e, EFFECT_SIGNAL, u);
		if (x) {
			x->target = target;
			x->number = signo;
		}
	}
	return engine_settle(e, now);
}
