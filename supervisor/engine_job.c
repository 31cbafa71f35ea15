// SPDX-License-Identifier: MIT
/* Jobs: from a request to the queue, from the queue to a run, from a run to a result. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "engine_class.h"

/* The load state that a vanished unit has once it is down. */
static enum unit_load_state newest_state(const struct engine *e, const struct unit *u)
{
	const struct engine_catalogue *c = &e->catalogues[e->n_catalogues - 1];

	return u->newest_index == ENGINE_NONE
		       ? LOAD_NOT_FOUND
		       : (enum unit_load_state)manifest_unit_at(c->manifest, u->newest_index)
				 ->load_state;
}

static void look(void *userdata, uint32_t unit, struct transaction_unit *ret)
{
	const struct engine *e = userdata;
	const struct unit *u = e->units[unit];

	ret->load_state = u->load_state;
	ret->active = u->active == ACTIVE_ACTIVE || u->active == ACTIVE_RELOADING;
	ret->reloading = u->active == ACTIVE_RELOADING;
	ret->activating = u->active == ACTIVE_ACTIVATING;
	ret->down = unit_is_down(u);
	ret->keep_on_isolate =
		u->def && (u->def->flags & (UNIT_IGNORE_ON_ISOLATE | UNIT_PERPETUAL));
	ret->queued = u->job ? u->job->type : JOB_NONE;
	ret->queued_irreversible = u->job && (u->job->flags & JOB_IRREVERSIBLE);
	ret->vanished = u->vanished;
	ret->newest = u->vanished ? newest_state(e, u) : u->load_state;
}

void engine_queue(struct engine *e, struct job *j)
{
	if (j->flags & JOB_IN_RUN_QUEUE) {
		return;
	}
	j->flags |= JOB_IN_RUN_QUEUE;
	j->run_next = NULL;
	j->run_prev = e->run_tail;
	if (e->run_tail) {
		e->run_tail->run_next = j;
	} else {
		e->run_head = j;
	}
	e->run_tail = j;
}

static void compact(struct engine *e)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < e->n_jobs; i++) {
		if (e->jobs[i].job) {
			e->jobs[n++] = e->jobs[i];
		}
	}
	e->n_jobs = n;
}

static int add_row(struct engine *e, struct job *j)
{
	uint32_t cap = e->cap_jobs ? e->cap_jobs * 2 : 64;
	struct engine_job_row *rows;

	if (e->n_jobs == e->cap_jobs && e->live_jobs * 2 < e->n_jobs) {
		compact(e);
	}
	if (e->n_jobs == e->cap_jobs) {
		rows = realloc(e->jobs, cap * sizeof(*rows));
		if (!rows) {
			return e->error = -ENOMEM;
		}
		e->jobs = rows;
		e->cap_jobs = cap;
	}
	e->jobs[e->n_jobs++] = (struct engine_job_row) { j->id, j };
	e->live_jobs++;
	return 0;
}

static struct engine_job_row *row_of(const struct engine *e, uint32_t id)
{
	uint32_t low = 0;
	uint32_t high = e->n_jobs;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (e->jobs[mid].id < id) {
			low = mid + 1;
		} else {
			high = mid;
		}
	}
	return low < e->n_jobs && e->jobs[low].id == id ? &e->jobs[low] : NULL;
}

const struct job *engine_job(const struct engine *e, uint32_t id)
{
	const struct engine_job_row *row = row_of(e, id);

	return row ? row->job : NULL;
}

const struct job *engine_next_job(const struct engine *e, uint32_t *cursor)
{
	while (*cursor < e->n_jobs) {
		const struct job *j = e->jobs[(*cursor)++].job;

		if (j) {
			return j;
		}
	}
	return NULL;
}

struct job *engine_install(
	struct engine *e, struct unit *u, enum job_type type, uint32_t flags, usec_t now)
{
	struct job *j = calloc(1, sizeof(*j));
	struct effect *x;

	if (!j) {
		e->error = -ENOMEM;
		return NULL;
	}
	*j = (struct job) { .id = ++e->last_job,
		.unit = u->index,
		.type = type,
		.flags = flags,
		.begin_us = now,
		.deadline_us = USEC_INFINITY };
	if (u->def && u->def->job_timeout_us && u->def->job_timeout_us != USEC_INFINITY) {
		j->deadline_us = usec_add(now, u->def->job_timeout_us);
	}
	if (add_row(e, j) < 0) {
		free(j);
		return NULL;
	}
	u->job = j;
	if (type == JOB_START && unit_is_down(u)) {
		u->cause = (struct unit_cause) { 0 }; /* a new activation */
	}
	x = engine_push(e, EFFECT_JOB_NEW, u);
	if (x) {
		x->job = j->id;
	}
	engine_queue(e, j);
	engine_touch(e, u, true);
	return j;
}

/* Puts a planned job in the unit's place: merged with what is there, or instead of it. */
static void install_planned(struct engine *e, const struct planned_job *p, usec_t now)
{
	struct unit *u = e->units[p->unit];
	bool active = u->active == ACTIVE_ACTIVE || u->active == ACTIVE_RELOADING;
	enum job_type merged;

	u->wait_dependency = false;
	u->cooldown_us = USEC_INFINITY;
	if (p->type == JOB_START || p->type == JOB_RESTART) {
		u->desired = true;
	} else if (p->type == JOB_STOP) {
		u->desired = false;
	}
	if (!u->job) {
		engine_install(e, u, p->type, p->flags, now);
		return;
	}
	merged = job_type_merge(u->job->type, p->type, active);
	if (merged == JOB_NONE) {
		engine_finish(e, u, JOB_CANCELED, now);
		engine_install(e, u, p->type, p->flags, now);
		return;
	}
	u->job->flags |= p->flags;
	if (merged != u->job->type) {
		u->job->type = merged;
		u->job->state = JOB_WAITING;
	}
	engine_queue(e, u->job);
	engine_touch(e, u, true);
}

static int refuse(struct engine_error *error, enum engine_error_code code, const char *text)
{
	error->code = code;
	snprintf(error->text, sizeof(error->text), "%s", text);
	return 1;
}

static int check_request(const struct engine *e, const struct engine_request *r,
	const struct unit *u, struct engine_error *error)
{
	if (!u) {
		return refuse(error, ENGINE_NO_SUCH_UNIT, "No such unit.");
	}
	if (e->shutting_down && r->type != JOB_STOP) {
		return refuse(error, ENGINE_SHUTTING_DOWN, "Everything is being stopped.");
	}
	if (e->live_jobs >= LIMIT_JOBS) {
		return refuse(error, ENGINE_TOO_MANY_JOBS, "Too many jobs are queued.");
	}
	if (r->mode == JOB_MODE_ISOLATE &&
		(r->type != JOB_START || (u->def && !(u->def->flags & UNIT_ALLOW_ISOLATE)))) {
		return refuse(error, ENGINE_ISOLATE_REFUSED, "The unit may not be isolated.");
	}
	if (u->def && (u->def->flags & UNIT_MANY) && !u->instance && r->type != JOB_STOP) {
		return refuse(error, ENGINE_BAD_UNIT,
			"Connections start its instances; it cannot be started itself.");
	}
	if (u->type == UNIT_DEVICE && r->manual &&
		(r->type == JOB_STOP || r->type == JOB_RESTART || r->type == JOB_TRY_RESTART)) {
		return refuse(error, ENGINE_NOT_APPLICABLE,
			"A device cannot be stopped: it goes when it is unplugged.");
	}
	if ((u->load_state == LOAD_BAD_SETTING || u->load_state == LOAD_ERROR) &&
		r->type != JOB_STOP) {
		return refuse(error, ENGINE_BAD_UNIT,
			u->def && u->def->load_error ? u->def->load_error : u->name);
	}
	return 0;
}

/* Modes flush and isolate: what is queued and not of this plan is canceled. */
static int cancel_others(
	struct engine *e, const struct transaction_plan *plan, enum job_mode mode, usec_t now)
{
	AUTO_FREE bool *planned = calloc((size_t)e->graph.n_units + 1, sizeof(*planned));
	struct transaction_unit tu;

	if (!planned) {
		return e->error = -ENOMEM;
	}
	for (uint32_t i = 0; i < plan->n; i++) {
		planned[plan->jobs[i].unit] = true;
	}
	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		tu = (struct transaction_unit) { 0 };
		look(e, i, &tu);
		if (e->units[i]->job && !planned[i] && !tu.queued_irreversible &&
			!(mode == JOB_MODE_ISOLATE && tu.keep_on_isolate)) {
			engine_finish(e, e->units[i], JOB_CANCELED, now);
		}
	}
	return 0;
}

int engine_request(struct engine *e, const struct engine_request *r, usec_t now, uint32_t *ret_job,
	struct engine_error *error)
{
	struct transaction_world world = { .graph = &e->graph, .look = look, .userdata = e };
	struct transaction_request tr = { .mode = r->mode, .unit = r->unit };
	struct unit *u = unit_at(e, r->unit);
	struct transaction_plan plan = { 0 };
	struct transaction_unit tu = { 0 };
	int result = check_request(e, r, u, error);

	*ret_job = 0;
	if (result != 0) {
		return result;
	}
	look(e, r->unit, &tu);
	tr.type = job_type_collapse(r->type, tu.active, tu.reloading, tu.activating);
	if (tr.type == JOB_NOP) {
		return 0;
	}
	if (tr.type == JOB_RELOAD && u->def && !unit_class(u)->can_reload(u)) {
		return refuse(error, ENGINE_NOT_APPLICABLE,
			"The unit cannot be reloaded: it has no ExecReload= and is not "
			"Type=notify-reload (restart, or reload-or-restart).");
	}
	result = transaction_make(&world, &tr, &plan, error);
	if (result != 0) {
		return result;
	}
	if (plan.cycle_victim != GRAPH_NONE) {
		engine_log(e, e->units[plan.cycle_victim], LOG_ORDER_CYCLE, 0);
		if (e->n_effects) {
			e->effects[e->n_effects - 1].text = strdup(plan.cycle);
		}
	}
	if (r->mode == JOB_MODE_FLUSH || r->mode == JOB_MODE_ISOLATE) {
		cancel_others(e, &plan, r->mode, now);
	}
	for (uint32_t i = 0; i < plan.n && e->error == 0; i++) {
		install_planned(e, &plan.jobs[i], now);
	}
	free(plan.jobs);
	*ret_job = u->job ? u->job->id : 0;
	return e->error;
}

void engine_want(
	struct engine *e, uint32_t unit, enum job_type type, enum job_mode mode, usec_t now)
{
	struct engine_request r = { .type = type, .mode = mode, .unit = unit };
	struct engine_error error = { 0 };
	uint32_t job;

	if (engine_request(e, &r, now, &job, &error) > 0) {
		engine_log(e, e->units[unit], LOG_DEPENDENCY_FAILED, error.code);
		if (e->n_effects) {
			e->effects[e->n_effects - 1].text = strdup(error.text);
		}
	}
}

int engine_enqueue(struct engine *e, const struct engine_request *request, usec_t now,
	uint32_t *ret_job, struct engine_error *ret_error)
{
	int r = engine_request(e, request, now, ret_job, ret_error);
	int settled = engine_settle(e, now);

	return settled < 0 ? settled : r;
}

static void unqueue(struct engine *e, struct job *j)
{
	if (j->run_prev) {
		j->run_prev->run_next = j->run_next;
	} else {
		e->run_head = j->run_next;
	}
	if (j->run_next) {
		j->run_next->run_prev = j->run_prev;
	} else {
		e->run_tail = j->run_prev;
	}
}

void engine_wake_neighbours(struct engine *e, const struct unit *u)
{
	static const enum graph_rel both[] = { REL_BEFORE, REL_AFTER };

	for (size_t k = 0; k < ELEMENTSOF(both); k++) {
		uint32_t n;
		const struct graph_edge *x = graph_edges(&e->graph, u->index, both[k], &n);

		for (uint32_t i = 0; i < n; i++) {
			struct job *j = e->units[x[i].unit]->job;

			if (j && j->state == JOB_WAITING) {
				engine_queue(e, j);
			}
		}
	}
}

/* The log of it names the unit that did not come up. */
static void finish_dependant(
	struct engine *e, struct unit *u, const struct unit *missing, usec_t now)
{
	uint32_t at = e->n_effects;

	engine_finish(e, u, JOB_DEPENDENCY, now);
	for (; at < e->n_effects; at++) {
		struct effect *x = &e->effects[at];

		if (x->type == EFFECT_LOG && x->log == LOG_DEPENDENCY_FAILED &&
			x->unit == u->index && !x->text) {
			x->text = strdup(missing->name);
			return;
		}
	}
}

/* A start has failed: so do those that wait for it. */
static void fail_dependants(struct engine *e, struct unit *u, usec_t now)
{
	static const enum graph_rel rels[] = { REL_REQUIRED_BY, REL_REQUISITE_OF, REL_BOUND_BY };

	for (size_t k = 0; k < ELEMENTSOF(rels); k++) {
		uint32_t n;
		const struct graph_edge *x = graph_edges(&e->graph, u->index, rels[k], &n);

		for (uint32_t i = 0; i < n; i++) {
			struct unit *other = e->units[x[i].unit];

			if (other->job && other->job->state == JOB_WAITING &&
				(other->job->type == JOB_START ||
					other->job->type == JOB_VERIFY_ACTIVE)) {
				finish_dependant(e, other, u, now);
			}
		}
	}
}

void engine_finish(struct engine *e, struct unit *u, enum job_result result, usec_t now)
{
	AUTO_FREE struct job *j = TAKE_PTR(u->job);
	struct engine_job_row *row;
	struct effect *x;

	if (!j) {
		return;
	}
	row = row_of(e, j->id);
	if (row) {
		row->job = NULL;
		e->live_jobs--;
	}
	if (j->flags & JOB_IN_RUN_QUEUE) {
		unqueue(e, j);
	}
	u->last_job_result = result;
	x = engine_push(e, EFFECT_JOB_REMOVED, u);
	if (x) {
		x->job = j->id;
		x->job_result = result;
		x->kind = j->type;
	}
	engine_touch(e, u, true);
	if (result == JOB_FAILED && j->type == JOB_START) {
		engine_tell_failed_start(e, u, j->id);
	}
	if (result == JOB_DEPENDENCY) {
		engine_log(e, u, LOG_DEPENDENCY_FAILED, 0);
		u->wait_dependency = u->desired;
	}
	if (result == JOB_TIMEOUT && j->type == JOB_START && u->active == ACTIVE_ACTIVATING) {
		engine_want(e, u->index, JOB_STOP, JOB_MODE_REPLACE, now);
	}
	if (result != JOB_DONE && result != JOB_CANCELED &&
		(j->type == JOB_START || j->type == JOB_VERIFY_ACTIVE)) {
		fail_dependants(e, u, now);
	}
	if (result == JOB_TIMEOUT || result == JOB_DEPENDENCY) {
		engine_never_tried(e, u, now);
	}
	engine_wake_neighbours(e, u);
	/* A start that came to nothing (a condition, a dependency) changes no state. */
	if (e->listed && unit_is_down(u) && j->type != JOB_STOP) {
		engine_tell_triggering(e, u, now);
	}
}

/* Who needs what was to come up cannot come up without it either. */
int engine_cancel(struct engine *e, uint32_t job, usec_t now)
{
	struct engine_job_row *row = row_of(e, job);
	struct unit *u;
	enum job_type type;

	if (!row || !row->job) {
		return 1;
	}
	u = e->units[row->job->unit];
	type = row->job->type;
	engine_finish(e, u, JOB_CANCELED, now);
	if (type == JOB_START || type == JOB_VERIFY_ACTIVE) {
		fail_dependants(e, u, now);
	}
	return engine_settle(e, now);
}

int engine_cancel_all(struct engine *e, usec_t now)
{
	for (uint32_t i = 0; i < e->graph.n_units; i++) {
		if (e->units[i]->job) {
			engine_finish(e, e->units[i], JOB_CANCELED, now);
		}
	}
	return engine_settle(e, now);
}
