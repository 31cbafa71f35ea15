// SPDX-License-Identifier: MIT
/*
 * Exit codes of supctl, which are systemctl's (systemctl(1) EXIT STATUS, LSB for status), and how
 * a process's end is put into words. Pure tables.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_RUNNING = 3, /* is-active, status; also: not implemented */
	EXIT_NO_UNIT = 4,     /* is-active, status; also: not permitted */
	EXIT_NOT_LOADED = 5,
	EXIT_NOT_CONFIGURED = 6,
};

/* By LoadState and ActiveState. */
int exitcode_is_active(const char *load_state, const char *active_state);
int exitcode_is_failed(const char *active_state);
int exitcode_status(const char *load_state, const char *active_state);
/* By UnitFileState; "" is a unit without a file. */
int exitcode_is_enabled(const char *unit_file_state);
/* By SystemState. */
int exitcode_system(const char *system_state);
/* By the D-Bus error that refused a call; NULL is a failure without a name. */
int exitcode_of_error(const char *error_name);
/* By a job's result. */
int exitcode_of_job(const char *result);

/* "exited, status=1/FAILURE", "killed, signal=TERM", by ExecMainCode and ExecMainStatus. */
void exitcode_describe(int code, int status, char *buf, size_t size);
/* "exited with status 1 (FAILURE)", "was killed by signal TERM", "dumped core on signal ABRT". */
void exitcode_sentence(int code, int status, char *buf, size_t size);
