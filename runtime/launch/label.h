// SPDX-License-Identifier: MIT
/*
 * Labels of security modules: SELinux and AppArmor take effect at execve, Smack at once. Written
 * through the launcher's own /proc, never through one that the unit can see (launch.md R2). A label
 * that is not taken fails the start, unless the unit said that it may.
 */
#pragma once

struct launch;

/* In the launcher: keeps /proc, verified, for the next one. */
int launch_open_proc(struct launch *l);
/* In the process that will be the service, while it is still root. */
int launch_set_labels(struct launch *l);
