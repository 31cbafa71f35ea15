// SPDX-License-Identifier: MIT
/* Named sets of system calls, as SystemCallFilter= spells them. Read-only data. */
#pragma once

struct syscall_group {
	const char *name;    /* "@clock" */
	const char *members; /* names and further groups, separated by one space */
};

/* NULL when there is no such group. */
const struct syscall_group *syscall_group_find(const char *name);
