// SPDX-License-Identifier: MIT
/* What somebody may have meant: the nearest of the names that are offered. Pure. */
#pragma once

#include <stdbool.h>

#include "../../runtime/base/limits.h"

/*
 * Edits between two words: insertions, deletions, replacements, two neighbours exchanged; the case
 * of letters does not count. Large for words over LIMIT_UNIT_NAME.
 */
unsigned nearest_distance(const char *a, const char *b);

/*
 * The best of the names offered so far. Of a name at most a third, and at most three letters, may
 * differ. Another type is near only when the rest is the same. A template is offered to an
 * instance as the same instance of it, to a plain name as "NAME@INSTANCE.TYPE".
 */
struct nearest {
	const char *unit;           /* what was typed, completed */
	unsigned rank;              /* of name; lower is nearer */
	bool same;                  /* exactly this name was offered */
	char name[LIMIT_UNIT_NAME]; /* "" while nothing is near */
};

/* unit: valid, and stays the caller's. */
void nearest_init(struct nearest *n, const char *unit);
/* Anything that is no unit's name is passed over. Equal ranks: the first of the alphabet. */
void nearest_offer(struct nearest *n, const char *known);
