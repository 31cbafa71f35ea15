// SPDX-License-Identifier: MIT
/*
 * Landlock, the wall behind the mount tree: rules that the plan lists, made while their paths can
 * still be opened, put into force when nothing is mounted any more. As much of it as the kernel
 * has; a kernel without it is no error, because every rule repeats what another wall says. Linux:
 * Documentation/userspace-api/landlock.rst.
 */
#pragma once

struct launch;

/* After the root has changed, with the rights of the namespace: makes the rules. */
int launch_prepare_landlock(struct launch *l);
/* After no_new_privs: from here on they hold, for the payload and what it starts. */
int launch_enter_landlock(struct launch *l);
