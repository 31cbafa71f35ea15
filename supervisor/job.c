// SPDX-License-Identifier: MIT
#include "job.h"

static const char *const job_type_table[] = {
	[JOB_NONE] = "none",
	[JOB_START] = "start",
	[JOB_VERIFY_ACTIVE] = "verify-active",
	[JOB_STOP] = "stop",
	[JOB_RELOAD] = "reload",
	[JOB_RESTART] = "restart",
	[JOB_NOP] = "nop",
	[JOB_TRY_RESTART] = "try-restart",
	[JOB_TRY_RELOAD] = "try-reload",
	[JOB_RELOAD_OR_START] = "reload-or-start",
};
ENUM_TABLE(job_type, enum job_type, JOB_TYPE_COUNT)

static const char *const job_mode_table[] = {
	[JOB_MODE_FAIL] = "fail",
	[JOB_MODE_REPLACE] = "replace",
	[JOB_MODE_REPLACE_IRREVERSIBLY] = "replace-irreversibly",
	[JOB_MODE_ISOLATE] = "isolate",
	[JOB_MODE_FLUSH] = "flush",
	[JOB_MODE_IGNORE_DEPENDENCIES] = "ignore-dependencies",
	[JOB_MODE_IGNORE_REQUIREMENTS] = "ignore-requirements",
	[JOB_MODE_TRIGGERING] = "triggering",
	[JOB_MODE_RESTART_DEPENDENCIES] = "restart-dependencies",
};
ENUM_TABLE(job_mode, enum job_mode, JOB_MODE_COUNT)

static const char *const job_state_table[] = {
	[JOB_WAITING] = "waiting",
	[JOB_RUNNING] = "running",
};
ENUM_TABLE(job_state, enum job_state, JOB_STATE_COUNT)

static const char *const job_result_table[] = {
	[JOB_DONE] = "done",
	[JOB_CANCELED] = "canceled",
	[JOB_TIMEOUT] = "timeout",
	[JOB_FAILED] = "failed",
	[JOB_DEPENDENCY] = "dependency",
	[JOB_SKIPPED] = "skipped",
	[JOB_INVALID] = "invalid",
	[JOB_ASSERT] = "assert",
	[JOB_UNSUPPORTED] = "unsupported",
	[JOB_COLLECTED] = "collected",
	[JOB_ONCE] = "once",
	[JOB_FROZEN] = "frozen",
};
ENUM_TABLE(job_result, enum job_result, JOB_RESULT_COUNT)

/* Rows and columns of JOB_START … JOB_RESTART; NOP of start+reload: by the unit's state. */
static const uint8_t merge_table[JOB_TYPE_QUEUED][JOB_TYPE_QUEUED] = {
	[JOB_START] = { [JOB_START] = JOB_START,
		[JOB_VERIFY_ACTIVE] = JOB_START,
		[JOB_RELOAD] = JOB_NOP,
		[JOB_RESTART] = JOB_RESTART },
	[JOB_VERIFY_ACTIVE] = { [JOB_START] = JOB_START,
		[JOB_VERIFY_ACTIVE] = JOB_VERIFY_ACTIVE,
		[JOB_RELOAD] = JOB_RELOAD,
		[JOB_RESTART] = JOB_RESTART },
	[JOB_STOP] = { [JOB_STOP] = JOB_STOP },
	[JOB_RELOAD] = { [JOB_START] = JOB_NOP,
		[JOB_VERIFY_ACTIVE] = JOB_RELOAD,
		[JOB_RELOAD] = JOB_RELOAD,
		[JOB_RESTART] = JOB_RESTART },
	[JOB_RESTART] = { [JOB_START] = JOB_RESTART,
		[JOB_VERIFY_ACTIVE] = JOB_RESTART,
		[JOB_RELOAD] = JOB_RESTART,
		[JOB_RESTART] = JOB_RESTART },
};

enum job_type job_type_merge(enum job_type a, enum job_type b, bool active)
{
	enum job_type m = (enum job_type)merge_table[a][b];

	if (m == JOB_NOP) {
		return active ? JOB_RELOAD : JOB_START;
	}
	return m;
}

enum job_type job_type_collapse(enum job_type type, bool active, bool reloading, bool activating)
{
	if (type == JOB_TRY_RESTART) {
		return active || activating ? JOB_RESTART : JOB_NOP;
	}
	if (type == JOB_TRY_RELOAD) {
		return active || reloading ? JOB_RELOAD : JOB_NOP;
	}
	if (type == JOB_RELOAD_OR_START) {
		return active || reloading ? JOB_RELOAD : JOB_START;
	}
	return type;
}

int job_order(enum job_type a, enum job_type b)
{
	if (a == JOB_NONE || b == JOB_NONE || a == JOB_NOP || b == JOB_NOP) {
		return 0;
	}
	return b == JOB_STOP || b == JOB_RESTART ? 1 : -1;
}
