// SPDX-License-Identifier: MIT
/* What supd-log gives up before it reads the first byte that a service wrote. */
#pragma once

/*
 * Refuses uid 0; drops every capability from all sets that it may drop, sets no_new_privs, checks
 * that nothing is left. 0, -EPERM for uid 0 or capabilities that stay, -errno.
 */
int logsandbox_drop(void);
/* Installs the system call allow-list; any other call kills the process. 0, -errno. */
int logsandbox_seal(void);
