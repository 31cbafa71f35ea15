// SPDX-License-Identifier: MIT
/* Words of a value: white space separates, quotes join, C escapes mean bytes (systemd.syntax(7),
 * "Quoting"). Pure. */
#pragma once

#include <stdbool.h>

#include "../runtime/base/arena.h"

struct word {
	char *text;      /* in the arena, unescaped */
	unsigned column; /* offset in the value */
	bool quoted;     /* some part was quoted: an operator sign in it is text */
	bool escaped;    /* begins with a backslash escape */
	bool odd;        /* has an escape that is none, which stands there as written */
};

/*
 * The next word of *p, which advances behind it. 1: a word, 0: the end, -EINVAL: an open quote or
 * an unknown escape (*p stands at it), -ENOMEM.
 */
int word_next(const char **p, const char *value, struct arena *arena, struct word *ret);
/* The same for command lines and environments, in which systemd keeps what is no escape as it is:
 * a word has "odd" then, and the caller warns. */
int word_next_relaxed(const char **p, const char *value, struct arena *arena, struct word *ret);
/* The same without quotes and escapes: plain white space separated words. */
int word_next_plain(const char **p, const char *value, struct arena *arena, struct word *ret);
