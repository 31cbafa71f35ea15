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

struct proctree {
	const char *root;
	struct proctree_process *list;
	size_t n;
	const char *prefix; /* before each line */
	size_t columns;     /* command lines are cut to so many characters; 0: never */
};

/*
 * Prints every process below tree->root; processes before sub-groups, by pid; groups by name.
 * Paths that are not below root are shown at its top. Sorts tree->list.
 */
void proctree_print(FILE *out, const struct proctree *tree);
