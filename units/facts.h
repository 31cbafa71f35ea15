// SPDX-License-Identifier: MIT
/*
 * What a unit's settings come to, for programs that must not parse units themselves: `supd-load
 * --facts`. One record a line, fields separated by tabs; in a field a tab, a newline and a
 * backslash are \t, \n and \\. Records, in this order for each unit:
 *
 *   unit  NAME PROFILE STATE ERROR     STATE "loaded" or why not; ERROR "" or the first error
 *   file  PATH                         the profile, the fragment, the drop-ins, in that order
 *   line  SECTION NAME VALUE ORIGIN CONFINES
 *                                      every assignment in the order in which they count; CONFINES
 *                                      "yes" if the setting is a wall or a limit, else "no"
 *   fact  KEY VALUE ORIGIN             the effective value of what systemd-analyze security asks
 *
 * ORIGIN is "FILE:LINE", "profile NAME" for what a profile does without a line, or "" (default).
 */
#pragma once

#include <stdio.h>

#include "load.h"

/* Prints the units of names (NULL-terminated; the unit must be in l->set), or all when NULL.
 * -ENOENT with *ret_missing set, -ENOMEM, -EIO. */
int facts_print(FILE *out, struct load *l, const char *const *names, const char **ret_missing);
