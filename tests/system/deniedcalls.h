// SPDX-License-Identifier: MIT
/*
 * That a test's daemons were denied no system call, from the kernel's own records, also in a
 * network namespace of the test, where supd cannot have them: the socket is opened before.
 * The records are the machine's. Those of a process that is seen in another cgroup are left out;
 * one that had ended when its record was read counts in each test that runs its program (nginx,
 * rsyslogd, dbus-daemon run in several, nowhere with a filter that is to deny them anything).
 */
#pragma once

#include "harness.h"

/*
 * Before sys_private(). Makes a denied call of its own; where that leaves no record, the reason is
 * printed.
 */
void deniedcalls_open(void);
/* Writes the unit that is denied a call, before sys_start(); s is kept by reference. */
void deniedcalls_prepare(struct sys *s);
/* Programs count whose path contains the text (kept by reference). */
void deniedcalls_watch(const char *program);
/* The same for the program of the unit's main process; interpreters are everybody's: not them. */
void deniedcalls_watch_main(const char *unit);
/* Takes in what has come: with each question to a daemon, or records may get lost. */
void deniedcalls_read(void);
/* For cmocka: fails if one of them was denied a call; skipped, with the reason: nobody tells. */
void test_denied_nothing(void **state);
