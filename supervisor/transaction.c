// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "transaction_internal.h"

void tx_look(const struct tx *tx, uint32_t unit, struct transaction_unit *ret)
{
	memset(ret, 0, sizeof(*ret));
	tx->world->look(tx->world->userdata, unit, ret);
}

int tx_refuse(struct tx *tx, enum engine_error_code code, const char *format, ...)
{
	va_list args;

	tx->error->code = code;
	va_start(args, format);
	vsnprintf(tx->error->text, sizeof(tx->error->text), format, args);
	va_end(args);
	return 1;
}

uint32_t tx_job_of(const struct tx *tx, uint32_t unit)
{
	uint32_t j = tx->head[unit];

	while (j != GRAPH_NONE && tx->jobs[j].deleted) {
		j = tx->jobs[j].next;
	}
	return j;
}

void tx_fail(struct tx *tx, uint32_t job)
{
	uint32_t top = job;

	tx->jobs[job].failed = tx->jobs[job].deleted = true;
	tx->jobs[job].stack = GRAPH_NONE;
	while (top != GRAPH_NONE) {
		uint32_t l = tx->jobs[top].links_in;

		top = tx->jobs[top].stack;
		for (; l != GRAPH_NONE; l = tx->links[l].next_in) {
			uint32_t from = tx->links[l].from;

			if (from == GRAPH_NONE || !tx->links[l].matters || tx->jobs[from].failed) {
				continue;
			}
			tx->jobs[from].failed = tx->jobs[from].deleted = true;
			tx->jobs[from].stack = top;
			top = from;
		}
	}
}

void tx_fail_unit(struct tx *tx, uint32_t unit)
{
	for (uint32_t j = tx->head[unit]; j != GRAPH_NONE; j = tx->jobs[j].next) {
		tx_fail(tx, j);
	}
}

/* Room for one more item of that size. */
static int grow(void **items, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t want = *cap ? *cap * 2 : 32;
	void *more;

	if (n < *cap) {
		return 0;
	}
	more = realloc(*items, want * size);
	if (!more) {
		return -ENOMEM;
	}
	*items = more;
	*cap = want;
	return 0;
}

static int add_link(struct tx *tx, uint32_t from, uint32_t to, bool matters)
{
	if (grow((void **)&tx->links, tx->n_links, &tx->cap_links, sizeof(*tx->links)) < 0) {
		return -ENOMEM;
	}
	tx->links[tx->n_links] = (struct tlink) { .from = from,
		.to = to,
		.next_in = tx->jobs[to].links_in,
		.next_out = from == GRAPH_NONE ? GRAPH_NONE : tx->jobs[from].links_out,
		.matters = matters };
	if (from != GRAPH_NONE) {
		tx->jobs[from].links_out = tx->n_links;
	}
	tx->jobs[to].links_in = tx->n_links++;
	return 0;
}

/* Can that unit have that job at all? 0, 1: refused. */
static int check_unit(struct tx *tx, uint32_t unit, enum job_type type)
{
	const char *name = tx->world->graph->names[unit];
	struct transaction_unit u;

	if (type != JOB_START && type != JOB_RESTART && type != JOB_RELOAD &&
		type != JOB_VERIFY_ACTIVE) {
		return 0;
	}
	tx_look(tx, unit, &u);
	switch (u.vanished && type == JOB_RESTART ? u.newest : u.load_state) {
	case LOAD_LOADED:
		return 0;
	case LOAD_NOT_FOUND:
		return tx_refuse(tx, ENGINE_NO_SUCH_UNIT, "Unit %s not found.", name);
	case LOAD_MASKED:
		return tx_refuse(tx, ENGINE_MASKED, "Unit %s is masked.", name);
	case LOAD_BAD_SETTING:
	case LOAD_ERROR:
	case LOAD_STATE_COUNT:
		break;
	}
	return tx_refuse(
		tx, ENGINE_BAD_UNIT, "%s, which it needs, cannot be loaded; see its status", name);
}

/* A job and the link to it; *ret_job is new or the one there is already. */
static int add_job(struct tx *tx, uint32_t unit, enum job_type type, uint32_t from, bool matters)
{
	uint32_t j;

	for (j = tx->head[unit]; j != GRAPH_NONE; j = tx->jobs[j].next) {
		if (tx->jobs[j].type == type) {
			return add_link(tx, from, j, matters);
		}
	}
	if (grow((void **)&tx->jobs, tx->n_jobs, &tx->cap_jobs, sizeof(*tx->jobs)) < 0) {
		return -ENOMEM;
	}
	j = tx->n_jobs++;
	tx->jobs[j] = (struct tjob) { .unit = unit,
		.type = type,
		.next = tx->head[unit],
		.links_in = GRAPH_NONE,
		.links_out = GRAPH_NONE };
	tx->head[unit] = j;
	return add_link(tx, from, j, matters);
}

/* What a job pulls in along a relation. */
struct pull {
	enum graph_rel rel;
	enum job_type type; /* may be one that collapses */
	bool matters;
	bool optional; /* its refusal is ignored */
	bool conflict;
};

static const struct pull start_pulls[] = {
	{ REL_REQUIRES, JOB_START, true, false, false },
	{ REL_BINDS_TO, JOB_START, true, false, false },
	{ REL_WANTS, JOB_START, false, true, false },
	{ REL_UPHOLDS, JOB_START, false, true, false },
	{ REL_REQUISITE, JOB_VERIFY_ACTIVE, true, false, false },
	{ REL_CONFLICTS, JOB_STOP, true, false, true },
	{ REL_CONFLICTED_BY, JOB_STOP, false, true, false },
};
static const struct pull stop_pulls[] = {
	{ REL_REQUIRED_BY, JOB_STOP, true, true, false },
	{ REL_REQUISITE_OF, JOB_STOP, true, true, false },
	{ REL_BOUND_BY, JOB_STOP, true, true, false },
	{ REL_CONSISTS_OF, JOB_STOP, true, true, false },
	{ REL_PROPAGATES_STOP_TO, JOB_STOP, true, true, false },
};
static const struct pull restart_pulls[] = {
	{ REL_REQUIRED_BY, JOB_TRY_RESTART, true, true, false },
	{ REL_REQUISITE_OF, JOB_TRY_RESTART, true, true, false },
	{ REL_BOUND_BY, JOB_TRY_RESTART, true, true, false },
	{ REL_CONSISTS_OF, JOB_TRY_RESTART, true, true, false },
};
static const struct pull reload_pulls[] = {
	{ REL_PROPAGATES_RELOAD_TO, JOB_TRY_RELOAD, false, true, false },
};
static const struct pull triggering_pulls[] = {
	{ REL_TRIGGERED_BY, JOB_STOP, true, true, false },
};

/* Marks the job as impossible; build() sees to all that cannot be without it. */
static void fail_job(struct tx *tx, uint32_t job)
{
	struct tjob *j = &tx->jobs[job];

	j->deleted = true;
	j->failed = true;
}

static int pull_one(struct tx *tx, uint32_t from, uint32_t to, const struct pull *p)
{
	struct transaction_unit u;
	enum job_type type;
	int r;

	tx_look(tx, to, &u);
	type = job_type_collapse(p->type, u.active, u.reloading, u.activating);
	if (type == JOB_NOP) {
		return 0;
	}
	r = check_unit(tx, to, type);
	if (r > 0) {
		if (!p->optional) {
			fail_job(tx, from);
		}
		return 0;
	}
	r = add_job(tx, to, type, from, p->matters);
	if (r == 0 && p->conflict) {
		tx->jobs[tx->head[to]].by_conflict = tx->jobs[tx->head[to]].type == JOB_STOP;
	}
	return r;
}

static int pull_all(struct tx *tx, uint32_t from, const struct pull *pulls, size_t n)
{
	uint32_t unit = tx->jobs[from].unit;
	uint32_t n_edges;

	for (size_t i = 0; i < n; i++) {
		const struct graph_edge *e =
			graph_edges(tx->world->graph, unit, pulls[i].rel, &n_edges);

		for (uint32_t k = 0; k < n_edges; k++) {
			if (pull_one(tx, from, e[k].unit, &pulls[i]) < 0) {
				return -ENOMEM;
			}
		}
	}
	return 0;
}

static int expand(struct tx *tx, uint32_t job)
{
	enum job_type type = tx->jobs[job].type;
	int r = 0;

	if (type == JOB_START || type == JOB_RESTART) {
		r = pull_all(tx, job, start_pulls, ELEMENTSOF(start_pulls));
	}
	if (r == 0 && type == JOB_STOP) {
		r = pull_all(tx, job, stop_pulls, ELEMENTSOF(stop_pulls));
	}
	if (r == 0 && (type == JOB_RESTART ||
			      (type == JOB_START && job == tx->anchor &&
				      tx->request->mode == JOB_MODE_RESTART_DEPENDENCIES))) {
		r = pull_all(tx, job, restart_pulls, ELEMENTSOF(restart_pulls));
	}
	if (r == 0 && type == JOB_RELOAD) {
		r = pull_all(tx, job, reload_pulls, ELEMENTSOF(reload_pulls));
	}
	if (r == 0 && type == JOB_STOP && tx->request->mode == JOB_MODE_TRIGGERING) {
		r = pull_all(tx, job, triggering_pulls, ELEMENTSOF(triggering_pulls));
	}
	return r;
}

/* A failed job takes with it whoever must have it. */
static void spread_failures(struct tx *tx)
{
	for (uint32_t i = 0; i < tx->n_jobs; i++) {
		if (tx->jobs[i].failed) {
			tx_fail(tx, i);
		}
	}
}

static int build(struct tx *tx)
{
	bool alone = tx->request->mode == JOB_MODE_IGNORE_DEPENDENCIES ||
		     tx->request->mode == JOB_MODE_IGNORE_REQUIREMENTS;
	int r = check_unit(tx, tx->request->unit, tx->request->type);

	if (r != 0) {
		return r;
	}
	if (add_job(tx, tx->request->unit, tx->request->type, GRAPH_NONE, true) < 0) {
		return -ENOMEM;
	}
	tx->anchor = 0;
	for (uint32_t i = 0; i < tx->n_jobs && !alone; i++) {
		if (expand(tx, i) < 0) {
			return -ENOMEM;
		}
	}
	spread_failures(tx);
	return tx->jobs[tx->anchor].deleted ? 1 : 0;
}

static int add_isolate(struct tx *tx)
{
	struct transaction_unit u;

	for (uint32_t i = 0; i < tx->world->graph->n_units; i++) {
		if (tx->head[i] != GRAPH_NONE) {
			continue;
		}
		tx_look(tx, i, &u);
		if (u.keep_on_isolate || (u.down && u.queued == JOB_NONE)) {
			continue;
		}
		if (add_job(tx, i, JOB_STOP, tx->anchor, false) < 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

/* Marks what is reached from the anchor, by links that matter or by all. */
static void walk(struct tx *tx, bool matters_only)
{
	uint32_t top = tx->anchor;

	for (uint32_t i = 0; i < tx->n_jobs; i++) {
		tx->jobs[i].reached = i == tx->anchor;
	}
	tx->jobs[top].stack = GRAPH_NONE;
	while (top != GRAPH_NONE) {
		const struct tjob *j = &tx->jobs[top];
		uint32_t l = j->deleted ? GRAPH_NONE : j->links_out;

		top = j->stack;
		for (; l != GRAPH_NONE; l = tx->links[l].next_out) {
			struct tjob *to = &tx->jobs[tx->links[l].to];

			if (to->reached || (matters_only && !tx->links[l].matters)) {
				continue;
			}
			to->reached = true;
			to->stack = top;
			top = tx->links[l].to;
		}
	}
}

/* Marks the jobs without which the request is not fulfilled. */
static void mark_matters(struct tx *tx)
{
	walk(tx, true);
	for (uint32_t i = 0; i < tx->n_jobs; i++) {
		tx->jobs[i].matters = tx->jobs[i].reached;
	}
}

void tx_collect(struct tx *tx)
{
	walk(tx, false);
	for (uint32_t i = 0; i < tx->n_jobs; i++) {
		tx->jobs[i].deleted = tx->jobs[i].deleted || !tx->jobs[i].reached;
	}
}

static bool is_redundant(enum job_type type, const struct transaction_unit *u)
{
	switch (type) {
	case JOB_START:
	case JOB_VERIFY_ACTIVE:
		return u->active;
	case JOB_STOP:
		return u->down;
	case JOB_RELOAD:
		return u->reloading;
	case JOB_NOP:
		return true;
	case JOB_NONE:
	case JOB_RESTART:
	case JOB_TRY_RESTART:
	case JOB_TRY_RELOAD:
	case JOB_RELOAD_OR_START:
	case JOB_TYPE_COUNT:
		break;
	}
	return false;
}

static bool unit_is_anchored(const struct tx *tx, uint32_t unit)
{
	return tx->request->unit == unit;
}

static bool job_is_redundant(const struct tx *tx, const struct tjob *j)
{
	struct transaction_unit u;

	tx_look(tx, j->unit, &u);
	return is_redundant(j->type, &u) &&
	       (u.queued == JOB_NONE || u.queued == JOB_NOP ||
		       job_type_merge(u.queued, j->type, u.active) != JOB_NONE);
}

/*
 * A unit's jobs go together: the stop that a conflict demands of a unit that is down must still
 * meet the start that another dependency demands of it.
 */
static void drop_redundant(struct tx *tx)
{
	for (uint32_t i = 0; i < tx->n_jobs; i++) {
		tx->unit_busy[tx->jobs[i].unit] = unit_is_anchored(tx, tx->jobs[i].unit);
	}
	for (uint32_t i = 0; i < tx->n_jobs; i++) {
		const struct tjob *j = &tx->jobs[i];

		if (!j->deleted && !job_is_redundant(tx, j)) {
			tx->unit_busy[j->unit] = true;
		}
	}
	for (uint32_t i = 0; i < tx->n_jobs; i++) {
		struct tjob *j = &tx->jobs[i];

		j->deleted = j->deleted || !tx->unit_busy[j->unit];
	}
}

/* Mode fail: what does not matter must not disturb. */
static void drop_disturbing(struct tx *tx)
{
	struct transaction_unit u;

	for (uint32_t i = 0; i < tx->n_jobs; i++) {
		struct tjob *j = &tx->jobs[i];
		bool stops, changes;

		if (j->deleted || j->matters) {
			continue;
		}
		tx_look(tx, j->unit, &u);
		stops = j->type == JOB_STOP && (u.active || u.activating);
		changes = u.queued != JOB_NONE && u.queued != JOB_NOP &&
			  job_type_merge(u.queued, j->type, u.active) == JOB_NONE;
		if (stops || changes) {
			tx_fail(tx, i);
		}
	}
}

static int check_destructive(struct tx *tx)
{
	struct transaction_unit u;

	for (uint32_t i = 0; i < tx->n_jobs; i++) {
		const struct tjob *j = &tx->jobs[i];

		if (j->deleted || j->type == JOB_NOP) {
			continue;
		}
		tx_look(tx, j->unit, &u);
		if (u.queued == JOB_NONE || u.queued == JOB_NOP ||
			(tx->request->mode != JOB_MODE_FAIL && !u.queued_irreversible) ||
			job_type_merge(u.queued, j->type, u.active) != JOB_NONE) {
			continue;
		}
		return tx_refuse(tx, ENGINE_DESTRUCTIVE,
			"%s job of %s contradicts the queued %s job.", job_type_to_string(j->type),
			tx->world->graph->names[j->unit], job_type_to_string(u.queued));
	}
	return 0;
}

static int emit(struct tx *tx)
{
	struct transaction_plan *p = tx->plan;
	uint32_t flags = 0;

	if (tx->request->mode == JOB_MODE_REPLACE_IRREVERSIBLY) {
		flags |= JOB_IRREVERSIBLE;
	}
	if (tx->request->mode == JOB_MODE_IGNORE_DEPENDENCIES) {
		flags |= JOB_IGNORE_ORDER;
	}
	p->jobs = calloc((size_t)tx->n_jobs + 1, sizeof(*p->jobs));
	if (!p->jobs) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < tx->n_jobs; i++) {
		if (!tx->jobs[i].deleted) {
			p->jobs[p->n++] = (struct planned_job) { tx->jobs[i].unit, tx->jobs[i].type,
				flags, unit_is_anchored(tx, tx->jobs[i].unit) };
		}
	}
	return 0;
}

static int run(struct tx *tx)
{
	bool isolate = tx->request->mode == JOB_MODE_ISOLATE;
	int r = build(tx);

	if (r == 0 && isolate) {
		r = add_isolate(tx);
	}
	if (r != 0) {
		return r;
	}
	mark_matters(tx);
	if (tx->request->mode == JOB_MODE_FAIL) {
		drop_disturbing(tx);
	}
	drop_redundant(tx);
	tx_collect(tx);
	r = tx_merge(tx);
	if (r == 0) {
		r = tx_order(tx);
	}
	if (r != 0) {
		return r;
	}
	drop_redundant(tx);
	tx_collect(tx);
	r = check_destructive(tx);
	return r != 0 ? r : emit(tx);
}

int transaction_make(const struct transaction_world *world,
	const struct transaction_request *request, struct transaction_plan *ret,
	struct engine_error *ret_error)
{
	struct transaction_plan plan = { .cycle_victim = GRAPH_NONE };
	struct tx tx = { .world = world, .request = request, .error = ret_error, .plan = &plan };
	int r;

	tx.head = malloc(((size_t)world->graph->n_units + 1) * sizeof(*tx.head));
	if (!tx.head) {
		return -ENOMEM;
	}
	tx.unit_busy = calloc((size_t)world->graph->n_units + 1, sizeof(*tx.unit_busy));
	if (!tx.unit_busy) {
		free(tx.head);
		return -ENOMEM;
	}
	memset(tx.head, 0xff, ((size_t)world->graph->n_units + 1) * sizeof(*tx.head));
	r = run(&tx);
	free(tx.unit_busy);
	free(tx.head);
	free(tx.jobs);
	free(tx.links);
	if (r == 0) {
		*ret = plan;
	} else {
		free(plan.jobs);
	}
	return r;
}
