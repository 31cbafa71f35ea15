// SPDX-License-Identifier: MIT
/*
 * Strict numbers: decimal digits only, no sign, no space, no leading '+', no overflow. "007" is
 * accepted where a number is, because shells print them; octal needs number_parse_mode().
 *
 * Each returns 0 or -EINVAL (not a number) or -ERANGE (too large); outputs stay untouched on
 * failure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int number_parse_u64(const char *text, uint64_t *ret);
int number_parse_u32(const char *text, uint32_t *ret);
/* As u64, with an optional leading '-'. */
int number_parse_i64(const char *text, int64_t *ret);
/* A user or group id: decimal, below 2^31 - 1 (launch.md R14), never (uid_t)-1. */
int number_parse_id(const char *text, uint32_t *ret);
/* Octal file mode up to 07777. */
int number_parse_mode(const char *text, mode_t *ret);
/* Writes decimal digits and NUL; buf needs 21 bytes. Returns the length. No stdio. */
size_t number_format_u64(char *buf, uint64_t value);
