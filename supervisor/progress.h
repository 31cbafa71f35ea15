// SPDX-License-Identifier: MIT
/*
 * What the console is told while a machine boots or goes down: jobs that have been running for
 * long. supd-init, which knows the names, writes the lines.
 */
#pragma once

#include "shell.h"

#define PROGRESS_AFTER_US (5 * USEC_PER_SEC)
#define PROGRESS_EVERY_US (5 * USEC_PER_SEC)
#define PROGRESS_AT_ONCE  4u

struct progress_job {
	const struct unit *unit;
	uint32_t kind; /* enum wire_wait */
	usec_t since;  /* when the job began to run */
	usec_t until;  /* its limit or that of the unit's state; USEC_INFINITY: none */
};

/*
 * The jobs that have been running for PROGRESS_AFTER_US, longest first, at most PROGRESS_AT_ONCE.
 * *ret_more: how many there are beyond. Pure.
 */
uint32_t progress_pick(const struct engine *e, usec_t now,
	struct progress_job ret[PROGRESS_AT_ONCE], uint32_t *ret_more);

/* Its timer, off. -errno. */
int progress_init(struct shell *s);
/* After each turn: on while it has something to watch. -errno. */
int progress_arm(struct shell *s);
