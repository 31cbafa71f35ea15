// SPDX-License-Identifier: MIT
/*
 * The unit's credentials: secrets of files, stores and the unit's own lines, gathered as root into
 * a file system in memory that is never swapped where the kernel has that, read-only, readable for
 * the unit's user alone, and seen in the unit's mount namespace only. Their text is copied, never
 * looked at, and stands in no message.
 */
#pragma once

struct launch;

/* Launch step, in the launcher: makes launch_trees.credentials, reading or from the slot. */
int launch_load_credentials(struct launch *l);
/* Takes down what stands on the host for a unit, if anything does. */
int credload_remove(const char *unit);
/* In the second stage, when the unit's own mounts are there. */
int launch_attach_credentials(struct launch *l);
