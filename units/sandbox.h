// SPDX-License-Identifier: MIT
/*
 * The walls of supd-load itself. After sandbox_enter the process can read files and write to the
 * descriptors that it holds, and nothing else: Landlock (read only, where the kernel has it), a
 * system call filter (no socket, no exec, no open for writing, no chmod, chown, kill, ptrace),
 * limits of memory and time, and of capabilities at most CAP_DAC_READ_SEARCH.
 */
#pragma once

/* 0 or -errno; nothing of it can be undone. Where Landlock is missing the filter stands alone. */
int sandbox_enter(void);
