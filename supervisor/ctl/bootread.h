// SPDX-License-Identifier: MIT
/* The times of a boot as supd tells them. */
#pragma once

#include "boottime.h"
#include "ctl.h"

/*
 * Connects and reads; with_units: those of all units too, else of the default target alone. Says
 * what is wrong. boottime_fini also after a failure. Exit code.
 */
int bootread(struct ctl *c, bool with_units, struct boottime *ret);
