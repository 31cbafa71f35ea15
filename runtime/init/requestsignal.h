// SPDX-License-Identifier: MIT
/*
 * The requests that reach processes which run: SIGNAL, KILL_ALL, FREEZE, THAW. Whoever is meant is
 * named by slot and place, never by a pid. All: 0, or the errno of REFUSED: -ENOENT: no such slot;
 * -ESRCH: nobody there; -EBADMSG: supd is broken.
 */
#pragma once

#include "broker.h"

int request_signal(struct broker *b, const struct wire_request *q);
int request_kill_all(struct broker *b, const struct wire_request *q);
int request_freeze(struct broker *b, const struct wire_request *q);
int request_thaw(struct broker *b, const struct wire_request *q);
