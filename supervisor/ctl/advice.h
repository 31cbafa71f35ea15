// SPDX-License-Identifier: MIT
/*
 * The way out that follows from what went wrong: words behind an error of supd, the reason of a job
 * that failed without one of its own, and what the last lines of a failed service point at.
 */
#pragma once

#include "ctl.h"
#include "value.h"

/* What may be done about an error of that D-Bus name; NULL: nothing is known. */
const char *advice_of_error(const char *name, const char *message);

/*
 * Why a unit that starts others did not start: what it triggers is missing, or active already.
 * *p: its properties. Caller frees; NULL: nothing found.
 */
char *advice_of_trigger(struct ctl *c, const struct props *p);

/* Prints ": UNIT failed" for what a unit needs and does not have, p being its properties. */
void advice_print_needs(struct ctl *c, const struct props *p);

/*
 * What a line that a failed service wrote points at: text with "%s" for the unit, or NULL.
 * confined: its profile has walls.
 */
const char *advice_of_line(const char *line, size_t size, bool confined);
