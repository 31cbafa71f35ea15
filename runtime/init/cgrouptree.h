// SPDX-License-Identifier: MIT
/*
 * What a unit with Delegate= makes below its own cgroup. All of it is the unit's: its names, its
 * number, its processes; so everything here is bounded.
 */
#pragma once

#include "cgroup.h"

/*
 * No more than LIMIT_CGROUPS, LIMIT_CGROUP_DEPTH: without a bound the unit could make more than can
 * be removed, or looked through, in any time. Best effort.
 */
void cgrouptree_bound(int root, const char *path);

/*
 * cgroup_signal() of dir and of what is below, LIMIT_CGROUPS_SIGNALLED cgroups at most: what is
 * left is for SIGKILL, which the kernel brings everywhere.
 */
int cgrouptree_signal(int dir, const struct cgroup_signal *what);
