// SPDX-License-Identifier: MIT
/*
 * What the last phase waits for: processes to end, then the disks. The loop of supd-init is over by
 * then: here the hardware watchdog is fed, and signals that ask for haste are heard.
 */
#pragma once

#include "broker.h"

/*
 * Waits for a child (-1: all) until the deadline, or until somebody asked for haste. True: it is
 * gone; *ret_status (may be NULL) is then of waitpid(2) where it was that child.
 */
bool lastwait_reap(struct broker *b, pid_t wanted, uint64_t deadline, int *ret_status);

/* Writes all that waits to be written, a minute at most. */
void lastwait_sync(struct broker *b);

/*
 * Of a machine: unmounts and writes by supd-umount, for as long as it says that it gets anywhere;
 * where it cannot, writes only.
 */
void lastwait_disks(struct broker *b);

/*
 * SIGHUP to processes that have a terminal: interactive shells take no SIGTERM. By a child, as the
 * next. Not to daemons: those would end by it before they have done what SIGTERM told them.
 */
void lastwait_hang_up(void);

/*
 * Names processes that do not end, at most a handful, by a child: looking at them may take long.
 * what stands before each name.
 */
void lastwait_name(const char *what);
