// SPDX-License-Identifier: MIT
/*
 * MemoryPressureWatch=: memory.pressure of the unit's cgroup becomes its user's. Where the kernel
 * has no such file, or the unit does not see it or may not write it, l->pressure is NULL.
 */
#pragma once

#include <stdint.h>

struct launch;

#define PRESSURE_TEXT 64u

/* Launch steps: owner and place, while the host's view is ours; among the mounts of the unit. */
int launch_prepare_pressure(struct launch *l);
int launch_attach_pressure(struct launch *l);
/* $MEMORY_PRESSURE_WRITE: base64 of "some THRESHOLD WINDOW" with its NUL, both in microseconds. */
void pressure_text(uint64_t threshold_us, char ret[PRESSURE_TEXT]);
