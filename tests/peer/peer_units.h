// SPDX-License-Identifier: MIT
/* The parts of peer_units: rows "UNIT<tab>KEY<tab>VALUE" of parsed units. */
#pragma once

#include "../../units/unit.h"

/* One row. */
void peer_put(const struct unit *u, const char *key, const char *value);
/* All values of the unit's kind that `systemd --test` prints too. */
void peer_put_values(const struct unit *u);
/* The lists among them: paths, environment, sockets, timers … */
void peer_put_lists(const struct unit *u);
