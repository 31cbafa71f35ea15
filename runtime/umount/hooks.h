// SPDX-License-Identifier: MIT
/*
 * What packages want to have done when all disks are let go of (systemd-halt.service(8)): an UPS is
 * told to cut the power, arrays are stopped, firmware is written.
 */
#pragma once

/* Packages' own, as systemd names it. */
#define HOOKS_DIR "/usr/lib/systemd/system-shutdown"

/*
 * Executes each program of root's in that directory, one after the other, with the action
 * ("poweroff", "reboot", "halt", "kexec") as its argument; what fails or takes longer than 90 s
 * (it is killed then) is said. The names are read in a child as well: when that does not end, or
 * the root's disk is one of those that do not answer, that is said and none is executed. The number
 * of those that were executed.
 */
unsigned hooks_run(const char *dir, const char *action);
