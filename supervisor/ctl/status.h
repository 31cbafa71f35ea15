// SPDX-License-Identifier: MIT
/*
 * The screen of one unit as systemctl lays it out, from its properties. Asks nobody: what needs a
 * call (processes, log lines) is added by the verb.
 */
#pragma once

#include "../../runtime/base/timeutil.h"
#include "ctl.h"

/* Header down to CPU:. now_us is CLOCK_REALTIME. */
void status_print_unit(struct ctl *c, const struct props *p, usec_t now_us);
/* Inactive or failed. */
bool status_is_down(const struct props *p);
