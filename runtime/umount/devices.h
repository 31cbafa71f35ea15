// SPDX-License-Identifier: MIT
/* Block devices that stand on files or on other devices. Each: true when something went. */
#pragma once

#include <stdbool.h>

bool devices_swap_off(void);
bool devices_detach_loops(void);
bool devices_remove_dm(void);
/* Says which are left after all rounds; not where the root file system lies on such a device. */
bool devices_name_left(void);
