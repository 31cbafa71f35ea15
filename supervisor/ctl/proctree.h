// SPDX-License-Identifier: MIT
/*
 * The tree of control groups and processes under "CGroup:". Pure: input is what GetUnitProcesses
 * answered, output text. Groups come from the paths, no file is read.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

struct proctree_process {
	const char *cgroup; /* absolute path, the root's or below it */
	uint32_t pid;
	const char *command;
};

/*
 * Prints every process below root, each line after prefix; processes before sub-groups, by pid;
 * groups by name. Paths that are not below root are shown at its top. Sorts p. Command lines
 * are cut to columns characters unless that is 0.
 */
void proctree_print(FILE *out, const char *root, struct proctree_process *p, size_t n,
	const char *prefix, size_t columns);
