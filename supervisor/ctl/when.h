// SPDX-License-Identifier: MIT
/*
 * Points in time and spans for people, after systemd.time(7), and the points that --since
 * accepts. Pure: now is an argument; only the local time zone is read from the environment.
 * All times are microseconds; points are CLOCK_REALTIME.
 */
#pragma once

#include <stddef.h>

#include "../../runtime/base/timeutil.h"

#define WHEN_TEXT 96u /* room for any text made here */

/* "Sat 2026-01-03 12:00:00 UTC"; "n/a" for 0 and infinity. */
void when_format(usec_t point, char buf[WHEN_TEXT]);
/* "2min 3s ago", "3h 4min ago", "2 days ago", "5s left"; "now". */
void when_relative(usec_t point, usec_t now, char buf[WHEN_TEXT]);
/* "1min 30s", "100ms", "0", "infinity". */
void when_span(usec_t span, char buf[WHEN_TEXT]);
/*
 * "now", "today", "yesterday", "@SECONDS", "YYYY-MM-DD[ HH:MM[:SS]]", "HH:MM[:SS]", "5 min ago",
 * "-1h", "1h 30min ago". -EINVAL.
 */
int when_parse(const char *text, usec_t now, usec_t *ret);
/* Sizes as systemctl shows them: "1.5M", "512B". */
void when_bytes(unsigned long long bytes, char buf[WHEN_TEXT]);
