// SPDX-License-Identifier: MIT
#include "modelworld.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../../../supervisor/note.h"
#include "../test.h"
#include "modelunits.h"

#define FIRST_PID 1000

uint32_t model_random(struct model *m, uint32_t n)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (uint32_t)((m->random >> 20) % n);
}

bool model_is_live(const struct wire_proc *p)
{
	return p->phase >= WIRE_PHASE_LAUNCHING && p->phase <= WIRE_PHASE_RUNNING;
}

static bool populated(const struct model_slot *s)
{
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		if (model_is_live(&s->procs[k])) {
			return true;
		}
	}
	return s->extra > 0;
}

static bool has_records(const struct model_slot *s)
{
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		if (s->procs[k].phase != WIRE_PHASE_FREE) {
			return true;
		}
	}
	return false;
}

void model_mark(struct model_slot *s, uint32_t kind)
{
	s->slot_dirty = true;
	s->proc_dirty[kind] = true;
}

static uint32_t unit_of_number(const struct model *m, uint32_t number)
{
	for (uint32_t u = 0; u < N_MODEL_UNITS; u++) {
		if (m->slots[u].exists && !m->slots[u].gone && m->slots[u].number == number) {
			return u;
		}
	}
	return N_MODEL_UNITS;
}

static uint32_t unit_of_effect(const struct model *m, const struct effect *x)
{
	const struct unit *u = engine_unit(m->e, x->unit);

	for (uint32_t i = 0; i < N_MODEL_UNITS; i++) {
		if (u && strcmp(u->name, model_names[i]) == 0) {
			return i;
		}
	}
	return N_MODEL_UNITS;
}

static bool catalogue_lives(const struct model *m, uint32_t number)
{
	for (uint32_t i = 0; i < m->n_catalogues; i++) {
		if (m->catalogues[i] == number) {
			return true;
		}
	}
	return false;
}

static void refuse(struct model *m, const struct effect *x, enum wire_request_type type, int error)
{
	assert_true(m->n_refused < MODEL_REFUSED);
	m->refused[m->n_refused++] = (struct wire_refused) {
		.slot = type == WIRE_RUN ? WIRE_SLOT_NONE : x->slot,
		.request = type,
		.kind = x->kind,
		.error = error,
		.cookie = x->cookie,
	};
}

static void make_slot(struct model *m, uint32_t unit)
{
	struct model_slot *s = &m->slots[unit];

	if (!s->exists || s->gone) {
		*s = (struct model_slot) { .exists = true, .number = m->next_slot++ % LIMIT_SLOTS };
		s->slot_dirty = true;
	}
	s->bare = false;
}

static void keep_note(struct model_slot *s, const struct effect *x)
{
	if (x->note_size) {
		memcpy(s->note, x->note, x->note_size);
		s->note_size = x->note_size;
	}
}

static void do_run(struct model *m, const struct effect *x, uint32_t unit)
{
	struct model_slot *s = &m->slots[unit];
	struct wire_proc *p;

	assert_true(catalogue_lives(m, x->catalogue));
	assert_int_equal(x->entry / 16, unit);
	assert_true(x->note_size > 0);
	if (s->exists && !s->gone && s->releasing) {
		refuse(m, x, WIRE_RUN, EBUSY);
		return;
	}
	make_slot(m, unit);
	p = &s->procs[x->kind];
	if (p->phase != WIRE_PHASE_FREE) { /* never two in a place */
		print_message("%s: RUN into an occupied place: kind %u phase %u in state %s\n",
			model_names[unit], x->kind, p->phase,
			engine_sub_state(model_unit_of(m, unit)));
		fail();
	}
	keep_note(s, x);
	*p = (struct wire_proc) { .slot = s->number,
		.kind = x->kind,
		.phase = WIRE_PHASE_LAUNCHING,
		.run_id = ++m->run_id,
		.cookie = x->cookie,
		.catalogue = x->catalogue,
		.entry = x->entry };
	s->term[x->kind] = false;
	s->reload_asked = false;
	model_mark(s, x->kind);
}

/* What a FORGET must say of the record that it drops. */
static void check_status(const struct wire_proc *p, const struct effect *x)
{
	struct note n;

	assert_int_equal(note_decode(x->note, x->note_size, &n), 0);
	if (p->kind != ENTRY_MAIN || p->phase != WIRE_PHASE_EXITED ||
		(p->flags & WIRE_PROC_STATUS_UNKNOWN) || n.state == SERVICE_START) {
		return; /* START: a oneshot's next command runs already */
	}
	assert_int_equal(n.main_code, p->exit_code);
	assert_int_equal(n.main_status, p->exit_status);
}

static void do_forget(struct model *m, const struct effect *x, struct model_slot *s)
{
	struct wire_proc *p = &s->procs[x->kind];

	assert_int_equal(p->run_id, x->run_id);
	assert_true(p->phase == WIRE_PHASE_EXITED || p->phase == WIRE_PHASE_FAILED);
	check_status(p, x);
	keep_note(s, x);
	p->phase = WIRE_PHASE_FREE;
	s->proc_dirty[x->kind] = true;
	m->records++;
}

void model_release_done(struct model_slot *s)
{
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		s->procs[k] = (struct wire_proc) { .slot = s->number, .kind = k };
		s->proc_dirty[k] = false;
	}
	s->releasing = false;
	s->bare = s->keep_note;
	s->gone = !s->keep_note;
	s->n_messages = 0;
	s->slot_dirty = true;
}

static void do_release(struct model *m, const struct effect *x, struct model_slot *s)
{
	bool clean = x->entry != CATALOGUE_NONE && !s->bare;

	if (s->releasing || has_records(s) || s->extra > 0) {
		refuse(m, x, WIRE_RELEASE, EBUSY);
		return;
	}
	s->keep_note = x->params.flags & WIRE_RELEASE_KEEP_NOTE;
	keep_note(s, x);
	if (!clean) {
		model_release_done(s);
		return;
	}
	s->releasing = true;
	s->procs[ENTRY_WORK] = (struct wire_proc) { .slot = s->number,
		.kind = ENTRY_WORK,
		.phase = WIRE_PHASE_LAUNCHING,
		.run_id = ++m->run_id,
		.catalogue = x->catalogue,
		.entry = x->entry };
	model_mark(s, ENTRY_WORK);
}

static void do_main(struct model *m, const struct effect *x, struct model_slot *s)
{
	struct wire_proc *p = &s->procs[ENTRY_MAIN];

	if (model_is_live(p) && p->pid == x->number) {
		return;
	}
	if (s->releasing || (p->phase != WIRE_PHASE_FREE && p->phase != WIRE_PHASE_RUNNING)) {
		refuse(m, x, WIRE_MAIN, EBUSY);
		return;
	}
	if (s->daemon_pid != x->number || s->extra == 0) {
		refuse(m, x, WIRE_MAIN, ESRCH);
		return;
	}
	if (p->phase == WIRE_PHASE_FREE) {
		s->extra--;
	} /* else the two change places */
	s->daemon_pid = 0;
	*p = (struct wire_proc) { .slot = s->number,
		.kind = ENTRY_MAIN,
		.phase = WIRE_PHASE_RUNNING,
		.flags = WIRE_PROC_EXECED,
		.run_id = ++m->run_id,
		.pid = x->number };
	s->term[ENTRY_MAIN] = s->extra_term;
	model_mark(s, ENTRY_MAIN);
}

static void do_signal(const struct effect *x, struct model_slot *s)
{
	bool all = x->target == WIRE_TARGET_ALL;
	bool deadly = x->number == SIGTERM || x->number == SIGKILL || x->number == SIGABRT;

	s->reload_asked |= x->target == WIRE_TARGET_MAIN && x->number == SIGHUP;
	s->term[ENTRY_MAIN] |= deadly && (all || x->target == WIRE_TARGET_MAIN);
	s->term[ENTRY_CONTROL] |= deadly && (all || x->target == WIRE_TARGET_CONTROL);
	s->extra_term |= deadly && all;
}

static void do_note(struct model *m, const struct effect *x, uint32_t unit)
{
	struct model_slot *s = &m->slots[unit];

	if (x->slot != WIRE_SLOT_NONE && (!s->exists || s->gone || s->number != x->slot)) {
		refuse(m, x, WIRE_NOTE, ENOENT);
		return;
	}
	if (!s->exists || s->gone) {
		assert_true(catalogue_lives(m, x->catalogue));
		assert_int_equal(model_unit_index(x->catalogue, x->entry), unit);
		make_slot(m, unit);
		s->bare = true;
	}
	s->slot_dirty |= x->slot == WIRE_SLOT_NONE;
	keep_note(s, x);
}

static void do_drop(struct model *m, uint32_t number)
{
	for (uint32_t i = 0; i < m->n_catalogues; i++) {
		if (m->catalogues[i] == number) {
			m->n_catalogues--;
			memmove(&m->catalogues[i], &m->catalogues[i + 1],
				(m->n_catalogues - i) * sizeof(m->catalogues[0]));
		}
	}
}

/* Requests about a slot that must be there. */
static void do_slot_request(struct model *m, const struct effect *x)
{
	uint32_t unit = unit_of_number(m, x->slot);
	struct model_slot *s = &m->slots[unit % N_MODEL_UNITS];
	static const uint32_t requests[EFFECT_TYPE_COUNT] = {
		[EFFECT_SIGNAL] = WIRE_SIGNAL,
		[EFFECT_KILL_ALL] = WIRE_KILL_ALL,
		[EFFECT_FORGET] = WIRE_FORGET,
		[EFFECT_RELEASE] = WIRE_RELEASE,
		[EFFECT_MAIN] = WIRE_MAIN,
	};

	if (unit == N_MODEL_UNITS) {
		assert_int_not_equal(x->type, EFFECT_FORGET);
		refuse(m, x, requests[x->type], ENOENT);
	} else if (x->type == EFFECT_SIGNAL) {
		keep_note(s, x);
		do_signal(x, s);
	} else if (x->type == EFFECT_KILL_ALL) {
		keep_note(s, x);
		s->term[ENTRY_MAIN] = s->term[ENTRY_CONTROL] = s->extra_term = true;
	} else if (x->type == EFFECT_FORGET) {
		do_forget(m, x, s);
	} else if (x->type == EFFECT_RELEASE) {
		do_release(m, x, s);
	} else {
		do_main(m, x, s);
	}
}

static void trace(const struct model *m, const struct effect *x)
{
	const struct unit *u = engine_unit(m->e, x->unit);
	const char *wanted = getenv("SUPD_TRACE");

	if (wanted && u && strcmp(u->name, wanted) == 0) {
		print_message(
			"  effect %u kind %u state %s -> %s entry %u run %llu: now %s, job %s\n",
			x->type, x->kind, service_state_to_string(x->old_state),
			service_state_to_string(x->state), x->entry % 16,
			(unsigned long long)x->run_id, engine_sub_state(u),
			u->job ? job_type_to_string(u->job->type) : "-");
	}
}

static void do_effect(struct model *m, const struct effect *x)
{
	trace(m, x);
	if (x->type == EFFECT_RUN) {
		do_run(m, x, unit_of_effect(m, x));
	} else if (x->type == EFFECT_NOTE) {
		do_note(m, x, unit_of_effect(m, x));
	} else if (x->type == EFFECT_LOAD) {
		m->loads++;
	} else if (x->type == EFFECT_DROP) {
		do_drop(m, x->catalogue);
	} else if (x->type == EFFECT_ALL_STOPPED) {
		m->all_stopped = true;
	} else if (x->type == EFFECT_SIGNAL || x->type == EFFECT_KILL_ALL ||
		   x->type == EFFECT_FORGET || x->type == EFFECT_RELEASE ||
		   x->type == EFFECT_MAIN) {
		do_slot_request(m, x);
	}
}

bool model_drain(struct model *m)
{
	struct effect x;

	while (engine_next_effect(m->e, &x)) {
		if (m->lose && model_random(m, m->lose) == 0) {
			free(x.text);
			trace(m, &x);
			model_crash(m);
			return false;
		}
		do_effect(m, &x);
		free(x.text);
	}
	return true;
}

static struct wire_slot slot_event(const struct model_slot *s, uint32_t unit)
{
	struct wire_slot w = { .slot = s->number, .note_size = s->note_size };

	w.flags = (!s->gone && populated(s) ? WIRE_SLOT_POPULATED : 0) |
		  (s->releasing ? WIRE_SLOT_RELEASING : 0) | (s->gone ? WIRE_SLOT_GONE : 0) |
		  (s->bare && !s->gone ? WIRE_SLOT_BARE : 0);
	snprintf(w.name, sizeof(w.name), "%s", model_names[unit]);
	memcpy(w.note, s->note, s->note_size);
	return w;
}

static bool step_message(struct model *m, uint32_t unit);

/* A new supd: everything is listed. */
static void begin(struct model *m)
{
	uint32_t unit;

	if (getenv("SUPD_TRACE")) {
		print_message("  a new supd\n");
	}
	m->e = engine_new();
	m->loading = false;
	assert_non_null(m->e);
	engine_set_safe_mode(m->e, m->safe && model_random(m, m->safe) == 0);
	for (uint32_t i = 0; i < m->n_catalogues; i++) {
		uint32_t n = m->catalogues[i];

		assert_int_equal(engine_load(m->e, model_manifest(n), n, m->now), 0);
	}
	for (uint32_t u = 0; u < N_MODEL_UNITS; u++) {
		struct model_slot *s = &m->slots[u];
		struct wire_slot w = slot_event(s, u);

		if (s->gone) {
			*s = (struct model_slot) { 0 };
		}
		if (!s->exists) {
			continue;
		}
		assert_int_equal(engine_slot(m->e, &w, m->now, &unit), 0);
		s->slot_dirty = false;
		for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
			s->procs[k].slot = s->number;
			s->procs[k].kind = k;
			s->proc_dirty[k] = false;
			assert_int_equal(engine_proc(m->e, &s->procs[k], m->now), 0);
		}
	}
	engine_adopt(m->e, m->now);
	m->adoptions++;
}

/* What waits in the notify sockets, then the records; false: the new supd has died too. */
static bool finish_adoption(struct model *m)
{
	for (uint32_t u = 0; u < N_MODEL_UNITS; u++) {
		while (m->slots[u].n_messages > 0) {
			if (!step_message(m, u)) {
				return false;
			}
		}
	}
	assert_int_equal(engine_listed(m->e, m->now), 0);
	return model_drain(m);
}

void model_crash(struct model *m)
{
	engine_free(m->e);
	m->n_refused = 0;
	m->loads = 0;
	begin(m);
	finish_adoption(m);
}

void model_init(struct model *m, uint64_t seed)
{
	*m = (struct model) { .now = 1000 * USEC_PER_SEC,
		.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1,
		.next_pid = FIRST_PID,
		.n_catalogues = 1,
		.next_catalogue = 1 };
	begin(m);
	finish_adoption(m);
}

void model_fini(struct model *m)
{
	engine_free(m->e);
}

const struct unit *model_unit_of(const struct model *m, uint32_t unit)
{
	return engine_unit(m->e, engine_find(m->e, model_names[unit]));
}

/* ---- news for supd ---- */

static bool step_message(struct model *m, uint32_t unit)
{
	struct model_slot *s = &m->slots[unit];
	struct notify_msg msg = s->messages[0];
	uint64_t run = s->procs[ENTRY_MAIN].run_id;

	const struct ucred sender = { .pid = s->procs[ENTRY_MAIN].pid };

	int r = engine_notify(m->e, engine_find(m->e, model_names[unit]), &msg, &sender, m->now);

	assert_true(r >= 0);
	if (!model_drain(m)) {
		return false;
	}
	if (s->n_messages > 0) {
		s->n_messages--;
		memmove(&s->messages[0], &s->messages[1], s->n_messages * sizeof(msg));
	}
	s->ready_run = r == 0 && msg.fields & NOTIFY_READY ? run : s->ready_run;
	return true;
}

static bool deliver_refusals(struct model *m)
{
	while (m->n_refused > 0) {
		struct wire_refused r = m->refused[0];

		m->n_refused--;
		memmove(&m->refused[0], &m->refused[1], m->n_refused * sizeof(r));
		assert_int_equal(engine_refused(m->e, &r, m->now), 0);
		if (!model_drain(m)) {
			return false;
		}
	}
	return true;
}

static bool deliver_slot(struct model *m, uint32_t unit)
{
	struct model_slot *s = &m->slots[unit];
	struct wire_slot w = slot_event(s, unit);
	bool gone = s->gone;
	uint32_t index;

	s->slot_dirty = false;
	if (gone) {
		*s = (struct model_slot) { 0 };
	}
	assert_int_equal(engine_slot(m->e, &w, m->now, &index), 0);
	return model_drain(m);
}

static bool deliver_proc(struct model *m, uint32_t unit, uint32_t kind)
{
	struct model_slot *s = &m->slots[unit];
	struct wire_proc p = s->procs[kind];

	s->proc_dirty[kind] = false;
	p.slot = s->number;
	p.kind = kind;
	if (p.phase == WIRE_PHASE_EXITED) {
		assert_int_equal(engine_proc_start(m->e, &p, m->now), 0);
		if (!model_drain(m)) {
			return false;
		}
	}
	while (p.phase == WIRE_PHASE_EXITED && s->n_messages > 0) {
		if (!step_message(m, unit)) {
			return false;
		}
	}
	assert_int_equal(engine_proc(m->e, &p, m->now), 0);
	return model_drain(m);
}

void model_deliver(struct model *m, uint32_t unit)
{
	struct model_slot *s = &m->slots[unit];

	m->steps++;
	if (!deliver_refusals(m) || !s->exists || (s->slot_dirty && !deliver_slot(m, unit))) {
		return;
	}
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT && s->exists; k++) {
		if (s->proc_dirty[k] && !deliver_proc(m, unit, k)) {
			return;
		}
	}
	if (s->exists && s->n_messages > 0 && (m->calm || model_random(m, 2))) {
		step_message(m, unit);
	}
}

void model_answer_load(struct model *m)
{
	uint32_t n = m->next_catalogue;

	if (m->loading) {
		int r = engine_load_some(m->e, 1 + model_random(m, 5), m->now);

		assert_true(r == 0 || r == 1);
		m->loading = r == 1;
		model_drain(m);
		return;
	}
	if (m->loads == 0) {
		return;
	}
	m->loads--;
	if ((!m->calm && model_random(m, 4) == 0) || m->n_catalogues == LIMIT_CATALOGUES) {
		assert_int_equal(engine_load_failed(m->e, m->now), 0);
	} else {
		m->next_catalogue++;
		m->catalogues[m->n_catalogues++] = n;
		assert_int_equal(engine_load_begin(m->e, model_manifest(n), n), 0);
		m->loading = true;
	}
	model_drain(m);
}
