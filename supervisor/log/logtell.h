// SPDX-License-Identifier: MIT
/*
 * What supd-log itself has to say: to its error stream, which is supd-init's or a machine's
 * console, for the log may be what is in want; and into a unit's log. Owns nothing, never waits,
 * and allocates nothing but the unit of logtell_unit().
 */
#pragma once

#include "logstore.h"

/* "supd-log: text" to the error stream, if its reader takes it at once. */
void logtell(const char *text);
/* One record of priority 3 into the unit's log; nothing if there is no memory for the unit. */
void logtell_unit(struct logstore *store, const char *unit, const char *text);
/* What logstore_take_loss() gives, if anything. */
void logtell_loss(struct logstore *store);
