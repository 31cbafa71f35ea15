// SPDX-License-Identifier: MIT
/* The end of a life: cleaning, dead or failed, and automatic restarts. */
#include <signal.h>
#include <string.h>

#include "service_internal.h"

#define HEALTHY_US (10 * USEC_PER_SEC)

/* The n-th root of ratio, by bisection; ratio >= 1. */
static double nth_root(double ratio, uint32_t n)
{
	double low = 1;
	double high = ratio;

	for (int i = 0; i < 64; i++) {
		double mid = (low + high) / 2;
		double power = 1;

		for (uint32_t k = 0; k < n && power <= ratio; k++) {
			power *= mid;
		}
		if (power > ratio) {
			high = mid;
		} else {
			low = mid;
		}
	}
	return low;
}

usec_t service_restart_delay(const struct manifest_service *m, uint32_t restart)
{
	double delay = (double)m->restart_us;
	double factor;

	if (m->restart_steps == 0 || m->restart_us == 0 || m->restart_us == USEC_INFINITY ||
		m->restart_max_delay_us == USEC_INFINITY ||
		m->restart_max_delay_us <= m->restart_us || restart <= 1) {
		return m->restart_us;
	}
	if (restart > m->restart_steps) {
		return m->restart_max_delay_us;
	}
	factor =
		nth_root((double)m->restart_max_delay_us / (double)m->restart_us, m->restart_steps);
	for (uint32_t i = 1; i < restart; i++) {
		delay *= factor;
	}
	return (usec_t)(delay + 0.5);
}

static bool policy_restarts(const struct service *s)
{
	enum service_result r = s->result;

	switch ((enum service_restart)s->def.service->restart) {
	case RESTART_NO:
		return false;
	case RESTART_ALWAYS:
		return r != RESULT_EXEC_CONDITION;
	case RESTART_ON_SUCCESS:
		return r == RESULT_SUCCESS;
	case RESTART_ON_FAILURE:
		return r != RESULT_SUCCESS && r != RESULT_EXEC_CONDITION;
	case RESTART_ON_ABNORMAL:
		return r != RESULT_SUCCESS && r != RESULT_EXIT_CODE && r != RESULT_EXEC_CONDITION;
	case RESTART_ON_WATCHDOG:
		return r == RESULT_WATCHDOG;
	case RESTART_ON_ABORT:
		return r == RESULT_SIGNAL || r == RESULT_CORE_DUMP;
	case SERVICE_RESTART_COUNT:
		break;
	}
	return false;
}

static bool shall_restart(const struct service *s)
{
	const struct manifest_service *m = s->def.service;

	if (s->forbid_restart) {
		return false;
	}
	if (s->main_code &&
		service_exit_set_has(&m->prevent_restart, s->main_code, s->main_status)) {
		return false;
	}
	if (s->main_code && service_exit_set_has(&m->force_restart, s->main_code, s->main_status) &&
		!(m->type == SERVICE_ONESHOT && s->result == RESULT_SUCCESS)) {
		return true;
	}
	return policy_restarts(s);
}

static enum service_state end_state(const struct service *s)
{
	return s->result == RESULT_SUCCESS || s->result == RESULT_EXEC_CONDITION ? SERVICE_DEAD
										 : SERVICE_FAILED;
}

static bool can_release(const struct service *s)
{
	return s->has_slot && !s->populated && !service_place_busy(s, ENTRY_MAIN) &&
	       !service_place_busy(s, ENTRY_CONTROL) && !service_place_busy(s, ENTRY_WORK);
}

/*
 * A transient unit that failed is kept until reset-failed, and its file, which the clean-up
 * removes, with it: its slot is not given back before.
 */
static bool is_kept(const struct service *s)
{
	return (s->def.unit->flags & (UNIT_TRANSIENT | UNIT_COLLECT_FAILED)) == UNIT_TRANSIENT &&
	       end_state(s) == SERVICE_FAILED;
}

bool service_is_kept(const struct service *s)
{
	return s->state == SERVICE_FAILED && s->has_slot && is_kept(s);
}

void step_push_release(struct step *st, bool restart)
{
	const struct service *s = st->s;
	uint32_t preserve = s->def.service->fdstore_preserve;
	struct effect *e = step_push(st, EFFECT_RELEASE);

	e->entry = s->def.unit->clean_entry;
	if (restart || end_state(s) == SERVICE_FAILED || s->main_code) {
		e->params.flags |= WIRE_RELEASE_KEEP_NOTE;
	}
	if (restart) {
		e->params.flags |= WIRE_RUN_RESTART;
	}
	if (preserve == FDSTORE_PRESERVE_YES || (restart && preserve == FDSTORE_PRESERVE_RESTART)) {
		e->params.flags |= WIRE_RELEASE_KEEP_STORE;
	}
	st->s->releasing = true;
}

static void enter_end(struct step *st)
{
	struct service *s = st->s;

	s->restart_at_us = USEC_INFINITY;
	s->notify_access = NOTIFY_ACCESS_COUNT;
	step_set_state(st, end_state(s));
}

static void enter_restart(struct step *st)
{
	struct service *s = st->s;
	const struct manifest_service *m = s->def.service;
	usec_t healthy = HEALTHY_US;
	bool clean = can_release(s) && s->def.unit->clean_entry != CATALOGUE_NONE;

	if (m->restart_max_delay_us != USEC_INFINITY && m->restart_max_delay_us > healthy) {
		healthy = m->restart_max_delay_us;
	}
	if (s->active_since_us && st->now - s->active_since_us >= healthy) {
		s->restarts = 0;
	}
	s->restart_at_us = usec_add(st->now, service_restart_delay(m, s->restarts + 1));
	if (m->restart_mode == RESTART_MODE_DIRECT) {
		step_set_state(st, SERVICE_AUTO_RESTART);
	} else {
		step_set_state(st, end_state(s) == SERVICE_FAILED
					   ? SERVICE_FAILED_BEFORE_AUTO_RESTART
					   : SERVICE_DEAD_BEFORE_AUTO_RESTART);
	}
	if (clean) {
		step_push_release(st, true);
		step_arm(st, m->timeout_stop_us);
		return;
	}
	on_before_restart_ready(st);
}

void enter_dead(struct step *st, enum service_result result)
{
	struct service *s = st->s;

	service_record_result(s, result);
	s->watchdog_deadline_us = USEC_INFINITY;
	if (s->result != RESULT_SUCCESS && s->result != RESULT_EXEC_CONDITION) {
		step_log(st, LOG_FAILED, (int32_t)s->result);
	}
	if (shall_restart(s)) {
		enter_restart(st);
		return;
	}
	if (!can_release(s) || is_kept(s)) {
		if (s->populated) {
			step_log(st, LOG_LEFTOVERS, 0);
		}
		enter_end(st);
		return;
	}
	step_set_state(st, SERVICE_CLEANING);
	step_arm(st, s->def.service->timeout_stop_us);
	step_push_release(st, false);
}

/* The last process that a stop left behind is gone: now the slot can be cleaned and given back. */
void on_left_over_gone(struct step *st)
{
	if (st->event->type == EV_MAIN_EXITED) {
		step_end_of_main(st); /* its status is kept */
	}
	if (can_release(st->s) && !st->s->releasing && !is_kept(st->s)) {
		step_push_release(st, false);
	}
}

void on_cleaned(struct step *st)
{
	st->s->releasing = false;
	enter_end(st);
}

/* Cleaned, or nothing to clean: the restart's delay runs. */
void on_before_restart_ready(struct step *st)
{
	struct service *s = st->s;
	usec_t at = s->restart_at_us;

	s->releasing = false;
	if (s->state != SERVICE_AUTO_RESTART) {
		step_set_state(st, SERVICE_AUTO_RESTART);
	}
	s->deadline_us = at < st->now ? st->now : at;
	s->deadline_base_us = s->deadline_us;
}

/* A token of the start limit; only automatic restarts take one. */
static bool limit_allows(struct step *st)
{
	struct service *s = st->s;
	const struct manifest_unit *u = s->def.unit;

	if (u->start_limit_interval_us == 0 || u->start_limit_burst == 0) {
		return true;
	}
	if (s->limit_count == 0 || st->now - s->limit_begin_us >= u->start_limit_interval_us) {
		s->limit_begin_us = st->now;
		s->limit_count = 0;
	}
	if (s->limit_count >= u->start_limit_burst) {
		return false;
	}
	s->limit_count++;
	return true;
}

void on_auto_restart_timeout(struct step *st)
{
	struct service *s = st->s;

	if (s->releasing) {
		on_before_restart_ready(st);
		return;
	}
	if (s->restart_at_us == USEC_INFINITY) {
		return;
	}
	step_log(st, LOG_RESTART_SCHEDULED, (int32_t)(s->restarts + 1));
	if (!limit_allows(st)) {
		step_log(st, LOG_START_LIMIT, 0);
		service_record_result(s, RESULT_START_LIMIT_HIT);
		s->limit_count = 0;
		s->forbid_restart = true;
		s->limit_hit = true;
		enter_dead(st, RESULT_START_LIMIT_HIT);
		return;
	}
	/* The engine makes the start job; the state stays until that job runs. */
	s->restarts++;
	s->restart_at_us = USEC_INFINITY;
	step_arm(st, USEC_INFINITY);
	step_push(st, EFFECT_AUTO_RESTART);
}

void on_reset_counters(struct step *st)
{
	st->s->restarts = 0;
	st->s->limit_count = 0;
}

void on_reset_failed(struct step *st)
{
	struct service *s = st->s;
	bool kept = service_is_kept(s);

	on_reset_counters(st);
	s->result = RESULT_SUCCESS;
	memset(&s->failure, 0, sizeof(s->failure));
	if (s->state == SERVICE_FAILED) {
		step_set_state(st, SERVICE_DEAD);
	}
	if (can_release(s) && !s->releasing) {
		step_push(st, EFFECT_RELEASE)->entry =
			kept ? s->def.unit->clean_entry : CATALOGUE_NONE;
		s->releasing = true;
	}
}
