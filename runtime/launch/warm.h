// SPDX-License-Identifier: MIT
/* The stem: the supd-launch that supd-init has executed, and copies itself for each job. */
#pragma once

#include <stdint.h>

/*
 * Answers struct launch_more on LAUNCH_FD with copies of this process. Returns in the copy, with
 * its job socket at LAUNCH_FD and nothing else; the stem itself exits at the end of file. The value
 * says where the copy was born: launch_more.namespaces.
 */
uint32_t warm_serve(void);
