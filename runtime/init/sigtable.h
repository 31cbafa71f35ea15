// SPDX-License-Identifier: MIT
/* What signals ask of supd-init: systemd(1)'s as PID 1 of a machine or container, fewer off PID 1.
 */
#pragma once

#include <signal.h>

#include "broker.h"

/* Adds the signals that are waited for. */
void sigtable_mask(sigset_t *mask);
/* Does what the signal asks for here. */
void sigtable_act(struct broker *b, int signo);
/*
 * In the last phase: seven Ctrl-Alt-Del, or a signal that asks for an end at once, set hurry. All
 * others are too late.
 */
void sigtable_act_last(struct broker *b, int signo);
