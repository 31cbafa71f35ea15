// SPDX-License-Identifier: MIT
/*
 * Mounts on which the ids of files are ids of the unit's user namespace: what the file calls root
 * is the unit's root, so that no tree has to be given to another owner.
 */
#pragma once

#include <stdbool.h>

struct launch;

/*
 * For directories of a user who has a number only while the unit runs: on the disk they are
 * nobody's, and the mount shows nobody as that user, and the user as nobody. All other ids stay.
 */

/* Maps the whole detached tree by the unit's user namespace, which is made if nobody had it. */
int idmap_apply(struct launch *l, int tree);
/*
 * Shows what is nobody's below the detached mount as the directories' owner's; what is mounted
 * further below stays. 0 also where the top of the tree is not nobody's: then nothing is mapped.
 */
int idmap_give(struct launch *l, int tree);
/* Whether the file system of this directory can be mapped so; what cannot be found out is no. */
bool idmap_can_give(struct launch *l, int dir);
