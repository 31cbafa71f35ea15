// SPDX-License-Identifier: MIT
/* The first half of REALIZE: limits that a unit and the slices above it have no more. */
#pragma once

struct launch;

/*
 * Every control file of the unit's cgroup, and of the slices above, that has another value than
 * the kernel's default and that the plan does not write gets the default. Files that are not there
 * need none.
 */
int launch_reset_cgroup(struct launch *l);
