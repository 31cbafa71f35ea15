// SPDX-License-Identifier: MIT
/*
 * Jobs: types, results, and the queue of what is to be done. A unit has at most one job; a job is
 * waiting (for jobs that come before it) or running. Owned by the engine.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../runtime/base/enumtable.h"
#include "../runtime/base/timeutil.h"

enum job_type {
	JOB_NONE,
	JOB_START,
	JOB_VERIFY_ACTIVE,
	JOB_STOP,
	JOB_RELOAD,
	JOB_RESTART,
	JOB_NOP,
	JOB_TYPE_QUEUED, /* the above can be queued, those below only be asked for */
	JOB_TRY_RESTART = JOB_TYPE_QUEUED,
	JOB_TRY_RELOAD,
	JOB_RELOAD_OR_START,
	JOB_TYPE_COUNT,
};
/* "start", "verify-active" … */
ENUM_DECLARE(job_type, enum job_type);

enum job_mode {
	JOB_MODE_FAIL,
	JOB_MODE_REPLACE,
	JOB_MODE_REPLACE_IRREVERSIBLY,
	JOB_MODE_ISOLATE,
	JOB_MODE_FLUSH,
	JOB_MODE_IGNORE_DEPENDENCIES,
	JOB_MODE_IGNORE_REQUIREMENTS,
	JOB_MODE_TRIGGERING,
	JOB_MODE_RESTART_DEPENDENCIES,
	JOB_MODE_COUNT,
};
ENUM_DECLARE(job_mode, enum job_mode);

enum job_state {
	JOB_WAITING,
	JOB_RUNNING,
	JOB_STATE_COUNT,
};
ENUM_DECLARE(job_state, enum job_state);

enum job_result {
	JOB_DONE,
	JOB_CANCELED,
	JOB_TIMEOUT,
	JOB_FAILED,
	JOB_DEPENDENCY,
	JOB_SKIPPED,
	JOB_INVALID,
	JOB_ASSERT,
	JOB_UNSUPPORTED,
	JOB_COLLECTED,
	JOB_ONCE,
	JOB_FROZEN,
	JOB_RESULT_COUNT,
};
ENUM_DECLARE(job_result, enum job_result);

enum job_flags {
	JOB_IRREVERSIBLE = 1 << 0,
	JOB_IGNORE_ORDER = 1 << 1,
	JOB_CHECKING = 1 << 2,      /* the conditions' worker runs */
	JOB_CHECKED = 1 << 3,       /* and has said yes */
	JOB_STARTING_HALF = 1 << 4, /* a restart whose stop is done */
	JOB_IN_RUN_QUEUE = 1 << 5,
	JOB_AUTOMATIC = 1 << 6, /* by auto-restart */
};

struct job {
	uint32_t id; /* never 0, never reused while queued */
	uint32_t unit;
	enum job_type type;
	enum job_state state;
	uint32_t flags;
	uint64_t check_cookie; /* of the conditions' worker, when JOB_CHECKING */
	usec_t begin_us;       /* enqueued */
	usec_t running_us;     /* began to run; 0: waits */
	usec_t deadline_us;    /* JobTimeoutSec=, JobRunningTimeoutSec= */
	struct job *run_next;  /* run queue, in order of enqueueing */
	struct job *run_prev;
};

/* The one type that does what both ask for, or JOB_NONE: they conflict. active: unit is active. */
enum job_type job_type_merge(enum job_type a, enum job_type b, bool active);
/* A request's type made one that can be queued. */
enum job_type job_type_collapse(enum job_type type, bool active, bool reloading, bool activating);
/*
 * Order of two jobs whose units are ordered "a's unit Before= b's unit": -1 a first, 1 b first,
 * 0 unordered.
 */
int job_order(enum job_type a, enum job_type b);
