// SPDX-License-Identifier: MIT
/* One job per unit, then the order of all of them: no cycle may be left. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "transaction_internal.h"

/* Of two jobs that cannot be one: which goes? GRAPH_NONE: neither may. */
static uint32_t choose_conflict(const struct tx *tx, uint32_t a, uint32_t b)
{
	const struct tjob *x = &tx->jobs[a];
	const struct tjob *y = &tx->jobs[b];
	uint32_t stop = x->type == JOB_STOP ? a : b;
	uint32_t other = stop == a ? b : a;

	if (x->matters && y->matters) {
		return GRAPH_NONE;
	}
	if (x->matters != y->matters) {
		return x->matters ? b : a;
	}
	return tx->jobs[stop].by_conflict ? other : stop;
}

/* Points every link of `from` at `to`. */
static void move_links(struct tx *tx, uint32_t from, uint32_t to)
{
	struct tjob *old = &tx->jobs[from];
	struct tjob *new = &tx->jobs[to];
	uint32_t *end = &old->links_in;

	for (; *end != GRAPH_NONE; end = &tx->links[*end].next_in) {
		tx->links[*end].to = to;
	}
	*end = new->links_in;
	new->links_in = old->links_in;
	old->links_in = GRAPH_NONE;
	for (end = &old->links_out; *end != GRAPH_NONE; end = &tx->links[*end].next_out) {
		tx->links[*end].from = to;
	}
	*end = new->links_out;
	new->links_out = old->links_out;
	old->links_out = GRAPH_NONE;
	new->matters |= old->matters;
	old->deleted = true;
	if (tx->anchor == from) {
		tx->anchor = to;
	}
}

/* 0: merged, 1: refused, 2: one was dropped, start again. */
static int merge_pair(struct tx *tx, uint32_t a, uint32_t b)
{
	struct transaction_unit u;
	enum job_type type;
	uint32_t victim;

	tx_look(tx, tx->jobs[a].unit, &u);
	type = tx->jobs[b].type == JOB_NOP ? tx->jobs[a].type
	       : tx->jobs[a].type == JOB_NOP
		       ? tx->jobs[b].type
		       : job_type_merge(tx->jobs[a].type, tx->jobs[b].type, u.active);
	if (type != JOB_NONE) {
		tx->jobs[a].type = type;
		move_links(tx, b, a);
		return 0;
	}
	victim = choose_conflict(tx, a, b);
	if (victim == GRAPH_NONE) {
		return tx_refuse(tx, ENGINE_CONFLICT, "The request asks for both %s and %s of %s.",
			job_type_to_string(tx->jobs[a].type), job_type_to_string(tx->jobs[b].type),
			tx->world->graph->names[tx->jobs[a].unit]);
	}
	tx_fail(tx, victim);
	tx_collect(tx);
	return 2;
}

static uint32_t next_live(const struct tx *tx, uint32_t job)
{
	do {
		job = tx->jobs[job].next;
	} while (job != GRAPH_NONE && tx->jobs[job].deleted);
	return job;
}

int tx_merge(struct tx *tx)
{
	for (uint32_t i = 0; i < tx->n_jobs; i++) {
		uint32_t a = tx_job_of(tx, tx->jobs[i].unit);
		uint32_t b = a == GRAPH_NONE ? a : next_live(tx, a);
		int r;

		if (b == GRAPH_NONE) {
			continue;
		}
		r = merge_pair(tx, a, b);
		if (r == 1) {
			return 1;
		}
		i--; /* the same unit again, until one job is left */
	}
	return 0;
}

/* ---- order ---- */

enum colour {
	WHITE,
	GREY,
	BLACK,
};

struct frame {
	uint32_t unit;
	uint32_t next; /* edge to look at, BEFORE edges first, then AFTER */
};

struct search {
	struct tx *tx;
	uint8_t *colour;
	struct frame *stack;
	uint32_t depth;
};

static enum job_type type_of(const struct tx *tx, uint32_t unit)
{
	uint32_t j = tx_job_of(tx, unit);
	struct transaction_unit u;

	if (j != GRAPH_NONE) {
		return tx->jobs[j].type;
	}
	tx_look(tx, unit, &u);
	return u.queued;
}

/* The next unit whose job must run before this frame's; GRAPH_NONE: no more. */
static uint32_t next_before(struct search *s, struct frame *f)
{
	const struct graph *g = s->tx->world->graph;
	enum job_type mine = type_of(s->tx, f->unit);
	uint32_t n_before, n_after;
	const struct graph_edge *before = graph_edges(g, f->unit, REL_BEFORE, &n_before);
	const struct graph_edge *after = graph_edges(g, f->unit, REL_AFTER, &n_after);

	while (f->next < n_before + n_after) {
		uint32_t i = f->next++;
		uint32_t other = i < n_before ? before[i].unit : after[i - n_before].unit;
		enum job_type theirs = type_of(s->tx, other);

		if (i < n_before ? job_order(mine, theirs) > 0 : job_order(theirs, mine) < 0) {
			return other;
		}
	}
	return GRAPH_NONE;
}

static void write_path(struct search *s, uint32_t first, char *text, size_t size)
{
	const struct graph *g = s->tx->world->graph;
	size_t at = 0;

	for (uint32_t i = first; i <= s->depth && at < size; i++) {
		uint32_t unit = s->stack[i < s->depth ? i : first].unit;
		int n = snprintf(
			text + at, size - at, "%s%s", i > first ? " -> " : "", g->names[unit]);

		at += n > 0 ? (size_t)n : 0;
	}
}

/* Drops the member that may be dropped; 0, or 1: none may. */
static int break_cycle(struct search *s, uint32_t first)
{
	const struct graph *g = s->tx->world->graph;
	uint32_t victim = GRAPH_NONE;
	char path[1024] = "";

	write_path(s, first, path, sizeof(path));
	for (uint32_t i = first; i < s->depth; i++) {
		uint32_t unit = s->stack[i].unit;
		uint32_t j = tx_job_of(s->tx, unit);

		if (j == GRAPH_NONE || s->tx->jobs[j].matters) {
			continue;
		}
		if (victim == GRAPH_NONE || strcmp(g->names[unit], g->names[victim]) > 0) {
			victim = unit;
		}
	}
	if (victim == GRAPH_NONE) {
		return tx_refuse(s->tx, ENGINE_CYCLE, "Ordering cycle: %.900s", path);
	}
	if (s->tx->plan->cycle_victim == GRAPH_NONE) {
		s->tx->plan->cycle_victim = victim;
		memcpy(s->tx->plan->cycle, path, sizeof(path));
	}
	tx_fail_unit(s->tx, victim);
	tx_collect(s->tx);
	return 2;
}

/* 0, 1: refused, 2: a cycle was broken, look again. */
static int visit(struct search *s, uint32_t unit)
{
	s->depth = 0;
	s->stack[s->depth++] = (struct frame) { unit, 0 };
	s->colour[unit] = GREY;
	while (s->depth > 0) {
		struct frame *f = &s->stack[s->depth - 1];
		uint32_t other = next_before(s, f);
		uint32_t first = s->depth;

		if (other == GRAPH_NONE) {
			s->colour[f->unit] = BLACK;
			s->depth--;
		} else if (s->colour[other] == WHITE) {
			s->colour[other] = GREY;
			s->stack[s->depth++] = (struct frame) { other, 0 };
		} else if (s->colour[other] == GREY) {
			while (s->stack[first - 1].unit != other) {
				first--;
			}
			return break_cycle(s, first - 1);
		}
	}
	return 0;
}

int tx_order(struct tx *tx)
{
	uint32_t n = tx->world->graph->n_units;
	AUTO_FREE uint8_t *colour = calloc((size_t)n + 1, 1);
	AUTO_FREE struct frame *stack = calloc((size_t)n + 1, sizeof(*stack));
	struct search s = { .tx = tx, .colour = colour, .stack = stack };

	if (!colour || !stack) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < tx->n_jobs; i++) {
		int r;

		if (tx->jobs[i].deleted || colour[tx->jobs[i].unit] != WHITE ||
			tx->request->mode == JOB_MODE_IGNORE_DEPENDENCIES) {
			continue;
		}
		r = visit(&s, tx->jobs[i].unit);
		if (r == 1) {
			return 1;
		}
		if (r == 2) {
			memset(colour, WHITE, n);
			i = UINT32_MAX; /* from the start */
		}
	}
	return 0;
}
