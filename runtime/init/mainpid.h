// SPDX-License-Identifier: MIT
/* WIRE_MAIN: a process that the service named (MAINPID=, PIDFile=) becomes its main one. */
#pragma once

#include "broker.h"

/*
 * The slot is in use. Only a process of the slot's cgroup is taken, checked after its pidfd was
 * opened; one that has ended meanwhile is found in the ring of orphans. -EBUSY, -ESRCH, -EPERM.
 */
int mainpid_take(struct broker *b, const struct wire_request *q);
