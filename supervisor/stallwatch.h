// SPDX-License-Identifier: MIT
/*
 * A machine that stands still: a guest that its host stops or moves, or a supd that gets no time
 * for long. The clock runs on meanwhile, and whatever has a limit would be over it at once. While
 * jobs run supd looks every STALL_EVERY_US; where it comes STALL_LATE_US late, or a unit's timer
 * does, the limits of jobs, of states that are to end and of watchdogs are put off by as much.
 */
#pragma once

#include "../runtime/base/timeutil.h"

struct shell;

#define STALL_EVERY_US (2 * USEC_PER_SEC)
#define STALL_LATE_US  (2 * USEC_PER_SEC)

/* Its timer, off. -errno. */
int stallwatch_init(struct shell *s);
/* After each turn: on while something has a limit. -errno. */
int stallwatch_arm(struct shell *s);
/* Before the timers that are due act: the engine's first one was set to that time. -errno. */
int stallwatch_woken(struct shell *s, usec_t due, usec_t now);
