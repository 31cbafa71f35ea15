// SPDX-License-Identifier: MIT
/*
 * What a person types for a unit, and how the server names it. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../../runtime/base/limits.h"

/* Holds *, ? or [: a pattern over the loaded units. */
bool names_is_pattern(const char *text);

/*
 * "web" -> "web.service", "web@7" -> "web@7.service", "/srv/data" -> "srv-data.mount"; full names
 * stay. -EINVAL: not a unit name.
 */
int names_complete(const char *text, char ret[LIMIT_UNIT_NAME]);
/* With another suffix than ".service"; for ".automount" a path is one, too. */
int names_complete_as(const char *text, const char *suffix, char ret[LIMIT_UNIT_NAME]);
/* A name or a pattern; to a pattern ".service" is added where it gives no type. */
int names_complete_any(const char *text, char ret[LIMIT_UNIT_NAME]);
/* A pattern with another suffix. */
int names_complete_pattern_as(const char *text, const char *suffix, char ret[LIMIT_UNIT_NAME]);

/* "7" , "TERM", "SIGTERM", "RTMIN+3" -> number; -EINVAL. */
int names_signal(const char *text);
/* "TERM" for 15; NULL when there is no such signal. */
const char *names_of_signal(int number);
