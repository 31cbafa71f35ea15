// SPDX-License-Identifier: MIT
/*
 * Files below /run/systemd/units that journald reads of a unit before its lines: LogLevelMax= and
 * its kin. supd-launch makes them, supd-init removes them; both go by these names.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LOGFILE_DIR "/run/systemd/units"

enum logfile_kind {
	LOGFILE_LEVEL_MAX,     /* symbolic link: a digit, the syslog level */
	LOGFILE_RATE_INTERVAL, /* symbolic link: microseconds, 0: no limit */
	LOGFILE_RATE_BURST,    /* symbolic link: lines */
	LOGFILE_EXTRA_FIELDS,  /* file: for each field its length in 64 bits, little endian, then
				  FIELD=value */
	LOGFILE_KIND_COUNT,
};

/* "log-level-max:web.service". -ENAMETOOLONG. */
int logfile_name(enum logfile_kind kind, const char *unit, char *buf, size_t size);
