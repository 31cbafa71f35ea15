// SPDX-License-Identifier: MIT
/* Launch steps of the second stage that make its view of the file system. */
#pragma once

struct launch;

int launch_attach_mounts(struct launch *l);
/* Attaches a detached tree at path below the new root, where a mount point is made if it lacks. */
int walls_attach(struct launch *l, int tree, const char *path);
int launch_change_root(struct launch *l);
