// SPDX-License-Identifier: MIT
/*
 * N services of one profile in a supd of their own, and the floor below them: clone + exec of the
 * same payload in the same namespaces. Each payload says by one byte into a FIFO that it runs.
 *
 * With SUPD_BENCH_PERF=FIFO a `perf record -D -1 --control=fifo:FIFO -- bench_up` sees only the
 * start of the services, or of the floor with SUPD_BENCH_PART=floor.
 */
#pragma once

#include "../../runtime/base/timeutil.h"
#include "../system/harness.h"

struct fleet {
	struct sys *s;
	int fifo;
	char fifo_path[128];
	unsigned services;
	pid_t *pids; /* of the floor */
};

/*
 * Directories, unit files svc-0.service … and bench.target; nothing runs yet. Profile: one of
 * supd's, or "namespaces", which is the floor's and no other wall. Aborts on failure.
 */
void fleet_init(struct fleet *f, unsigned services, const char *profile);
/* Stops everything and removes it. */
void fleet_fini(struct fleet *f);
/* Waits for n bytes of the payloads; returns the time of the last. */
usec_t fleet_wait(struct fleet *f, unsigned n);
/* From the first clone until all run; fleet_floor_end() kills them. */
usec_t fleet_floor(struct fleet *f);
void fleet_floor_end(struct fleet *f);
/* From `supctl start` until all run; they are left running. Starts supd-init first. */
usec_t fleet_up(struct fleet *f);
