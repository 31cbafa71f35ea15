// SPDX-License-Identifier: MIT
/* UnitFileState of units that are loaded: what is-enabled says of them. */
#pragma once

#include "../runtime/plan/settings.h"
#include "loader.h"

/* Fills install_state of every unit of the set. -ENOMEM. */
int install_fill_states(
	struct arena *arena, const struct unit_set *set, const struct settings *settings);
