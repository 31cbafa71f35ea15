// SPDX-License-Identifier: MIT
/* The effective settings of what the command line names: unit files, or units of the unit path. */
#pragma once

#include "ctl.h"
#include "loadtool.h"

/*
 * An operand with a '/' in it, or one that is a file here, is a file; others are units, looked up
 * in the unit path. n 0: all loaded services. Says what is wrong. Exit code; load_facts_fini also
 * after a failure.
 */
int unitfacts_load(struct ctl *c, int n, char *const *args, struct load_facts *ret);
