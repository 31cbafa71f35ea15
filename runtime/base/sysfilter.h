// SPDX-License-Identifier: MIT
/*
 * A program's own system call filter from tables, as a BPF program made by hand: for those that
 * link no libseccomp. Calls of another architecture, x32 included, kill the process.
 * Source: seccomp(2), Documentation/userspace-api/seccomp_filter.rst.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Most instructions of a filter: 2 for a call, 6 for a condition, 7 for the frame. */
#define SYSFILTER_INSNS 512u

/* Allowed when (argument & mask) == value; the low 32 bits carry every flag meant here. */
struct sysfilter_condition {
	uint32_t number;   /* SYS_… */
	uint32_t argument; /* 0–5 */
	uint32_t mask;
	uint32_t value;
};

struct sysfilter {
	const uint32_t *allowed; /* SYS_…, whatever the arguments */
	size_t n_allowed;
	const struct sysfilter_condition *conditions; /* one call may have several */
	size_t n_conditions;
	const uint32_t *deadly; /* kill the process */
	size_t n_deadly;
	uint32_t otherwise; /* SECCOMP_RET_… for every other call */
};

/*
 * Sets no_new_privs and installs the filter, for good. -ENOSYS on an architecture without a number,
 * -E2BIG, -errno. In a build with a sanitizer, whose run-time makes calls of its own, it does
 * nothing.
 */
int sysfilter_apply(const struct sysfilter *filter);
