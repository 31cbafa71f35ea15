// SPDX-License-Identifier: MIT
#include "progress.h"

#include "../runtime/base/cleanup.h"

static const uint32_t kinds[JOB_TYPE_QUEUED] = {
	[JOB_NONE] = WIRE_WAIT_COUNT,
	[JOB_START] = WIRE_WAIT_START,
	[JOB_VERIFY_ACTIVE] = WIRE_WAIT_COUNT,
	[JOB_STOP] = WIRE_WAIT_STOP,
	[JOB_RELOAD] = WIRE_WAIT_RELOAD,
	[JOB_RESTART] = WIRE_WAIT_RESTART,
	[JOB_NOP] = WIRE_WAIT_COUNT,
};

static bool is_slow(const struct job *j, usec_t now)
{
	return j->state == JOB_RUNNING && j->running_us && j->type < JOB_TYPE_QUEUED &&
	       kinds[j->type] < WIRE_WAIT_COUNT && now >= j->running_us + PROGRESS_AFTER_US;
}

static struct progress_job describe(const struct unit *u, const struct job *j)
{
	usec_t until = u->is_service ? u->service.deadline_us : USEC_INFINITY;

	return (struct progress_job) {
		.unit = u,
		.kind = kinds[j->type],
		.since = j->running_us,
		.until = j->deadline_us < until ? j->deadline_us : until,
	};
}

/* Keeps the list sorted; when it is full the youngest falls off. */
static void insert(
	struct progress_job list[PROGRESS_AT_ONCE], uint32_t *n, const struct progress_job *new)
{
	uint32_t at = *n;

	if (at == PROGRESS_AT_ONCE && list[--at].since <= new->since) {
		return;
	}
	*n = at + 1;
	for (; at > 0 && list[at - 1].since > new->since; at--) {
		list[at] = list[at - 1];
	}
	list[at] = *new;
}

uint32_t progress_pick(const struct engine *e, usec_t now,
	struct progress_job ret[PROGRESS_AT_ONCE], uint32_t *ret_more)
{
	const struct job *j;
	uint32_t cursor = 0, n = 0, all = 0;

	while ((j = engine_next_job(e, &cursor))) {
		const struct unit *u = engine_unit(e, j->unit);

		if (u && u->def && is_slow(j, now)) {
			struct progress_job new = describe(u, j);

			insert(ret, &n, &new);
			all++;
		}
	}
	*ret_more = all - n;
	return n;
}

static int tell(struct shell *s, usec_t now)
{
	struct progress_job list[PROGRESS_AT_ONCE];
	uint32_t more;
	uint32_t n = progress_pick(s->engine, now, list, &more);
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		struct wire_request q = {
			.type = WIRE_WAITING,
			.catalogue = list[i].unit->catalogue,
			.entry = list[i].unit->def_index,
			.kind = list[i].kind,
			.number = i + 1 == n ? (int32_t)more : 0,
			.run_id = list[i].since,
			.cookie = list[i].until == USEC_INFINITY ? 0 : list[i].until,
		};

		r = broker_send(&s->broker, &q);
	}
	return r;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct shell *s = user;
	usec_t now = now_us();
	int r = tell(s, now);

	(void)usec;
	if (r >= 0) {
		r = sd_event_source_set_time(source, now + PROGRESS_EVERY_US);
	}
	if (r >= 0) {
		r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	if (r < 0) {
		shell_fatal(s, r);
	}
	return 0;
}

int progress_init(struct shell *s)
{
	int r = sd_event_add_time(
		s->event, &s->progress_source, CLOCK_MONOTONIC, UINT64_MAX, 1, on_timer, s);

	return r < 0 ? r : sd_event_source_set_enabled(s->progress_source, SD_EVENT_OFF);
}

int progress_arm(struct shell *s)
{
	bool on = s->hello.pid1 && s->counts.jobs > 0 && (!s->ready || s->stop_begun);
	int r;

	if (on == s->progress_on) {
		return 0;
	}
	s->progress_on = on;
	r = sd_event_source_set_time(s->progress_source, now_us() + PROGRESS_AFTER_US);
	return r < 0 ? r
		     : sd_event_source_set_enabled(
			       s->progress_source, on ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}
