// SPDX-License-Identifier: MIT
/* A boot as a picture: SVG, one row for each part of the boot and each unit. Pure. */
#pragma once

#include <stdio.h>

#include "boottime.h"

#define BOOTPLOT_PARTS 8u

struct bootplot_part {
	const char *name;
	usec_t begin, end; /* CLOCK_MONOTONIC */
};

struct bootplot {
	const struct boottime *boot; /* with finish */
	struct bootplot_part parts[BOOTPLOT_PARTS];
	size_t n_parts;
	const struct boottime_unit *const *units; /* rows, in this order */
	size_t n_units;
};

/* The least of 1, 2, 5, 10, 20, 50 … that is not below at_least. */
usec_t bootplot_nice(usec_t at_least);

struct bootplot_scale {
	usec_t origin;
	usec_t end;
	usec_t us_per_px;
	usec_t tick_us; /* between two lines of the time axis */
};
/* So that the boot is 600 to 1500 pixels wide, and lines are some 80 apart. */
void bootplot_scale(const struct boottime *b, struct bootplot_scale *ret);
/* Pixels from the origin; what lies outside of the boot is at its edge. */
double bootplot_x(const struct bootplot_scale *s, usec_t at);

void bootplot_write(const struct bootplot *plot, FILE *out);
