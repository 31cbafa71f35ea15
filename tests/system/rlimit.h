// SPDX-License-Identifier: MIT
/* Limits of processes that are another user's: supd, supd-log. */
#pragma once

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

/*
 * Sets the soft limit to value, or to the hard one where that is lower, with that user's rights:
 * root without CAP_SYS_RESOURCE has none over it.
 */
bool rlimit_soft(pid_t pid, int resource, rlim_t value);
