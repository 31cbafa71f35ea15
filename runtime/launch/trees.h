// SPDX-License-Identifier: MIT
/*
 * Launch step, in the launcher: every mount that needs the host's rights or the host's view is made
 * here as a detached tree that nobody else can see, and attached by the second stage.
 */
#pragma once

#include <stdint.h>

struct launch;
struct plan_mount;

/* The character devices of a private /dev. */
struct trees_node {
	const char *name, *host;
	unsigned major, minor;
};
#define TREES_NODES 6
extern const struct trees_node trees_nodes[TREES_NODES];

int launch_prepare_trees(struct launch *l);
/* What a row of the plan's mounts does, for a failure: "bind ", then comes the path. */
const char *trees_row_verb(const struct plan_mount *m);
/* A detached proc of the caller's PID namespace with the plan's options; -errno after a failure. */
int launch_new_proc(struct launch *l);
