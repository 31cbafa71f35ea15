// SPDX-License-Identifier: MIT
/*
 * Decimal numbers with a unit behind them, strictly read: time spans of systemd.time(7), and the
 * parts from which sizes are read. Pure and without allocation. 0, -EINVAL (not such a value) or
 * -ERANGE (too large); outputs stay untouched on failure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scale {
	const char *name;
	uint64_t factor;
};

/*
 * "5min 20s", "90", "1.5h", "infinity" (UINT64_MAX) in microseconds; a number without a unit counts
 * in unit_us. Units: us ms s min h d w M y and their long forms.
 */
int timespan_parse(const char *text, uint64_t unit_us, uint64_t *ret);
/* The same in nanoseconds: "5us", "50000". */
int timespan_parse_ns(const char *text, uint64_t *ret);

/* Length of "12", "1.5", ".5"; 0 when it is no number. */
size_t scaled_length(const char *p);
/* value += number * factor + its decimal places; every digit counts, overflow is an error. */
int scaled_add(unsigned __int128 *value, const char *digits, size_t n, uint64_t factor);
/* The unit whose name is the word at *p, which is moved behind it; NULL: none. */
const struct scale *scaled_unit(const struct scale *units, size_t n_units, const char **p);
