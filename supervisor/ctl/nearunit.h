// SPDX-License-Identifier: MIT
/* The unit that somebody may have meant: nearest.h over the loaded units and the unit files. */
#pragma once

#include "ctl.h"

#define NEAREST_HINT (LIMIT_UNIT_NAME + 64)

/*
 * What to say behind "not found": "; did you mean NAME?" from the loaded units and the unit files
 * (with --root only of the image's files), or that the unit's file is there but was not read yet,
 * or "". ret has NEAREST_HINT bytes.
 */
void nearest_unit(struct ctl *c, const char *unit, char *ret);

/* "Unit X could not be found; did you mean Y?" */
void nearest_say_missing(struct ctl *c, const char *unit);
/* Where supd can be asked and does not know that unit: says so, true. */
bool nearest_is_missing(struct ctl *c, const char *unit);
