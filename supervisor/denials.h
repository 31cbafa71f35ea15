// SPDX-License-Identifier: MIT
/*
 * Denied system calls, once per service and call: takes the kernel's records from the audit socket,
 * finds the service by the process's cgroup (or by its pid, when supd knows it and it is gone),
 * writes one line to the service's log, and counts further ones. Kept until the service is
 * unloaded or supd is replaced; the log has them for longer.
 */
#pragma once

#include "denialtext.h"

struct shell;
struct denials;

#define DENIALS_MAX 1024u /* rows of all units together; the oldest goes first */

struct denial_row {
	char unit[LIMIT_UNIT_NAME];
	struct denial first;
	uint64_t count;
	uint64_t at_us; /* the last one, CLOCK_REALTIME */
};

/* Takes SUPD_FD_AUDIT. Without it nothing is reported: *ret is NULL. -errno. */
int denials_new(struct shell *s, struct denials **ret);
void denials_free(struct denials *d);
/* Rows by number; NULL beyond the last. d may be NULL. */
const struct denial_row *denials_at(const struct denials *d, uint32_t i);
