// SPDX-License-Identifier: MIT
#include "probe.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif

#define ASK_VERSION      1 /* LANDLOCK_CREATE_RULESET_VERSION */
#define SET_MDWE         65
#define REFUSE_EXEC_GAIN 1

int probe_mdwe(void)
{
	if (prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) == 0 || errno == EINVAL) {
		return 0;
	}
	return -1;
}

int probe_landlock(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, ASK_VERSION);

	return version < 0 ? 0 : (int)version;
}
