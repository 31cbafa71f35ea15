// SPDX-License-Identifier: MIT
/*
 * One real supd-init with a directory and a cgroup of its own; the test is its supd: the fake supd
 * hands the channel over. Everything here fails the running test when something is not as it
 * should.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../../runtime/plan/wire.h"

#define PATIENCE_MS 60000

struct bench {
	char dir[64];
	char cgroup[192];
	pid_t init;
	int listener;
	pid_t supd;
	int request, event, control;
	uint32_t catalogue;
	struct wire_event got; /* last event */
	int got_fd;
};

/* argv of the test: supd-init, supd-load, supd-launch, supd to put side by side. */
extern char **bench_programs;
/* Called by setup() before supd-init starts; NULL: nothing is to be done. */
extern void (*bench_prepare)(struct bench *t);
/* What the next supd-init gets as stderr; -1: the test's own. */
extern int bench_stderr;

/* Finds a writable cgroup v2 tree; false: the test is to be skipped. */
bool bench_find_cgroup(void);

void start_init(struct bench *t);
/* Waits for the next supd and takes its channel. */
void meet_supd(struct bench *t);
void next_event(struct bench *t);
void drain_events(struct bench *t);
void await(struct bench *t, uint32_t type);
const struct wire_proc *await_phase(struct bench *t, uint32_t kind, uint32_t phase);
/* HELLO and LOADED of a supd that has just come. */
void greet(struct bench *t);
void ask(struct bench *t, const struct wire_request *q);
void run(struct bench *t, uint32_t entry);
void forget(struct bench *t, const struct wire_proc *p);
/* Waits until no process is in the slot's cgroup. */
void await_empty(struct bench *t, uint32_t slot);
/* cmocka's fixtures: *state is the struct bench. */
int setup(void **state);
int teardown(void **state);
