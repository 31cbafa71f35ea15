// SPDX-License-Identifier: MIT
/*
 * That a test's daemons were denied no system call, from the kernel's own records, also in a
 * network namespace of the test, where supd cannot have them: the socket is opened before.
 * The records are the machine's: only programs count that no other test runs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "harness.h"

/* Before sys_private(). Where there are no records, the reason is printed. */
void deniedcalls_open(void);
/* Writes the unit that is denied a call, before sys_start(). */
void deniedcalls_prepare(struct sys *s);
/* From now on programs count whose path contains the text (kept by reference). */
void deniedcalls_watch(const char *program);
/* The same for the program of the unit's main process; interpreters are everybody's: not them. */
void deniedcalls_watch_main(struct sys *s, const char *unit);
/* Takes in what has come. */
void deniedcalls_read(void);
/* Fails the test if one of them was denied a call. False: nobody tells here. */
bool deniedcalls_check(struct sys *s);
