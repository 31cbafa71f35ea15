// SPDX-License-Identifier: MIT
/*
 * From one request to the list of jobs that carries it out, or the reason why it cannot be. Pure:
 * graph, unit states and queued jobs in, planned jobs out; nothing is changed.
 *
 * Steps: build from the anchor along the dependencies; drop what must be dropped (mode fail,
 * redundant, without a parent); merge the jobs of each unit; only then look for ordering cycles.
 * The victim of a cycle is a member that does not matter to the anchor, and of those the last in
 * order of unit names; with no such member the request fails with the whole path.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../runtime/plan/unitenum.h"
#include "engine_error.h"
#include "graph.h"
#include "job.h"

/* What the transaction must know of a unit. */
struct transaction_unit {
	enum unit_load_state load_state;
	bool active; /* active or reloading */
	bool reloading;
	bool activating; /* activating: with active what try-restart restarts */
	bool down;       /* inactive or failed */
	bool keep_on_isolate;
	enum job_type queued; /* JOB_NONE: none */
	bool queued_irreversible;
	bool vanished;               /* up, but there is no definition to start it again by */
	enum unit_load_state newest; /* vanished: why not */
};

typedef void transaction_look_fn(void *userdata, uint32_t unit, struct transaction_unit *ret);

struct transaction_world {
	const struct graph *graph;
	transaction_look_fn *look;
	void *userdata;
	bool all_jobs; /* also queued jobs take part in the order check */
};

struct transaction_request {
	enum job_type type; /* collapsed already: one that can be queued */
	enum job_mode mode;
	uint32_t unit;
};

struct planned_job {
	uint32_t unit;
	enum job_type type;
	uint32_t flags; /* JOB_IRREVERSIBLE, JOB_IGNORE_ORDER */
	bool anchor;
};

struct transaction_plan {
	struct planned_job *jobs; /* the caller frees; in order of unit index */
	uint32_t n;
	uint32_t cycle_victim; /* unit dropped to break a cycle, GRAPH_NONE */
	char cycle[1024];      /* its path, "a.service -> b.service -> a.service" */
};

/* 0, 1: refused, *ret_error filled; -ENOMEM. */
int transaction_make(const struct transaction_world *world,
	const struct transaction_request *request, struct transaction_plan *ret,
	struct engine_error *ret_error);
