// SPDX-License-Identifier: MIT
/*
 * How long somebody is waited for who may hang: counted in supd-init's own turns, not by the clock.
 * Where this process gets to run late, everybody does: of each wait no more than a slice counts, so
 * that a machine that stood still for an hour has lost half a second. (CPU time would tell less: a
 * guest that its host has stopped charges all of the pause to whoever ran.) Who was given up is
 * given twice as long the next time, so that what one machine needs is found, however slow it is.
 * Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct grace {
	uint64_t seen_us;  /* looked at last; 0: nobody is waited for */
	uint64_t spent_us; /* as far as it counts */
	uint64_t limit_us;
};

/* base_us, doubled for each of so many that were given up in a row; max_us at most. */
uint64_t grace_limit(uint64_t base_us, uint64_t max_us, uint32_t given_up);
/* now: monotonic, us. */
void grace_begin(struct grace *g, uint64_t limit_us, uint64_t now);
void grace_end(struct grace *g);
bool grace_runs(const struct grace *g);
/* Counts what has passed. True: it is over; it is still to be ended by its owner. */
bool grace_is_over(struct grace *g, uint64_t now);
/* Lowers *at (0: none) to the next moment to look. */
void grace_deadline(const struct grace *g, uint64_t *at);
