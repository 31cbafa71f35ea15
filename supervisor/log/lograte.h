// SPDX-License-Identifier: MIT
/* How many lines a unit may log within an interval. Pure: the time is an argument. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct lograte {
	uint64_t begin_us; /* of the present interval, monotonic */
	uint64_t lines;    /* let through in it */
	uint64_t suppressed;
};

struct lograte_limit {
	uint64_t interval_us; /* 0: no limit */
	uint64_t lines;
};

/*
 * True: the line may pass. A new interval begins with the first line after the end of the old
 * one; it may begin only when the lines suppressed in the old one have been reported
 * (lograte_take_suppressed()).
 */
bool lograte_pass(struct lograte *r, const struct lograte_limit *limit, uint64_t now_us);
/* When the interval with suppressed lines ends; UINT64_MAX if nothing was suppressed. */
uint64_t lograte_deadline(const struct lograte *r, const struct lograte_limit *limit);
/* The number to report when that time has come, else 0; resets it. */
uint64_t lograte_take_suppressed(
	struct lograte *r, const struct lograte_limit *limit, uint64_t now_us);
