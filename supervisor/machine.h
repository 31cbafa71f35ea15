// SPDX-License-Identifier: MIT
/*
 * What supd does as part of a machine or container that it runs: the targets of power actions, of
 * signals to PID 1, and of a boot that failed; what the host is told about targets.
 */
#pragma once

#include "shell.h"

/* Asks supd-init to begin: EV_STOP follows, now and to every later supd. */
int machine_power(struct shell *s, uint32_t power, uint32_t status);
/* Asks supd-init for the last phase at once: no unit is stopped, processes are ended all together.
 */
int machine_power_force(struct shell *s, uint32_t power);
/* EV_STOP: starts the target of that action, which stops all else; without one all is stopped. */
int machine_stop(struct shell *s, const struct wire_stop *stop);
/* EV_START. */
int machine_start(struct shell *s, uint32_t which);
/* EFFECT_EMERGENCY: StartLimitAction= and its kin. */
int machine_action(struct shell *s, const struct effect *e);
/*
 * The machine was to be brought to that unit, and that did not work: somebody must see to it. Does
 * nothing where there is no machine.
 */
int machine_boot_failed(struct shell *s, const char *name);
/* EFFECT_JOB_REMOVED: a target was reached, or the boot has failed. */
int machine_job_removed(struct shell *s, const struct effect *e);
