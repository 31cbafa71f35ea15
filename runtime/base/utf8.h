// SPDX-License-Identifier: MIT
/*
 * UTF-8 as RFC 3629 has it: shortest forms, no surrogates, nothing above U+10FFFF; and what of it
 * a terminal would do more with than show it. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length in bytes of the character at s (of n > 0 bytes) and its number; 0 if it is none. */
size_t utf8_decode(const char *s, size_t n, uint32_t *ret);
/* Every byte belongs to a character. */
bool utf8_is_valid(const char *text);
/* A control character, or one that changes the order in which the rest is shown. */
bool utf8_is_hidden(uint32_t character);
/* Nothing but characters that are shown. */
bool utf8_is_shown(const char *text);
/*
 * Copy of text into buf with \xNN for every byte that is not of a shown character; cut at the last
 * whole one that fits into size > 0 with its NUL. Returns the length of the copy.
 */
size_t utf8_escape(const char *text, char *buf, size_t size);
