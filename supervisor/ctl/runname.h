// SPDX-License-Identifier: MIT
/*
 * Names for `run` without --unit: run-r0000.service and so on, one after the other, from the start
 * again after the last. So a job that runs every minute does not leave the id table, supd and the
 * logs with a name more each time, and a name comes back only after RUN_NAMES other runs.
 */
#pragma once

#include "../../runtime/base/limits.h"

#define RUN_NAMES 10000u

/*
 * The next name that no file in dir (RUNTIME/transient) has, be it a service, timer, path or
 * socket. Counts in a file of the directory, which is locked meanwhile. -EBUSY: all are taken;
 * -errno of the counter.
 */
int run_name_next(const char *dir, char ret[LIMIT_UNIT_NAME]);
