// SPDX-License-Identifier: MIT
/*
 * The table's file: made new, found after a killed supd-init, or inherited over an exec. Identity
 * of a process after a crash is pid, start time and membership in the slot's cgroup.
 */
#pragma once

#include "broker.h"

#define TABLE_ENVIRONMENT "SUPD_INIT_TABLE" /* descriptor number, over REEXEC only */

/* Maps fd (-1: a new memfd) and zeroes it unless it holds a table of this version. 1: it did. */
int table_map(struct broker *b, int fd);
/* After exec: true, and the table is mapped. */
bool table_inherit(struct broker *b);
/* The old supd-init was killed: no descriptor of the table is true any more. */
void table_forget_fds(struct broker *b);
/* Places of a killed supd-init: adopts who lives, records the end of the others. */
void table_adopt(struct broker *b);
/* After exec: watches what it had. */
void table_resume(struct broker *b);
/* Executes supd-init anew; returns only when that failed. */
void table_reexec(struct broker *b);
