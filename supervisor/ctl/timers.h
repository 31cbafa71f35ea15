// SPDX-License-Identifier: MIT
/* Timers as supctl shows them. */
#pragma once

#include "../../runtime/base/timeutil.h"
#include "value.h"

/* When a timer with these properties is due, by CLOCK_REALTIME; USEC_INFINITY: it is not. */
usec_t timers_next(const struct props *p, usec_t real_us, usec_t mono_us);
