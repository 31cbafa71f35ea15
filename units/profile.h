// SPDX-License-Identifier: MIT
/*
 * What a confinement profile means beyond the unit lines of profiles/NAME.conf: namespaces that
 * have no setting of their own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct profile {
	const char *name;
	uint32_t namespaces; /* enum plan_namespaces */
	bool hide_runtime;   /* supd's own directory is not to be seen */
	bool strict_caps;    /* capabilities that count on the host only are refused */
};

/* NULL when there is no such profile. */
const struct profile *profile_find(const char *name);
