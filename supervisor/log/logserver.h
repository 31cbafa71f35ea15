// SPDX-License-Identifier: MIT
/*
 * supd-log's event loop: the channel from supd-init, the slots' streams, journald's stdout and
 * native sockets, and one deadline for incomplete lines and reports. Sleeps without a time-out
 * when there is nothing to wait for. enum log_fd says what it inherits.
 */
#pragma once

struct logserver;

/* Takes the descriptors of enum log_fd. -errno. */
int logserver_new(struct logserver **ret);
void logserver_free(struct logserver *s);
/* Until SIGTERM or the end of the channel; then everything that was handed in is stored. 0, -errno.
 */
int logserver_run(struct logserver *s);
