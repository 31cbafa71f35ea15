// SPDX-License-Identifier: MIT
/*
 * What comes back on a job socket: reports of the launcher, the second stage and, with a PID
 * namespace, of supd-nsinit, which has the service's own user. Whatever arrives behind the exec is
 * taken for the service's word: numbers are checked, descriptors are closed by a child, and a turn
 * takes a bounded number.
 */
#pragma once

#include "broker.h"

/* Closes the job socket; queued: something may be in its queue, which may hold descriptors. */
void reports_close(struct broker *b, struct place *p, bool queued);
/* Reads the reports that are there. */
void launch_drain(struct broker *b, uint32_t ref);
void launch_drain_all(struct broker *b);
/* The first failure of a launch is kept for its record. */
void reports_fail(struct broker *b, uint32_t ref, uint32_t step, int error, const char *text);
