// SPDX-License-Identifier: MIT
/*
 * The last close of a descriptor that a stranger sent may wait: a TCP socket with SO_LINGER waits
 * for its peer as long as the sender has set (tcp(7), socket(7)). It does so wherever the last copy
 * goes: in close(), in a receive that discards it, in the close of a socket in whose queue it is.
 * Such a wait ends at a signal. Between begin and end one comes PATIENCE_US after begin, and again.
 *
 * Owns ITIMER_REAL and SIGALRM of the process. Does not help against FUSE, whose flush() cannot be
 * interrupted: there the descriptor must not be received at all.
 */
#pragma once

#define PATIENCE_US 5000

/* Not nested. errno is kept by both. */
void patience_begin(void);
void patience_end(void);

/* close() that does not wait. fd < 0: nothing. */
void patience_close(int fd);
