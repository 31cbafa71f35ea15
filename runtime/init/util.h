// SPDX-License-Identifier: MIT
/* Small helpers of supd-init: messages to its own stderr, bounded strings, slot sets. No stdio. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The console of a machine, if that is our error stream; else -1. A terminal is written to by one
 * at a time, and who waits for its reader keeps all others waiting: an open file of our own that
 * does not block is safe.
 */
int util_open_console(void);
/* "supd-init: what: object: errno text\n"; object may be NULL, error is positive or 0. */
void util_say(const char *what, const char *object, int error);
/* Makes '?' of every control character: a line for a console or a log stays one. */
void util_printable(char *text, size_t n);
/* Copies with truncation and NUL. */
void util_copy(char *to, size_t size, const char *from);
/* Joins up to 4 parts (NULL ends) into buf: 0, or -ENAMETOOLONG. */
int util_join(char *buf, size_t size, const char *const parts[4]);
/* Closes and sets to -1; accepts -1. */
void util_close(int *fd);
/* An earlier deadline than *at, where 0 means none. */
void util_sooner(uint64_t *at, uint64_t deadline);
/* This process's effective ones, a bit each; 0 if even that cannot be known. */
uint64_t util_capabilities(void);
