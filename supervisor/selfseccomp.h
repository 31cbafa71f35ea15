// SPDX-License-Identifier: MIT
/*
 * supd's own system call filter, from a table: what an event loop over sockets needs, reading
 * files, nothing else. No exec, no fork, no ptrace (these kill the process: whoever tries owns it),
 * no executable memory, no file opened for writing, no new sockets. Everything else is EPERM.
 * Applied once everything is set up. seccomp(2), BPF by hand because supd links libsystemd only.
 */
#pragma once

/* Sets no_new_privs and the filter. -errno; -ENOSYS on an architecture without a table. */
int selfseccomp_apply(void);
