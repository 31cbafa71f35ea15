// SPDX-License-Identifier: MIT
/*
 * N services of one profile in a supd of their own, and the floor below them: clone + exec of the
 * same payload in the same namespaces. Each payload says by one byte into a FIFO that it runs.
 */
#pragma once

#include "../../runtime/base/timeutil.h"
#include "../system/harness.h"

struct fleet {
	struct sys *s;
	int fifo;
	char fifo_path[128];
	unsigned services;
};

/* Directories, unit files svc-0.service … and bench.target; nothing runs yet. Aborts on failure. */
void fleet_init(struct fleet *f, unsigned services, const char *profile);
/* Stops everything and removes it. */
void fleet_fini(struct fleet *f);
/* Waits for n bytes of the payloads; returns the time of the last. */
usec_t fleet_wait(struct fleet *f, unsigned n);
/* From the first clone until all run; they are killed afterwards. */
usec_t fleet_floor(struct fleet *f);
/* From `supctl start` until all run; they are left running. Starts supd-init first. */
usec_t fleet_up(struct fleet *f);
