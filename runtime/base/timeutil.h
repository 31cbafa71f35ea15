// SPDX-License-Identifier: MIT
/* Monotonic microseconds. Pure code never calls now_us(); it gets the time as an argument. */
#pragma once

#include <stdint.h>
#include <time.h>

typedef uint64_t usec_t;

#define USEC_INFINITY UINT64_MAX
#define USEC_PER_SEC  ((usec_t)1000000)
#define USEC_PER_MSEC ((usec_t)1000)

static inline usec_t timespec_us(const struct timespec *ts)
{
	return (usec_t)ts->tv_sec * USEC_PER_SEC + (usec_t)ts->tv_nsec / 1000;
}

/* Reads a clock (CLOCK_MONOTONIC, CLOCK_REALTIME, …) in microseconds. */
static inline usec_t clock_us(clockid_t clock)
{
	struct timespec ts = { 0 };

	clock_gettime(clock, &ts);
	return timespec_us(&ts);
}

static inline usec_t now_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* a + b, saturating at USEC_INFINITY. */
static inline usec_t usec_add(usec_t a, usec_t b)
{
	return a > USEC_INFINITY - b ? USEC_INFINITY : a + b;
}
