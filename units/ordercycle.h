// SPDX-License-Identifier: MIT
/*
 * Ordering cycles, for `verify`: of what units pull in when they start (Requires=, Requisite=,
 * Wants=, BindsTo=, Upholds=), units that wait for each other in a circle (After=, Before=). Each
 * unit on a circle is in one that is reported, by the shortest way and from the first by name.
 */
#pragma once

#include "loader.h"

/*
 * One error per circle, with the units in order, then a note for each of its edges, at the line
 * that makes it. from: names of units, up to a NULL. 0, -ENOMEM.
 */
int ordercycle_report(const struct unit_set *set, const char *const *from, struct arena *arena,
	struct diagnostics *d);
