// SPDX-License-Identifier: MIT
/* supd-load as a child of supctl: it alone parses unit files, without the right to write. */
#pragma once

#include <stddef.h>

/*
 * Runs argv (NULL-terminated; argv[0] is replaced by the path of supd-load) and collects its
 * standard output, which the caller frees and which has a NUL byte behind it. Its error stream is
 * ours. Exit status, or -errno: it could not be run, was killed, or wrote too much.
 */
int loaderproc_run(const char **argv, char **ret, size_t *ret_size);
