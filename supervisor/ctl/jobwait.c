// SPDX-License-Identifier: MIT
#include "jobwait.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"

#define BACKOFF_FIRST_US (20 * USEC_PER_MSEC)
#define BACKOFF_MAX_US   USEC_PER_SEC

/* An interval that doubles. */
static usec_t backoff(usec_t *interval)
{
	usec_t now = *interval;

	*interval = now * 2 > BACKOFF_MAX_US ? BACKOFF_MAX_US : now * 2;
	return now;
}

static void pause_us(usec_t interval)
{
	struct timespec ts = { (time_t)(interval / USEC_PER_SEC),
		(long)(interval % USEC_PER_SEC) * 1000 };

	nanosleep(&ts, NULL);
}

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct job_set *s = userdata;
	const char *path, *unit, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0) {
		return 0;
	}
	for (size_t i = 0; i < s->n; i++) {
		struct job *j = &s->jobs[i];
		bool same = *j->path && strcmp(j->path, path) == 0;

		if (!*j->result && same && strcmp(j->unit, unit) != 0 && s->reconnects) {
			same = false; /* numbers may have begun anew */
		}
		if (same && !*j->result) {
			snprintf(j->result, sizeof(j->result), "%.31s", result);
		}
	}
	return 0;
}

static int install_match(struct job_set *s)
{
	s->match = sd_bus_slot_unref(s->match);
	return sd_bus_match_signal(
		s->c->bus, &s->match, NULL, CTL_PATH, CTL_MANAGER, "JobRemoved", on_job_removed, s);
}

int job_set_init(struct job_set *s, struct ctl *c, const struct job_verb *verb, size_t n)
{
	int r;

	*s = (struct job_set) { .c = c, .verb = verb };
	s->jobs = calloc(n ? n : 1, sizeof(*s->jobs));
	if (!s->jobs) {
		return -ENOMEM;
	}
	s->n = n;
	r = install_match(s);
	return r < 0 ? r : 0;
}

void job_set_fini(struct job_set *s)
{
	sd_bus_slot_unref(s->match);
	free(s->jobs);
	*s = (struct job_set) { 0 };
}

/* A connection that answers, or -errno after JOBWAIT_RECONNECT_US. */
static int reconnect(struct job_set *s)
{
	usec_t interval = BACKOFF_FIRST_US;
	usec_t deadline = now_us() + JOBWAIT_RECONNECT_US;
	int r;

	s->reconnects++;
	do {
		__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;

		s->match = sd_bus_slot_unref(s->match);
		ctl_disconnect(s->c);
		r = ctl_try_connect(s->c);
		if (r >= 0) {
			r = install_match(s);
		}
		if (r >= 0) {
			r = sd_bus_get_property(s->c->bus, CTL_SERVICE, CTL_PATH, CTL_MANAGER,
				"Version", NULL, &reply, "s");
		}
		/* An answer is proof of life, even a refusal. */
		if (r >= 0 || (s->c->bus && sd_bus_is_open(s->c->bus) > 0 && !ctl_is_lost(r) &&
				      r != -ETIMEDOUT)) {
			return 0;
		}
		pause_us(backoff(&interval));
	} while (now_us() < deadline);
	return r;
}

static int request_once(struct job_set *s, struct job *j, sd_bus_error *error)
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
	const char *mode = s->c->o.job_mode ? s->c->o.job_mode : "replace";
	const char *path;
	int r = ctl_manager(s->c, s->verb->method, error, &reply, "ss", j->unit, mode);

	if (r >= 0) {
		r = sd_bus_message_read(reply, "o", &path);
	}
	if (r < 0) {
		return r;
	}
	j->requests++;
	snprintf(j->path, sizeof(j->path), "%.127s", path);
	return 0;
}

int job_set_request(struct job_set *s, size_t i, sd_bus_error *error)
{
	struct job *j = &s->jobs[i];
	int r;

	j->asked_us = now_us();
	for (;;) {
		r = request_once(s, j, error);
		if (r >= 0 || !ctl_is_lost(r) || sd_bus_is_open(s->c->bus) > 0) {
			return r;
		}
		sd_bus_error_free(error);
		r = reconnect(s);
		if (r < 0) {
			return r;
		}
	}
}

/* Whether the request is still unanswered by the unit's history: it never left its old state. */
static bool never_began(const struct job *j, const struct props *p)
{
	usec_t left = props_u64(p, "InactiveExitTimestampMonotonic", USEC_INFINITY);
	usec_t entered = props_u64(p, "InactiveEnterTimestampMonotonic", 0);

	return left < j->asked_us && entered < j->asked_us;
}

struct judgement {
	enum { JUDGE_WAIT, JUDGE_END, JUDGE_ASK_AGAIN } what;
	const char *result;
};

static struct judgement judge_up(const struct job *j, const struct props *p, const char *active)
{
	if (strcmp(active, "active") == 0 || strcmp(active, "reloading") == 0) {
		return (struct judgement) { JUDGE_END, "done" };
	}
	if (strcmp(active, "activating") == 0) {
		if (strncmp(props_string(p, "SubState"), "auto-restart", 12) == 0) {
			return (struct judgement) { JUDGE_END, "failed" };
		}
		return (struct judgement) { JUDGE_WAIT, NULL };
	}
	if (never_began(j, p) && j->requests < 3) {
		return (struct judgement) { JUDGE_ASK_AGAIN, NULL };
	}
	return (struct judgement) { JUDGE_END, strcmp(active, "failed") == 0 ? "failed" : "done" };
}

/* Active, but from before the request: the restart was lost. */
static bool is_older(const struct job *j, const struct props *p, const char *active)
{
	return strcmp(active, "active") == 0 &&
	       props_u64(p, "ActiveEnterTimestampMonotonic", USEC_INFINITY) < j->asked_us;
}

static struct judgement judge_down(const struct job *j, const char *active)
{
	if (strcmp(active, "inactive") == 0 || strcmp(active, "failed") == 0) {
		return (struct judgement) { JUDGE_END, "done" };
	}
	return (struct judgement) { j->requests < 3 ? JUDGE_ASK_AGAIN : JUDGE_END, "failed" };
}

/* What the unit's own properties say about a job whose signal may have been missed. */
static struct judgement judge(const struct job_set *s, struct job *j, const struct props *p)
{
	const char *active = props_string(p, "ActiveState");
	const struct value *job = props_find(p, "Job");

	if (job && job->n == 2 && job->items[0].kind == VALUE_UNSIGNED && job->items[0].u &&
		job->items[1].kind == VALUE_STRING) {
		snprintf(j->path, sizeof(j->path), "%.127s", job->items[1].s);
		return (struct judgement) { JUDGE_WAIT, NULL };
	}
	if (strcmp(active, "deactivating") == 0 || strcmp(active, "maintenance") == 0) {
		return (struct judgement) { JUDGE_WAIT, NULL };
	}
	switch (s->verb->goal) {
	case GOAL_ANEW:
		if (is_older(j, p, active) && j->requests < 3) {
			return (struct judgement) { JUDGE_ASK_AGAIN, NULL };
		}
		return judge_up(j, p, active);
	case GOAL_UP:
		return judge_up(j, p, active);
	case GOAL_DOWN:
		return judge_down(j, active);
	case GOAL_UNCHANGED:
		return (struct judgement) { strcmp(active, "reloading") == 0 ||
							    strcmp(active, "activating") == 0
						    ? JUDGE_WAIT
						    : JUDGE_END,
			"done" };
	}
	return (struct judgement) { JUDGE_WAIT, NULL };
}

static int poll_job(struct job_set *s, struct job *j)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(props_fini) struct props p = { 0 };
	struct judgement verdict;
	int r = ctl_unit_props(s->c, j->unit, &p, &error);

	if (r < 0) {
		return r;
	}
	verdict = judge(s, j, &p);
	switch (verdict.what) {
	case JUDGE_WAIT:
		return 0;
	case JUDGE_END:
		snprintf(j->result, sizeof(j->result), "%s", verdict.result);
		return 0;
	case JUDGE_ASK_AGAIN:
		return request_once(s, j, &error);
	}
	return 0;
}

static bool all_ended(const struct job_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->jobs[i].requests && !*s->jobs[i].result) {
			return false;
		}
	}
	return true;
}

/* After a reconnect signals may have been missed: look at every unit. */
static int poll_all(struct job_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct job *j = &s->jobs[i];
		int r;

		if (!j->requests || *j->result) {
			continue;
		}
		r = poll_job(s, j);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/* One turn: handles what is there, else waits for more. */
static int turn(struct job_set *s, usec_t *interval)
{
	uint64_t timeout = UINT64_MAX;
	int r = sd_bus_process(s->c->bus, NULL);

	if (r != 0) {
		return r;
	}
	if (s->reconnects) {
		r = poll_all(s);
		timeout = backoff(interval);
	}
	if (r < 0 || all_ended(s)) {
		return r;
	}
	r = sd_bus_wait(s->c->bus, timeout);
	return r == -EINTR ? 0 : r;
}

int job_set_wait(struct job_set *s)
{
	usec_t interval = BACKOFF_FIRST_US;
	int r;

	while (!all_ended(s)) {
		r = turn(s, &interval);
		if (r >= 0) {
			continue;
		}
		if (!ctl_is_lost(r) && r != -ETIMEDOUT && sd_bus_is_open(s->c->bus) > 0) {
			return r;
		}
		r = reconnect(s);
		if (r < 0) {
			return r;
		}
		interval = BACKOFF_FIRST_US;
	}
	return 0;
}
