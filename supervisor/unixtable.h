// SPDX-License-Identifier: MIT
/*
 * The kernel's table of Unix sockets (/proc/net/unix), which anybody may read: is there a listener
 * behind a socket's file? The file alone says nothing, it stays when its owner ends.
 */
#pragma once

#include <stdbool.h>

/*
 * Is a listening socket bound to that path, in a table read from fd to its end? -errno of reading.
 * A line of another form is none, as are those longer than PATH_MAX.
 */
int unixtable_listens(int fd, const char *path, bool *ret);
