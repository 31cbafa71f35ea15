// SPDX-License-Identifier: MIT
/*
 * Whether a process is one of the machine itself or of a container: by its PID namespace. Needs
 * /proc; owns nothing.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#define PIDNS_INITIAL 0xEFFFFFFCu /* the kernel's PROC_PID_INIT_INO */

/* The caller is in the machine's first PID namespace; false where /proc does not tell. */
static inline bool pidns_is_initial(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == PIDNS_INITIAL;
}
