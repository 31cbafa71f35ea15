// SPDX-License-Identifier: MIT
/*
 * What supctl says of itself: help, the manual page supctl(1) and the words for the completion, all
 * three from the tables of verbs and options.
 */
#pragma once

#include "ctl.h"

/* Help of everything, or of one verb (NULL: everything). Exit code. */
int help_print(struct ctl *c, const char *verb);
/* Says that there is no such verb, and which one is near. Exit code. */
int help_unknown(struct ctl *c, const char *verb);

/* What --type or --state takes, a line each. Exit code. */
int help_types(struct ctl *c);
int help_states(struct ctl *c);

int verb_help(struct ctl *c, int n, char *const *args);
/*
 * For the completion, a line each: "verb NAME OPERAND", "option --NAME flag|argument", "json NAME"
 * for verbs that know --json, "for VERB --NAME" for options that a verb heeds.
 */
int verb_words(struct ctl *c, int n, char *const *args);
/* supctl(1) in roff. */
int verb_man(struct ctl *c, int n, char *const *args);
