// SPDX-License-Identifier: MIT
#include "logfile.h"

#include <errno.h>
#include <string.h>

int logfile_name(enum logfile_kind kind, const char *unit, char *buf, size_t size)
{
	static const char *const names[LOGFILE_KIND_COUNT] = {
		[LOGFILE_LEVEL_MAX] = "log-level-max:",
		[LOGFILE_RATE_INTERVAL] = "log-rate-limit-interval:",
		[LOGFILE_RATE_BURST] = "log-rate-limit-burst:",
		[LOGFILE_EXTRA_FIELDS] = "log-extra-fields:",
	};
	size_t head = strlen(names[kind]), tail = strlen(unit);

	if (head + tail >= size) {
		return -ENAMETOOLONG;
	}
	memcpy(buf, names[kind], head);
	memcpy(buf + head, unit, tail + 1);
	return 0;
}
