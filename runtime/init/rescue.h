// SPDX-License-Identifier: MIT
/*
 * When a machine cannot go on by itself: supd-boot gives the console to a shell, with the reason.
 * The services that run go on; the shell's end makes supd-init try again.
 */
#pragma once

#include "broker.h"

/* At start, before the loop: waits for the shell, then executes supd-init anew. PID 1 of a machine
 * only; returns when even that cannot be done. */
void rescue_start(struct broker *b, const char *reason);
/* supd or the units do not come up: a shell beside what runs, once until supd has settled. */
void rescue_tick(struct broker *b);
/* True: it was the shell. supd-init is then executed anew, with the programs as they are now, and
 * supd tried at once. */
bool rescue_ended(struct broker *b, pid_t pid);
