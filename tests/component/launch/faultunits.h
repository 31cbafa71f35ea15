// SPDX-License-Identifier: MIT
/* Units for the fault test, compiled as supd-load compiles them. */
#pragma once

#include "fakeinit.h"

/* Of an enum launch_step. */
#define FAULT_STEP(step) (UINT64_C(1) << (step))

struct fault_unit {
	const char *name;
	const char *text; /* "DIR": the partner's scratch directory; NULL: a plan made by hand */
	bool needs_image; /* of DIR/root, as DIR/disk */
	uint32_t
		stride; /* only each n-th call is made to fail: loop devices are slow to go; 0: 1 */
	uint64_t steps; /* of which each must have failed at least once; a test compares all units'
			   with the tables of exec.c */
};

/* NULL if there is none of that name. */
const struct fault_unit *fault_unit_find(const char *name);
/*
 * Makes what the unit names below f->dir, compiles the unit, and points f at its main entry. 0,
 * -EOPNOTSUPP: an image cannot be made here; -errno.
 */
int fault_unit_compile(
	struct fake *f, const struct fault_unit *unit, const char *build_dir, const char *program);
