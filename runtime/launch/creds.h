// SPDX-License-Identifier: MIT
/* Who the process is: ids, capabilities, and what keeps it from becoming more. */
#pragma once

#include <stdint.h>

struct launch;

/* Launch step: bounding set, ids, five capability sets, securebits, no_new_privs. */
int launch_set_credentials(struct launch *l);
/*
 * What supd-nsinit keeps: CAP_KILL, to forward signals to a payload of another uid. In a fresh user
 * namespace all its ids become the owner's.
 */
int launch_shed_for_nsinit(struct launch *l);
