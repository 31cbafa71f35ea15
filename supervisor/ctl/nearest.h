// SPDX-License-Identifier: MIT
/* What somebody may have meant. */
#pragma once

#include "ctl.h"

/* Edits between two words: insertions, deletions, replacements; large for words over 255 bytes. */
unsigned nearest_distance(const char *a, const char *b);
/* The loaded unit whose name is nearest (at most a third of it differs); ret stays when none is. */
void nearest_unit(struct ctl *c, const char *unit, char ret[LIMIT_UNIT_NAME]);
