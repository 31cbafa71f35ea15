// SPDX-License-Identifier: MIT
/* Samples of one subject of a benchmark and the rows of its table (Markdown). */
#pragma once

#include <stddef.h>

#include "../../runtime/base/timeutil.h"

#define SAMPLES_MAX 10000

struct samples {
	usec_t us[SAMPLES_MAX];
	size_t n;
};

void samples_add(struct samples *s, usec_t us);
/* Percentile 0..99; sorts. 0 without samples. */
double samples_at(struct samples *s, unsigned percent);
