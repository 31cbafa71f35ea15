// SPDX-License-Identifier: MIT
/*
 * Mounts on which the ids of files are ids of the unit's user namespace: what the file calls root
 * is the unit's root, so that no tree has to be given to another owner.
 */
#pragma once

struct launch;

/* Maps the whole detached tree by the unit's user namespace, which is made if nobody had it. */
int idmap_apply(struct launch *l, int tree);
