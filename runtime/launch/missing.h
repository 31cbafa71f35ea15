// SPDX-License-Identifier: MIT
/*
 * What this kernel cannot do: a start that fails for the want of a kernel feature says which
 * setting needs it, what it is, and how the unit can be started without.
 */
#pragma once

struct launch;

/*
 * Adds that to l->text when object and error (-errno or errno) are those of a missing feature. The
 * object is cut if both do not fit.
 */
void missing_explain(struct launch *l, int error);
