// SPDX-License-Identifier: MIT
/*
 * The walls of supd-load itself. After sandbox_enter the process can read files and write to the
 * descriptors that it holds, and nothing else: Landlock (read only, where the kernel has it), a
 * system call filter (no socket, no exec, no open for writing, no chmod, chown, kill, ptrace),
 * limits of memory and time, and of capabilities at most CAP_DAC_READ_SEARCH.
 */
#pragma once

/*
 * The version of the kernel's Landlock interface, 0 without one (the filter then stands alone), or
 * -errno; nothing of it can be undone.
 */
int sandbox_enter(void);
