// SPDX-License-Identifier: MIT
/*
 * What newer kernels have and older ones do without; the one place that decides by trying.
 * Everything else in supd-launch needs Linux 5.14.
 */
#pragma once

/* PR_SET_MDWE (6.3). 0 also where the kernel lacks it: seccomp has the same rule. -1 and errno. */
int probe_mdwe(void);
/* Version of Landlock's interface; 0 where the kernel has none, or it is switched off. */
int probe_landlock(void);
