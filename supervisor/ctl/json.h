// SPDX-License-Identifier: MIT
/*
 * A small JSON writer: well-formed by construction. It puts the commas, escapes strings, and
 * replaces bytes that are not UTF-8 by U+FFFD. Inside an object every call has a key; inside an
 * array, and for the outermost value, the key is NULL. Never allocates.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH 64u

struct json {
	FILE *out;
	unsigned depth;
	bool comma[JSON_DEPTH]; /* a member was written at this depth */
	char close[JSON_DEPTH];
};

void json_init(struct json *j, FILE *out);

/* At most JSON_DEPTH - 1 deep (asserted: our own structure decides the depth). */
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
/* Closes the innermost; the outermost ends with a newline. */
void json_end(struct json *j);

/* value NULL writes null. */
void json_string(struct json *j, const char *key, const char *value);
void json_string_n(struct json *j, const char *key, const char *value, size_t n);
void json_u64(struct json *j, const char *key, uint64_t value);
void json_i64(struct json *j, const char *key, int64_t value);
/* Infinities and NaN, which JSON lacks, become null. */
void json_double(struct json *j, const char *key, double value);
void json_bool(struct json *j, const char *key, bool value);
