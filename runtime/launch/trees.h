// SPDX-License-Identifier: MIT
/*
 * Launch step, in the launcher: every mount that needs the host's rights or the host's view is made
 * here as a detached tree that nobody else can see, and attached by the second stage.
 */
#pragma once

struct launch;
struct plan_mount;

int launch_prepare_trees(struct launch *l);
/* What a row of the plan's mounts does, for a failure: "bind ", then comes the path. */
const char *trees_row_verb(const struct plan_mount *m);
/* A detached proc of the caller's PID namespace with the plan's options; -errno after a failure. */
int launch_new_proc(struct launch *l);
