// SPDX-License-Identifier: MIT
#include "stallwatch.h"

#include <syslog.h>

#include "shell.h"
#include "unitlog.h"

/* What is too late by so much that it does not count; 0: nothing. due: USEC_INFINITY: never. */
static usec_t lost_since(usec_t due, usec_t now)
{
	return due < now && now - due > STALL_LATE_US ? now - due : 0;
}

static int set(struct shell *s, usec_t now)
{
	int r;

	s->stall_us = usec_add(now, STALL_EVERY_US);
	r = sd_event_source_set_time(s->stall_source, s->stall_us);
	return r < 0 ? r : sd_event_source_set_enabled(s->stall_source, SD_EVENT_ONESHOT);
}

int stallwatch_woken(struct shell *s, usec_t due, usec_t now)
{
	usec_t since = due < s->stall_us ? due : s->stall_us;
	usec_t lost;
	int r;

	if (!s->listed) {
		return 0;
	}
	/* What one timer has counted is not counted again by the other, or by its next turn. */
	lost = lost_since(since > s->stall_seen_us ? since : s->stall_seen_us, now);
	s->stall_seen_us = now;
	if (!lost) {
		return 0;
	}
	unitlog_plain(s, LOG_WARNING,
		"the machine, or supd, stood still for %llu s: what has a limit gets as much more",
		(unsigned long long)(lost / USEC_PER_SEC));
	r = s->stall_us == USEC_INFINITY ? 0 : set(s, now);
	return r < 0 ? r : engine_stood_still(s->engine, lost, now);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct shell *s = user;
	usec_t now = now_us();
	int r = stallwatch_woken(s, USEC_INFINITY, now);

	(void)source;
	(void)usec;
	r = r < 0 ? r : set(s, now);
	if (r < 0) {
		shell_fatal(s, r);
	}
	return 0;
}

int stallwatch_init(struct shell *s)
{
	int r = sd_event_add_time(
		s->event, &s->stall_source, CLOCK_MONOTONIC, UINT64_MAX, 1, on_timer, s);

	s->stall_us = USEC_INFINITY;
	return r < 0 ? r : sd_event_source_set_enabled(s->stall_source, SD_EVENT_OFF);
}

int stallwatch_arm(struct shell *s)
{
	bool on = engine_has_limits(s->engine);

	if (on == (s->stall_us != USEC_INFINITY)) {
		return 0;
	}
	if (on) {
		return set(s, now_us());
	}
	s->stall_us = USEC_INFINITY;
	return sd_event_source_set_enabled(s->stall_source, SD_EVENT_OFF);
}
