// SPDX-License-Identifier: MIT
/* Only in a build with sanitizers: whoever starts one is told that it is not the one that ships. */
#include "util.h"

static __attribute__((constructor)) void tell(void)
{
	util_say("built with sanitizers, without system call filters: for tests only", NULL, 0);
}
