// SPDX-License-Identifier: MIT
/*
 * Descriptors kept for bad times. When there is none left (RLIMIT_NOFILE, or the machine's), what
 * ends services must still work: to kill a cgroup is to open its directory and a file in it.
 * Whoever fails so gives these up and tries again; the next turn takes them back where it can.
 */
#pragma once

#include <stdbool.h>

struct broker;

/* Takes as many as are wanted; a few system calls only when some are missing. */
void spare_fill(struct broker *b);
/* True: error says that no descriptor was left, and now there are some: once more. */
bool spare_give(struct broker *b, int error);
