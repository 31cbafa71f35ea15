// SPDX-License-Identifier: MIT
/*
 * Asking for jobs and waiting for their ends.
 *
 * A job's end is the signal JobRemoved. Should supd be restarted meanwhile, the connection drops:
 * the wait connects again (with back-off, for at most JOBWAIT_RECONNECT_US), and then judges by the
 * unit's own Job and ActiveState until they are settled. A request that was lost on the way is
 * made again; one that was carried out is not.
 */
#pragma once

#include "../../runtime/base/timeutil.h"
#include "ctl.h"

#define JOBWAIT_RECONNECT_US (90 * USEC_PER_SEC)

enum job_goal {
	GOAL_UP,        /* active when done */
	GOAL_ANEW,      /* active since the request when done */
	GOAL_DOWN,      /* inactive when done */
	GOAL_UNCHANGED, /* no matter, as long as nothing is going on */
};

struct job_verb {
	const char *name, *method;
	enum job_goal goal;
};

struct job {
	char unit[LIMIT_UNIT_NAME];
	char path[128];  /* object path; "" while not asked for, or after a reconnect */
	char result[32]; /* "done" …; "" while it goes on */
	usec_t asked_us; /* CLOCK_MONOTONIC, of the first request */
	unsigned requests;
};

struct job_set {
	struct ctl *c;
	const struct job_verb *verb;
	struct job *jobs;
	size_t n;
	sd_bus_slot *match;
	unsigned reconnects;
};

/* c must be connected. Installs the signal match. -errno. */
int job_set_init(struct job_set *s, struct ctl *c, const struct job_verb *verb, size_t n);
void job_set_fini(struct job_set *s);

/*
 * Asks for job i, whose unit is set. Reconnects when the connection drops on the way. -errno with
 * *error filled by the server's refusal.
 */
int job_set_request(struct job_set *s, size_t i, sd_bus_error *error);

/* Returns when every job that was asked for has a result. -errno when supd does not come back. */
int job_set_wait(struct job_set *s);
