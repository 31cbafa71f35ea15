// SPDX-License-Identifier: MIT
/* What plan_decode() checks of a plan beyond its encoding. */
#pragma once

#include "plan.h"

/* Are all values of a decoded plan within bounds, and its blobs within c? */
bool plan_is_valid(const struct catalogue *c, const struct plan *p);
