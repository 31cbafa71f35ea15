// SPDX-License-Identifier: MIT
/* Shared by transaction.c (building) and transaction_order.c (merging, cycles) only. */
#pragma once

#include "transaction.h"

struct tjob {
	uint32_t unit;
	enum job_type type;
	uint32_t next;      /* of the same unit, GRAPH_NONE */
	uint32_t links_in;  /* first link that leads here */
	uint32_t links_out; /* first link that leads on */
	uint32_t stack;     /* scratch of the walks: the job below */
	bool matters;
	bool deleted;
	bool failed;
	bool expanded;
	bool by_conflict; /* a stop that a Conflicts= asks for */
	bool reached;     /* scratch of the walks */
};

struct tlink {
	uint32_t from; /* tjob; GRAPH_NONE: the request itself */
	uint32_t to;
	uint32_t next_in;  /* next link into `to` */
	uint32_t next_out; /* next link out of `from` */
	bool matters;
};

struct tx {
	const struct transaction_world *world;
	const struct transaction_request *request;
	struct engine_error *error;
	struct tjob *jobs;
	uint32_t n_jobs;
	uint32_t cap_jobs;
	struct tlink *links;
	uint32_t n_links;
	uint32_t cap_links;
	uint32_t *head;  /* [n_units]: first tjob of the unit, GRAPH_NONE */
	bool *unit_busy; /* by unit: has a job that is not redundant */
	uint32_t anchor;
	struct transaction_plan *plan;
};

/* The state of the unit, as the world tells it. */
void tx_look(const struct tx *tx, uint32_t unit, struct transaction_unit *ret);
/* Fills the error; returns 1. */
int tx_refuse(struct tx *tx, enum engine_error_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The job of that unit that is not deleted, GRAPH_NONE. */
uint32_t tx_job_of(const struct tx *tx, uint32_t unit);
/* Drops the job and all that must have it. */
void tx_fail(struct tx *tx, uint32_t job);
/* … all jobs of the unit. */
void tx_fail_unit(struct tx *tx, uint32_t unit);
/* Drops jobs that nothing asks for any more. */
void tx_collect(struct tx *tx);
/* Each 0, 1 (refused, error filled) or -ENOMEM. */
int tx_merge(struct tx *tx);
int tx_order(struct tx *tx);
