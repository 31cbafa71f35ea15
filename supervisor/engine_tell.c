// SPDX-License-Identifier: MIT
/* What the log says of a unit's way up and down: the words of systemd's journal. */
#include "engine_internal.h"

/* The job whose doing this change is; JOB_TYPE_COUNT: none's. */
static enum job_type running(const struct unit *u)
{
	return u->job && u->job->state == JOB_RUNNING ? u->job->type : JOB_TYPE_COUNT;
}

static bool is_stopping(const struct unit *u)
{
	return running(u) == JOB_STOP || running(u) == JOB_RESTART;
}

static bool is_oneshot(const struct unit *u)
{
	const struct manifest_service *m = u->service.def.service;

	return u->type == UNIT_SERVICE && m && m->type == SERVICE_ONESHOT;
}

static void tell_up(struct engine *e, struct unit *u, enum unit_active_state old)
{
	if (old == ACTIVE_RELOADING) {
		engine_log(e, u, LOG_RELOADED, 0);
	} else {
		engine_log(e, u, is_oneshot(u) ? LOG_FINISHED : LOG_STARTED, 0);
	}
}

static void tell_down(struct engine *e, struct unit *u)
{
	bool done = u->is_service && u->service.result == RESULT_SUCCESS;

	if (done) {
		engine_log(e, u, LOG_SUCCEEDED, 0);
	}
	if (is_stopping(u) || !u->is_service) {
		engine_log(e, u, LOG_STOPPED, 0);
	} else if (done && is_oneshot(u) && running(u) == JOB_START) {
		engine_log(e, u, LOG_FINISHED, 0);
	}
}

void engine_tell_change(struct engine *e, struct unit *u, enum unit_active_state old)
{
	switch (u->active) {
	case ACTIVE_INACTIVE:
		if (old != ACTIVE_FAILED) { /* reset-failed: it was down */
			tell_down(e, u);
		}
		return;
	case ACTIVE_ACTIVATING:
		/* The wait before a restart is no start yet. */
		if (!u->is_service || u->service.state != SERVICE_AUTO_RESTART) {
			engine_log(e, u, LOG_STARTING, 0);
		}
		return;
	case ACTIVE_ACTIVE:
		tell_up(e, u, old);
		return;
	case ACTIVE_RELOADING:
		engine_log(e, u, LOG_RELOADING, 0);
		return;
	case ACTIVE_DEACTIVATING:
		if (is_stopping(u)) {
			engine_log(e, u, LOG_STOPPING, 0);
		}
		return;
	case ACTIVE_FAILED:
	case ACTIVE_MAINTENANCE:
	case ACTIVE_STATE_COUNT:
		return;
	}
}

void engine_tell_restart(struct engine *e, struct unit *u, const struct effect *x)
{
	if (x->old_state == SERVICE_AUTO_RESTART && u->active == ACTIVE_ACTIVATING) {
		engine_log(e, u, LOG_STARTING, 0);
	}
}

void engine_tell_failed_start(struct engine *e, struct unit *u, uint32_t job)
{
	struct effect *x = engine_push(e, EFFECT_LOG, u);

	if (x) {
		x->log = LOG_START_FAILED;
		x->job = job;
	}
}
