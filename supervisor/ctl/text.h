// SPDX-License-Identifier: MIT
/*
 * Text for people: what a server, a log or a file says is printed only after escaping, because it
 * may hold terminal control sequences. Pure; the caller frees what is returned.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Longest piece of foreign text that is shown in one place, in bytes before escaping. */
#define TEXT_MAX 16384u

enum text_flags {
	TEXT_KEEP_LINES = 1, /* newline and tab stay as they are */
};

/* Length in bytes of the UTF-8 character at s (of n > 0 bytes); 0 if it is none. */
size_t text_character(const char *s, size_t n);

/* Its number if a terminal would do more with it than show it (below 0x10000), else 0. */
uint32_t text_hidden(const char *s, size_t length);

/*
 * Copy of n bytes with everything unprintable as \n, \t, \xNN; a backslash stays one. Cut after max
 * bytes of input, with "…" to show it. NULL when memory is exhausted.
 */
char *text_escape(const char *s, size_t n, size_t max, unsigned flags);
/* The same straight into a stream. */
void text_print(FILE *out, const char *s, size_t n, unsigned flags);
/* Whole NUL-terminated text up to TEXT_MAX. NULL prints nothing. */
void text_puts(FILE *out, const char *s);

/* Columns on a terminal: characters, not bytes; no wide characters. */
size_t text_columns(const char *s);
