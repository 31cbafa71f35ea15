// SPDX-License-Identifier: MIT
/*
 * Exit statuses by name: C's two, LSB's, sysexits.h, and those by which systemd's launcher says
 * what it could not do (systemd.exec(5), "Process Exit Codes").
 */
#pragma once

/* The status of "NOPERMISSION" or "EX_USAGE"; -ENOENT: no such name. */
int exit_from_name(const char *name);
/* "NOPERMISSION"; NULL: it has none. */
const char *exit_to_name(int status);
