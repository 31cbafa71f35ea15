// SPDX-License-Identifier: MIT
#include "helper.h"

#include <signal.h>

#include "../base/cleanup.h"
#include "../base/timeutil.h"
#include "util.h"

#define END_WITHIN_US (5 * USEC_PER_SEC)
#define SPACING_US    (20 * USEC_PER_MSEC)
#define OUTSIDE_MAX   8

static void schedule(struct helper *h, uint64_t now, bool crash)
{
	/* Who has lived longer than the longest wait starts over. */
	if (now - h->started_at > LIMIT_RESTART_MAX_US || !crash) {
		h->backoff_us = 0;
	}
	if (!crash) {
		h->restart_at = h->started_at + SPACING_US > now ? h->started_at + SPACING_US : now;
		return;
	}
	h->restart_at = now + h->backoff_us;
	h->backoff_us = h->backoff_us ? h->backoff_us * 2 : USEC_PER_SEC;
	if (h->backoff_us > LIMIT_RESTART_MAX_US) {
		h->backoff_us = LIMIT_RESTART_MAX_US;
	}
}

void helper_started(struct helper *h, pid_t pid)
{
	h->started_at = now_us();
	h->dying = h->killed = h->expected = h->settled = h->fault = false;
	h->restart_at = h->deadline = 0;
	if (pid < 0) {
		schedule(h, h->started_at, true);
		h->restart_at = h->started_at + USEC_PER_SEC;
		return;
	}
	h->pid = pid;
}

/* Could what it was given have made it die? */
static bool is_crash(struct helper *h, int signo)
{
	if (h->settled) {
		h->outside = 0;
	}
	if (h->expected || (h->settled && !h->fault)) {
		return false;
	}
	return signo != SIGKILL || h->fault || ++h->outside >= OUTSIDE_MAX;
}

void helper_ended(struct helper *h, int signo, uint64_t now)
{
	bool crash = is_crash(h, signo);

	h->failures += !h->settled && !h->expected;
	if (crash) {
		h->crashes[h->next_crash++ % ELEMENTSOF(h->crashes)] = now;
	}
	schedule(h, now, crash);
	h->pid = 0;
	h->dying = h->killed = h->expected = h->settled = h->fault = false;
	h->deadline = 0;
}

void helper_settled(struct helper *h)
{
	h->settled = true;
}

void helper_stop(struct helper *h, int signo, bool expected, uint64_t now)
{
	if (!h->pid) {
		return;
	}
	kill(h->pid, signo);
	h->expected |= expected;
	if (!h->dying || (signo == SIGKILL && !h->killed)) {
		h->deadline = now + END_WITHIN_US;
	}
	h->dying = true;
	h->killed |= signo == SIGKILL;
}

bool helper_tick(struct helper *h, uint64_t now)
{
	if (!h->pid || !h->dying || now < h->deadline) {
		return false;
	}
	if (!h->killed) {
		helper_stop(h, SIGKILL, false, now);
		return false;
	}
	h->fault = true;
	helper_ended(h, SIGKILL, now);
	return true;
}

uint32_t helper_crashes(const struct helper *h, uint64_t now)
{
	uint32_t n = 0;

	for (size_t i = 0; i < ELEMENTSOF(h->crashes); i++) {
		n += h->crashes[i] && now - h->crashes[i] < LIMIT_CRASH_WINDOW_US;
	}
	return n;
}

void helper_deadline(const struct helper *h, uint64_t *at)
{
	util_sooner(at, h->pid ? h->deadline : h->restart_at);
}
