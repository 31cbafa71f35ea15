// SPDX-License-Identifier: MIT
/*
 * /run/systemd/units/invocation:UNIT, a symbolic link whose text is the unit's invocation id. That
 * is where journald has _SYSTEMD_INVOCATION_ID= from. On a machine only: elsewhere the directory
 * belongs to the machine's own PID 1. Never fails: without the link a field is missing in a
 * journal.
 */
#pragma once

#include <stdint.h>

struct broker;

/* The slot has a new invocation id; before anything of it runs. */
void invocation_tell(const struct broker *b, uint32_t n);
/* The slot's unit is down. */
void invocation_forget(const struct broker *b, uint32_t n);
