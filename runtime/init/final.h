// SPDX-License-Identifier: MIT
/*
 * The last phase: what still runs is ended, of a machine the file systems are unmounted, and the
 * kernel is told. Every step has an end of its own; nothing that hangs holds up the next.
 */
#pragma once

#include "broker.h"

/* Returns the exit status where supd-init is to exit. */
int final_run(struct broker *b);

/* "poweroff", "reboot", … of enum wire_power. */
const char *final_name(uint32_t power);
