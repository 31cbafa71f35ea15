// SPDX-License-Identifier: MIT
/*
 * Starts without a launcher that waits: the stem clones straight into the unit's cgroup and
 * namespaces, and what is born there takes the job, is launcher and second stage in one and becomes
 * the service (or its namespace's init). One process and a dozen messages less for each start.
 *
 * For entries that supd-load marks with CATALOGUE_ENTRY_BORN. The pid is known before the job is
 * sent. What cannot be born there (a kernel or a cgroup that says no) is launched the ordinary way.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct broker;
struct warm_birth;

/* Of the place's entry: enum plan_namespaces to be born in, 0: launch the ordinary way. */
uint32_t born_namespaces(struct broker *b, uint32_t ref, int catalogue);
/* Asks for it. 0: born_come() follows; -EAGAIN: nobody is there to ask yet; -errno. */
int born_ask(struct broker *b, uint32_t ref, int catalogue);
/*
 * It has come: its pid, or 0: the stem is gone and nothing of the job done, or -errno: clone3
 * failed. Takes the socket and the descriptor of *birth.
 */
void born_come(struct broker *b, const struct warm_birth *birth, pid_t pid);
