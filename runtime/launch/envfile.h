// SPDX-License-Identifier: MIT
/*
 * EnvironmentFile=: the one text that supd-launch has parsed. env_file_parse() is pure; the step
 * runs it in a forked child that is nobody and under strict seccomp by then, because the file may
 * be written by anyone whom the unit trusts with its environment, not with root.
 */
#pragma once

#include <stddef.h>

struct launch;

/*
 * Parses size bytes in systemd's grammar (systemd.exec(5)). emit is called with "KEY=VALUE" of
 * len bytes, NUL-terminated, in the scratch buffer, which must hold size + 2 bytes; a result
 * below 0 ends the walk. Lines without '=' and names that are no variable names are skipped.
 * -EBADMSG for a NUL byte.
 */
int env_file_parse(const char *data, size_t size, char *scratch,
	int (*emit)(void *ctx, const char *line, size_t len), void *ctx);

/* Launch step: reads all files of the plan into l->file_env. */
int launch_read_env_files(struct launch *l);
