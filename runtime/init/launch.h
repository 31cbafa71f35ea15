// SPDX-License-Identifier: MIT
/*
 * Launches: from an accepted RUN to the record of its end. A place whose launch waits for one of
 * the LIMIT_LAUNCHES_LIVE launchers is LAUNCHING and pending, in a list through the places.
 */
#pragma once

#include <sys/resource.h>

#include "../plan/launchwire.h"
#include "broker.h"

/* What RUN and RELEASE ask for; the place is free. */
struct launch_order {
	uint32_t slot;
	uint32_t catalogue_index; /* of table.catalogues */
	uint32_t entry;
	uint64_t cookie;
	const struct wire_params *params;
	const struct wire_cause *cause; /* NULL: as of the last order */
	bool release;
};
void launch_order(struct broker *b, const struct launch_order *order);
/* At the start: the first launches find a launcher. */
void launch_warm_up(struct broker *b);
/* No launch lives: launchers that only a burst needs are let go, two wait. */
void launch_rest(struct broker *b);
/* Starts pending launches while there is room and a launcher. */
void launch_serve(struct broker *b);
/* How a process ended, from waitid(2) and wait4(2). */
struct launch_end {
	pid_t pid;
	uint32_t code;   /* CLD_* */
	uint32_t status; /* exit status or signal */
	bool unknown;
	struct rusage usage;
};
/* A process of the place (launcher, child, adopted main) has ended and is reaped. */
void launch_ended(struct broker *b, uint32_t ref, const struct launch_end *end);
/* Ends what is not started yet: kills the launcher, or forgets a pending launch. */
void launch_cancel(struct broker *b, uint32_t ref);
/* The same for each launch of the slot that a RELEASE has not made, and for launchers not yet gone.
 */
void launch_cancel_all(struct broker *b, uint32_t n);
/* Finishes places whose processes are gone; used after adoption too. */
void launch_try_finish(struct broker *b, uint32_t ref);
/* RELEASE of slot n: drops everything, unless many cgroups are to be removed (slot.removing). */
void launch_release_done(struct broker *b, uint32_t n);
/* Goes on with those; once each turn. */
void launch_release_more(struct broker *b);
/* The job record for the place's launcher; for nobody else, as it is the first in a new cgroup. */
void launch_fill_job(struct broker *b, uint32_t ref, struct launch_job *job);
/* The place has no launcher any more, and another launch may begin in its stead. */
void launch_retire(struct broker *b, uint32_t ref);
/* Nothing of the place's job has been done: it waits for another launcher, or has failed. */
void launch_again(struct broker *b, uint32_t ref);
/* Start time of pid in ticks from /proc/PID/stat, 0 when unknown. */
uint64_t launch_birth(pid_t pid);
