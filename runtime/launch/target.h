// SPDX-License-Identifier: MIT
/*
 * What the rows of a plan's mounts are attached to: paths in the root that the unit gets. In a root
 * of its own all links lead back into it. In the host's, those that the service could have made
 * lead nowhere (pathwalk.h): a wall would be opened, or a directory covered, elsewhere than root
 * has said.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct launch;

/*
 * In the launcher, where ids mean what they say: the place of row i without links, for the second
 * stage, which then follows none. -ELOOP for an untrusted link.
 */
int target_prepare(struct launch *l, uint32_t i);
/* In the second stage. O_PATH; -ENOENT, -ELOOP. */
int target_open(struct launch *l, uint32_t i);
/* An empty file or directory there, and the directories above it, where they are missing. */
int target_make(struct launch *l, uint32_t i, bool is_dir);
