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
