// SPDX-License-Identifier: MIT
/*
 * What journald is to know of a unit before it reads its first line: the files of plan/logfile.h.
 * On a machine only: elsewhere the directory belongs to the machine's own PID 1. A file that cannot
 * be made fails the start: LogLevelMax= may be what keeps a secret out of the journal.
 */
#pragma once

#include "launch.h"

#define LOGFILES_UNIT_NAME (LIMIT_UNIT_NAME + 24)

/* The unit's name; a numbered instance goes by its own. */
void logfiles_unit_name(const struct launch *l, char ret[LOGFILES_UNIT_NAME]);
/* Makes the files of rows for that unit in dir, each in one step. 0 or -errno. */
int logfiles_write(int dir, const char *unit, const struct plan_log_file *rows, uint32_t n);
/* Launch step. */
int launch_write_log_files(struct launch *l);
