// SPDX-License-Identifier: MIT
/*
 * Which of the unit's walls a path lies behind, for the message of a command or a directory that
 * cannot be reached: the kernel says EACCES and not why. Pure.
 */
#pragma once

#include "../plan/plan.h"

/*
 * The row of the plan's mounts that explains the error (-EACCES: hidden, or not to be executed;
 * -ENOENT: hidden, or an empty file system in its place); NULL if none does.
 */
const struct plan_mount *behind_wall(const struct plan *p, const char *path, int error);
