// SPDX-License-Identifier: MIT
/*
 * Comparisons in conditions: the operators of systemd.unit(5), versions by the version format
 * specification of the UAPI group, sizes. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum compare {
	COMPARE_NONE,
	COMPARE_LT,
	COMPARE_LE,
	COMPARE_EQ,
	COMPARE_NE,
	COMPARE_GE,
	COMPARE_GT,
	COMPARE_TEXT_EQ, /* as texts, letter by letter */
	COMPARE_TEXT_NE,
	COMPARE_GLOB,
	COMPARE_GLOB_NOT,
};

/* Of these all operators consist. */
#define COMPARE_CHARS "<>=!$"

/*
 * The operator that *text begins with, and *text behind it; COMPARE_NONE: there is none. With texts
 * "=" and "!=" compare texts and "$=" and "!$=" patterns, else they compare by order and the latter
 * are none.
 */
enum compare compare_take(const char **text, bool texts);

/* What the order of two things (below, at or above 0) makes of the operator; not for texts. */
bool compare_order_holds(enum compare op, int order);

/* -1, 0, 1: digits by value, letters by the alphabet and before digits, ~ before the end. */
int compare_versions(const char *a, const char *b);

/* Does "is OPERATOR wanted" hold for a version or name? */
bool compare_version_holds(enum compare op, const char *is, const char *wanted);

/* "64", "1.5G": a number with K M G T P E (of 1024) or B; 0, -EINVAL, -ERANGE. */
int compare_parse_size(const char *text, uint64_t *ret);
