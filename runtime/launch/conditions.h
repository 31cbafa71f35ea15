// SPDX-License-Identifier: MIT
/*
 * Condition…= and Assert…= at job run time (systemd.unit(5)). The decision over a list is pure;
 * each single test looks at the machine.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../plan/plan.h"

/*
 * Tests one condition without its negation: 1 true, 0 false, -errno when it cannot be told (counts
 * as false for conditions; -EOPNOTSUPP for a type that this machine has no source for).
 */
typedef int condition_test(const struct plan_condition *c, void *ctx);

/*
 * Index of the first condition that makes the list fail, or -1. All that lack '|' must hold; of
 * those with it at least one, if there are any; conditions and asserts are two lists, conditions
 * first. Of a trigger list that fails the first one is named.
 */
int conditions_evaluate(
	const struct plan_condition *list, uint32_t n, condition_test *test, void *ctx);

/* The real test; ctx is the struct launch, or NULL: then nothing is known of cgroups. */
int condition_holds(const struct plan_condition *c, void *ctx);

/* A path that the pattern matches, any if there are several; false: none. */
bool condition_glob_first(const char *pattern, char found[LIMIT_PATH]);

/* Pure parts. */
/* ">= 5.10" against "6.1.0-9": the operators of compare.h, or a shell pattern without one. */
bool condition_version_matches(const char *parameter, const char *version);
/* ">= 1.5G": operator, or none for at least, and a size; false if it is neither. */
bool condition_number_matches(const char *parameter, uint64_t value);
/* A word, or word=value, in a kernel command line; quotes group. */
bool condition_cmdline_has(const char *cmdline, const char *word);
/* Shell pattern: * ? \ and [sets]. */
bool condition_glob(const char *pattern, const char *text);
