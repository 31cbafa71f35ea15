// SPDX-License-Identifier: MIT
#include "probe.h"

#include <errno.h>
#include <sys/prctl.h>

#define SET_MDWE         65
#define REFUSE_EXEC_GAIN 1

int probe_mdwe(void)
{
	if (prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) == 0 || errno == EINVAL) {
		return 0;
	}
	return -1;
}
