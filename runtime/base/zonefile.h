// SPDX-License-Identifier: MIT
/* Reads time zones from the machine's files. */
#pragma once

#include "zone.h"

/*
 * The zone of that name below /usr/share/zoneinfo; NULL: the machine's own, /etc/localtime. 0,
 * -ENOENT, -EINVAL (no such name is possible), -EBADMSG, -E2BIG, -ENOMEM. zone_fini() afterwards.
 */
int zonefile_read(const char *name, struct zone *ret);
bool zonefile_exists(const char *name);
