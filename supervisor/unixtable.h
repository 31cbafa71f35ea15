// SPDX-License-Identifier: MIT
/*
 * The kernel's table of Unix sockets (/proc/net/unix), which anybody may read: is there a listener
 * behind a socket's file? The file alone says nothing, it stays when its owner ends. The kernel
 * writes names as they are, so whoever binds one with a newline can make a line of any form: only
 * what may be wrong without harm to others can be asked here, and of files that root has made.
 */
#pragma once

#include <stdbool.h>

/*
 * Is a listening socket bound to that path, in a table read from fd to its end? -errno of reading.
 * A line of another form is none, as are those longer than PATH_MAX.
 */
int unixtable_listens(int fd, const char *path, bool *ret);
