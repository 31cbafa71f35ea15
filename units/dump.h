// SPDX-License-Identifier: MIT
/* A catalogue in words, for `supd-load --dump` and for looking at what a unit became. */
#pragma once

#include <stdio.h>

#include "../runtime/base/arena.h"
#include "../runtime/plan/catalogue.h"
#include "../runtime/plan/manifest.h"

/* Writes all units with entries. 0, or -EBADMSG, -ENOMEM of plan_decode. */
int dump_catalogue(
	FILE *out, const struct catalogue *c, const struct manifest *m, struct arena *arena);
