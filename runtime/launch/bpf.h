// SPDX-License-Identifier: MIT
/*
 * Programs at the unit's cgroup: devices, addresses, interfaces, ports. They are loaded before
 * anything of the unit runs, belong to the cgroup and go with it. A start or a REALIZE that finds
 * the same programs there leaves them; other programs of ours are replaced without a gap, those of
 * others are not touched.
 */
#pragma once

struct launch;

/* The step of EXEC and the second half of REALIZE. Needs CAP_BPF and CAP_NET_ADMIN. */
int launch_attach_programs(struct launch *l);
