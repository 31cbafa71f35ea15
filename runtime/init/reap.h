// SPDX-License-Identifier: MIT
/* Ends of processes: children by waitid, foreign main processes by pidfd. */
#pragma once

#include "broker.h"

/*
 * SIGCHLD named pid: it is reaped, and so are launchers that have ended. Signals of the same number
 * merge, so the next idle turn reaps all.
 */
void reap_hint(struct broker *b, pid_t pid);
/*
 * Once each turn; idle: no event came. Reaps every ended child when there may be one that no signal
 * named. The kernel looks through all children for that, so it is not done for each of them.
 */
void reap_turn(struct broker *b, bool idle);
/* The pidfd of a foreign process is readable: it has ended. */
void reap_foreign(struct broker *b, uint32_t ref);
/* Ends and reaps supd, supd-log and supd-load before an exec; bounded. */
void reap_helpers(struct broker *b);
/* After adoption: slots without memory of their sockets get new ones. */
void reap_rebuild(struct broker *b);
void reap_log_tick(struct broker *b, uint64_t now);
void reap_log_deadline(const struct broker *b, uint64_t *at);
