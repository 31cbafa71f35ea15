// SPDX-License-Identifier: MIT
/*
 * The user of what reads text for root and is nobody's: not that of daemons which run as `nobody`,
 * who could stop it, or trace it where it has no capability. No pool of ids reaches this number,
 * and no unit can name it (units/values.h).
 */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "sysx.h"

#define STRANGER_ID 2147483647u

/* Irrevocably, groups included. In a user namespace without that number: nobody. 0 or -errno. */
static inline int stranger_become(void)
{
	static const uint32_t ids[] = { STRANGER_ID, 65534 };

	if (sysx_setgroups(0, NULL) < 0) {
		return -errno;
	}
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		if (sysx_setresgid(ids[i]) == 0 && sysx_setresuid(ids[i]) == 0) {
			return 0;
		}
		if (errno != EINVAL) {
			return -errno;
		}
	}
	return -EINVAL;
}
