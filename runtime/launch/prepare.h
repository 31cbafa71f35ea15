// SPDX-License-Identifier: MIT
/* Launch steps that need the initial namespaces and are done by the launcher itself. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct launch;
struct plan_cgroup_write;

int launch_check_users(struct launch *l);
/* Writes limits, opens what joining needs. */
int launch_prepare_cgroup(struct launch *l);
/* Joins, or leaves it to the clone (launch_job.into_cgroup). */
int launch_enter_cgroup(struct launch *l);
/* Moves the calling process into the unit's cgroup. */
int launch_join_cgroup(struct launch *l);
int launch_raise_limits(struct launch *l);
int launch_set_priorities(struct launch *l);
int launch_unlink_pid_file(struct launch *l);
/* cgroup_writes of the plan; also the whole of REALIZE. */
int launch_write_cgroup(struct launch *l);
/* It holds now: not one of the machine's start afterwards, nor the other way round. */
bool launch_limit_is_meant(const struct launch *l, const struct plan_cgroup_write *row);
/* "LimitNOFILE=" of RLIMIT_NOFILE. */
const char *launch_limit_name(uint32_t resource);
