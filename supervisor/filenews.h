// SPDX-License-Identifier: MIT
/* Are a unit's files others than when it was loaded? Looks at the disk, changes nothing. */
#pragma once

#include <stdbool.h>

#include "../runtime/plan/manifest.h"

/* True when the fragment or a drop-in was changed, removed, added or put before it in the unit path
 * of the manifest. A unit without a file, or without a mark (of an older manifest), has no news. */
bool filenews_of(const char *unit_path, const struct manifest_unit *def);
