// SPDX-License-Identifier: MIT
/* SIGNAL: to the process of a place, or to all of a slot's cgroup and what is being launched. */
#pragma once

#include "broker.h"

/* q is a SIGNAL whose slot is s, in use. 0 or -errno. */
int deliver_signal(struct broker *b, const struct wire_request *q, struct slot *s);
