// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine_class.h"

/* After a burst (1,000 jobs are 2 MB of effects) the memory goes back. */
#define EFFECTS_KEPT 256u

static const char *const engine_error_table[] = {
	[ENGINE_OK] = "OK",
	[ENGINE_NO_SUCH_UNIT] = "NoSuchUnit",
	[ENGINE_BAD_UNIT] = "BadUnitSetting",
	[ENGINE_MASKED] = "UnitMasked",
	[ENGINE_CYCLE] = "TransactionOrderIsCyclic",
	[ENGINE_CONFLICT] = "TransactionJobsConflicting",
	[ENGINE_DESTRUCTIVE] = "TransactionIsDestructive",
	[ENGINE_NOT_APPLICABLE] = "JobTypeNotApplicable",
	[ENGINE_ISOLATE_REFUSED] = "NoIsolation",
	[ENGINE_SHUTTING_DOWN] = "ShuttingDown",
	[ENGINE_TOO_MANY_JOBS] = "LimitsExceeded",
	[ENGINE_NO_SUCH_JOB] = "NoSuchJob",
};
ENUM_TABLE(engine_error, enum engine_error_code, ENGINE_ERROR_COUNT)

struct engine *engine_new(void)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (e) {
		graph_init(&e->graph);
		memset(e->slots, 0xff, sizeof(e->slots));
	}
	return e;
}

void engine_free(struct engine *e)
{
	if (!e) {
		return;
	}
	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		if (unit_class(e->units[i])->fini) {
			unit_class(e->units[i])->fini(e->units[i]);
		}
		free(e->units[i]->job);
		free(e->units[i]->adopt);
		free(e->units[i]->discard);
		free(e->units[i]);
	}
	for (uint32_t i = 0; i < e->n_catalogues; i++) {
		free(e->catalogues[i].map);
	}
	engine_coming_fini(&e->coming);
	for (uint32_t i = e->effects_at; i < e->n_effects; i++) {
		free(e->effects[i].text);
	}
	graph_fini(&e->graph);
	free(e->units);
	free(e->jobs);
	free(e->effects);
	free(e->touched);
	free(e->heap);
	free(e);
}

struct unit *unit_at(struct engine *e, uint32_t index)
{
	return index < e->graph.n_units ? e->units[index] : NULL;
}

struct effect *engine_push(struct engine *e, enum effect_type type, struct unit *u)
{
	struct effect *items;
	uint32_t cap = e->cap_effects ? e->cap_effects * 2 : 256;

	if (e->n_effects == e->cap_effects) {
		items = realloc(e->effects, cap * sizeof(*items));
		if (!items) {
			e->error = -ENOMEM;
			return NULL;
		}
		e->effects = items;
		e->cap_effects = cap;
	}
	items = &e->effects[e->n_effects++];
	memset(items, 0, sizeof(*items));
	items->type = type;
	items->unit = u ? u->index : ENGINE_NONE;
	items->slot = u ? u->slot : WIRE_SLOT_NONE;
	items->catalogue = u ? u->catalogue : CATALOGUE_NONE;
	return items;
}

void engine_log(struct engine *e, struct unit *u, enum effect_log what, int32_t number)
{
	struct effect *effect = engine_push(e, EFFECT_LOG, u);

	if (effect) {
		effect->log = what;
		effect->number = number;
	}
}

void engine_touch(struct engine *e, struct unit *u, bool dirty)
{
	uint32_t cap = e->cap_touched ? e->cap_touched * 2 : 64;
	uint32_t *more;

	u->dirty = u->dirty || dirty;
	if (u->touched) {
		return;
	}
	if (e->n_touched == e->cap_touched) {
		more = realloc(e->touched, cap * sizeof(*more));
		if (!more) {
			e->error = -ENOMEM;
			return;
		}
		e->touched = more;
		e->cap_touched = cap;
	}
	u->touched = true;
	e->touched[e->n_touched++] = u->index;
}

/* Running, and not by a check: that one is found by its place, or is made again. */
static bool job_is_dispatched(const struct job *j)
{
	return j->state == JOB_RUNNING && !(j->flags & JOB_CHECKING);
}

static size_t unit_note(struct engine *e, const struct unit *u, uint8_t buf[LIMIT_NOTE])
{
	const struct unit_class *class = unit_class(u);
	struct note n;

	note_init(&n);
	n.active = u->active;
	if (class->to_note) {
		class->to_note(u, &n);
	}
	n.limits = u->limits;
	engine_cause_to_note(e, u, &n);
	n.desired = u->desired ? NOTE_UP : NOTE_DOWN;
	n.state_change_us = u->state_change_us;
	n.inactive_exit_us = u->inactive_exit_us;
	n.active_enter_us = u->active_enter_us;
	n.active_exit_us = u->active_exit_us;
	n.inactive_enter_us = u->inactive_enter_us;
	if (u->job) {
		n.job = u->job->type;
		n.job_id = u->job->id;
		n.flags |= (u->job->flags & JOB_IRREVERSIBLE ? NOTE_JOB_IRREVERSIBLE : 0) |
			   (u->job->flags & JOB_IGNORE_ORDER ? NOTE_JOB_IGNORE_ORDER : 0) |
			   (u->job->flags & JOB_CHECKED ? NOTE_CHECKED : 0) |
			   (job_is_dispatched(u->job) ? NOTE_JOB_RUNNING : 0) |
			   (u->job->flags & JOB_AUTOMATIC ? NOTE_RESTART_PENDING : 0);
	}
	return note_encode(&n, buf);
}

/* The acts that a new supd must know the reason of, should this one die right after them. */
static bool carries_note(enum effect_type type)
{
	return type == EFFECT_RUN || type == EFFECT_FORGET || type == EFFECT_SIGNAL ||
	       type == EFFECT_KILL_ALL || type == EFFECT_RELEASE;
}

static void attach_notes(struct engine *e)
{
	for (uint32_t i = e->batch; i < e->n_effects; i++) {
		struct effect *x = &e->effects[i];

		if (carries_note(x->type)) {
			x->note_size = (uint32_t)unit_note(e, e->units[x->unit], x->note);
			e->units[x->unit]->dirty = false;
		}
	}
}

/* Is there anything of the unit that a note must keep? */
static bool note_wanted(const struct unit *u)
{
	const struct unit_class *class = unit_class(u);

	return u->job || u->active != ACTIVE_INACTIVE || engine_is_discarding(u) ||
	       (class->keeps_note && class->keeps_note(u));
}

void engine_write_note(struct engine *e, struct unit *u)
{
	struct effect *x;

	if (u->release_asked) {
		return; /* its slot may be another unit's by then */
	}
	if (u->dirty && note_wanted(u) && u->def) {
		x = engine_push(e, EFFECT_NOTE, u);
		if (x) {
			x->entry = u->def_index;
			x->note_size = (uint32_t)unit_note(e, u, x->note);
		}
	} else if (!note_wanted(u) && u->slot != WIRE_SLOT_NONE &&
		   !(u->slot_flags & (WIRE_SLOT_POPULATED | WIRE_SLOT_RELEASING)) && !u->adopt &&
		   !u->release_refused) {
		x = engine_push(e, EFFECT_RELEASE, u);
		if (x) {
			x->entry = CATALOGUE_NONE;
			u->release_asked = true;
		}
	}
	u->dirty = false;
}

static void check_stopped(struct engine *e)
{
	uint32_t down = e->by_active[ACTIVE_INACTIVE] + e->by_active[ACTIVE_FAILED];

	if (e->shutting_down && !e->all_stopped && e->live_jobs == 0 && down == e->graph.n_units) {
		e->all_stopped = true;
		engine_push(e, EFFECT_ALL_STOPPED, NULL);
	}
	if (e->listed && !e->booted && e->live_jobs == 0 && (e->last_job > 0 || e->boot_asked)) {
		e->booted = true;
		engine_push(e, EFFECT_BOOTED, NULL);
	}
}

int engine_boot_asked(struct engine *e, usec_t now)
{
	e->boot_asked = true;
	return engine_settle(e, now);
}

/* The queue has drained: what waits for that goes on. */
static void wake_idle(struct engine *e, usec_t now)
{
	struct service_event event = { .type = EV_IDLE };

	e->idle_waiting = false;
	for (uint32_t i = 0; i < e->graph.n_units && e->error == 0; i++) {
		if (e->units[i]->is_service && e->units[i]->service.idle_waiting) {
			engine_step(e, e->units[i], &event, now);
		}
	}
}

int engine_settle(struct engine *e, usec_t now)
{
	engine_bound_kept(e, now);
	engine_run_jobs(e, now);
	while (e->idle_waiting && e->listed && e->live_jobs == 0 && e->error == 0) {
		wake_idle(e, now);
		engine_run_jobs(e, now);
	}
	if (e->listed) {
		attach_notes(e);
	}
	for (uint32_t i = 0; i < e->n_touched && e->error == 0; i++) {
		struct unit *u = e->units[e->touched[i]];

		u->touched = false;
		engine_timer_set(e, u);
		if (e->listed) {
			engine_write_note(e, u);
		}
	}
	e->n_touched = 0;
	check_stopped(e);
	graph_settle(&e->graph);
	e->batch = e->n_effects;
	return e->error;
}

bool engine_next_effect(struct engine *e, struct effect *ret)
{
	if (e->effects_at == e->n_effects) {
		e->effects_at = e->n_effects = e->batch = 0;
		if (e->cap_effects > EFFECTS_KEPT) {
			free(e->effects);
			e->effects = NULL;
			e->cap_effects = 0;
		}
		return false;
	}
	*ret = e->effects[e->effects_at++];
	if (ret->unit != ENGINE_NONE) {
		ret->slot = e->units[ret->unit]->slot;
		ret->instance = e->units[ret->unit]->instance;
	}
	return true;
}

uint32_t engine_n_units(const struct engine *e)
{
	return e->graph.n_units;
}

const struct unit *engine_unit(const struct engine *e, uint32_t unit)
{
	return unit < e->graph.n_units ? e->units[unit] : NULL;
}

uint32_t engine_find(const struct engine *e, const char *name)
{
	return graph_find(&e->graph, name);
}

const struct graph *engine_graph(const struct engine *e)
{
	return &e->graph;
}

const struct manifest *engine_manifest(const struct engine *e)
{
	return e->n_catalogues ? e->catalogues[e->n_catalogues - 1].manifest : NULL;
}

uint32_t engine_catalogue(const struct engine *e)
{
	return e->n_catalogues ? e->catalogues[e->n_catalogues - 1].number : CATALOGUE_NONE;
}

void engine_counts(const struct engine *e, struct engine_counts *ret)
{
	ret->active = e->by_active[ACTIVE_ACTIVE] + e->by_active[ACTIVE_RELOADING];
	ret->activating = e->by_active[ACTIVE_ACTIVATING];
	ret->failed = e->by_active[ACTIVE_FAILED];
	ret->jobs = e->live_jobs;
}

const char *engine_sub_state(const struct unit *u)
{
	return unit_class(u)->sub_state(u);
}

const char *engine_state_name(const struct unit *u, uint32_t state)
{
	return u->socket ? socket_state_to_string((enum socket_state)state)
	       : u->path ? path_state_to_string((enum path_state)state)
			 : service_state_to_string((enum service_state)state);
}

void engine_set_safe_mode(struct engine *e, bool safe_mode)
{
	e->safe_mode = safe_mode;
}

uint32_t engine_waits_for(const struct engine *e, uint32_t unit, uint32_t *ret, uint32_t max)
{
	static const enum graph_rel both[] = { REL_BEFORE, REL_AFTER };
	uint32_t n = 0;

	if (unit >= e->graph.n_units || !e->units[unit]->job) {
		return 0;
	}
	for (size_t k = 0; k < 2; k++) {
		uint32_t n_edges;
		const struct graph_edge *x = graph_edges(&e->graph, unit, both[k], &n_edges);

		for (uint32_t i = 0; i < n_edges && n < max; i++) {
			const struct job *a = e->units[unit]->job;
			const struct job *b = e->units[x[i].unit]->job;

			if (b && (both[k] == REL_BEFORE ? job_order(a->type, b->type) > 0
							: job_order(b->type, a->type) < 0)) {
				ret[n++] = x[i].unit;
			}
		}
	}
	return n;
}
