// SPDX-License-Identifier: MIT
/*
 * What a unit means beyond its lines: default and implied dependencies, values that follow from
 * others, and the combinations that are refused (spec: systemd.unit(5), systemd.service(5)).
 */
#pragma once

#include "scan.h"
#include "unit.h"

struct defaults_context {
	struct arena *arena;
	struct diagnostics *d;
	const struct scan *scan;
};

/* Fills type, notify access, OOM policy, abort timeout, slice; sorts commands. -ENOMEM. */
int defaults_resolve(const struct defaults_context *c, struct unit *u);
/* Reports the load-time refusals (bad-setting). */
void defaults_check(const struct defaults_context *c, struct unit *u);
/* Adds implied and default dependencies, all marked implicit. -ENOMEM. */
int defaults_add_deps(const struct defaults_context *c, struct unit *u);
