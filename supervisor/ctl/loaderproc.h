// SPDX-License-Identifier: MIT
/* supd-load as a child of supctl, and all that it prints (see loadtool.h). */
#pragma once

#include <stddef.h>

/*
 * Runs argv (NULL-terminated; argv[0] is replaced by the path of supd-load) and collects its
 * standard output, which the caller frees and which has a NUL byte behind it. Its error stream is
 * ours. Exit status (1 also when it was killed), or -errno: it could not be run.
 */
int loaderproc_run(const char **argv, char **ret, size_t *ret_size);
