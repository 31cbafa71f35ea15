// SPDX-License-Identifier: MIT
/*
 * Restart policy of supd and supd-log: at once, then after 1, 2, 4 … 30 s, for ever; a process
 * that does not end within 5 s of its SIGKILL is abandoned. The wait grows only while the process
 * dies before it has settled (supd: taken over all that LIST gave it); one that dies later is
 * started at once, but not within 20 ms of its last start.
 */
#pragma once

#include "broker.h"

/* pid as spawn_start() gave it; an error schedules the next try. */
void helper_started(struct helper *h, pid_t pid);
/* Its process was reaped (signo: what killed it, 0: it exited) or abandoned: schedules the restart.
 */
void helper_ended(struct helper *h, int signo, uint64_t now);
/* It works: from now on its end is no crash that what it was given could be blamed for. */
void helper_settled(struct helper *h);
/* Sends signo and gives it 5 s. expected: its end is no crash. */
void helper_stop(struct helper *h, int signo, bool expected, uint64_t now);
/* A due deadline: SIGKILL, then abandon. True when it was abandoned now. */
bool helper_tick(struct helper *h, uint64_t now);
/* Crashes within LIMIT_CRASH_WINDOW_US before now. */
uint32_t helper_crashes(const struct helper *h, uint64_t now);
/* Lowers *at to the helper's next deadline. */
void helper_deadline(const struct helper *h, uint64_t *at);
