// SPDX-License-Identifier: MIT
/* printf into an arena. Apart from arena.h, because privileged programs use no stdio. */
#pragma once

#include "arena.h"

/* NULL when the arena is exhausted. */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
