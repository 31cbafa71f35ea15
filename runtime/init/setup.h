// SPDX-License-Identifier: MIT
/* Before the loop: helpers, directories, sockets, the delegated cgroup root, the lock. */
#pragma once

#include "broker.h"

/* Opens the helpers beside /proc/self/exe at their low numbers. 0 or -errno, said. */
int setup_helpers(struct broker *b);
/* RUNTIME and RUNTIME/init, and the lock; before the table. 0 or -errno, said. */
int setup_runtime(struct broker *b, const struct settings *settings, int *ret_lock);
/* Everything else below RUNTIME, STATE and LOG; b->t->settings is set. fresh: bind the sockets. */
int setup_places(struct broker *b, bool fresh);
/* What supd-boot has left for us: PID 1 of a machine only. */
void setup_times(struct broker *b);
/* The delegated root; fresh: enters its leaf. */
int setup_cgroup(struct broker *b, bool fresh);
/* Writes RUNTIME/init/settings, for root's supctl: the settings as they have come out. */
void setup_publish(const struct broker *b);
/* The leaf of the root that supd-init and its helpers are in: journald knows PID 1's by its name.
 */
const char *setup_leaf(const struct broker *b);
/* supd shares the control socket and may have shut it down: then there is a new one. 0 or -errno.
 */
int setup_control(struct broker *b);
