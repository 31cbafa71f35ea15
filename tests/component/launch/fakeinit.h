// SPDX-License-Identifier: MIT
/*
 * A partner for supd-launch: builds a catalogue of one plan, starts the launcher as supd-init
 * does, collects its reports and the end of the process. For component tests and benchmarks.
 */
#pragma once

#include <stdbool.h>

#include "../../../runtime/plan/launchwire.h"
#include "../../../runtime/plan/plan.h"

struct fake {
	char cgroup[256]; /* own sub-cgroup */
	char dir[64];     /* scratch directory below /tmp, mode 0755 */
	int cgroup_fd;
	int cgroups_fd; /* its parent: the path may lead elsewhere after an unshare */
	int launcher_fd;
	int nsinit_fd;
	int stem, stem_sock;        /* the supd-launch that copies itself; 0: not started yet */
	int held[LAUNCH_TAG_COUNT]; /* passed when not -1 */
	uint32_t unit_flags;
	const void *filter; /* seccomp program */
	uint32_t filter_size;
	struct launch_job job; /* overrides: main_pid, params, notify_path */
	int plans;             /* of the last fake_compile */
};

struct outcome {
	uint32_t n_reports;
	struct launch_report reports[16];
	int got[LAUNCH_TAG_COUNT]; /* descriptors handed up, -1 */
	int child;                 /* pid of the second stage */
	int child_status;          /* wait status of it */
	int launcher_status;
	int payload;        /* pid by SCM_CREDENTIALS */
	uint64_t execed_us; /* CLOCK_MONOTONIC of LAUNCH_EXECED, or of the end of file */
};

/* build_dir holds supd-launch and supd-nsinit. 0 or -errno. */
int fake_init(struct fake *f, const char *build_dir);
void fake_fini(struct fake *f);
int fake_compile(struct fake *f, const struct plan *plan);
/* Starts the compiled plan; waits for everything. */
int fake_run(struct fake *f, struct outcome *ret);
/* The halves of fake_run. */
int fake_start(struct fake *f, int *ret_sock, int *ret_launcher);
int fake_collect(int sock, int launcher, struct outcome *ret);
void outcome_fini(struct outcome *o);
const struct launch_report *outcome_find(const struct outcome *o, enum launch_report_type type);
