// SPDX-License-Identifier: MIT
/*
 * ConditionMemoryPressure= and its kin. The loader has read the value: parameter is "LIMIT WINDOW"
 * of the whole machine or "LIMIT WINDOW CGROUP", with LIMIT in 1/10000 of the time, WINDOW a word
 * of the kernel's ("avg10", "avg60", "avg300") and CGROUP relative to the delegated root, "." for
 * it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../plan/plan.h"

/*
 * 1: not above the limit, or nothing is measured (no such cgroup, a kernel without it), as in
 * systemd; 0; -EINVAL: not such a parameter; -errno. cgroup_root < 0: only the machine's can be
 * told.
 */
int condpressure_holds(const struct plan_condition *c, int cgroup_root);

/*
 * The average of that window in the text of a pressure file, in 1/10000: of the "full" line, or of
 * "some" where there is none. Pure. -EINVAL: neither has it.
 */
int condpressure_average(const char *text, const char *window, uint64_t *ret);
