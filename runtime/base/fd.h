// SPDX-License-Identifier: MIT
/*
 * Descriptors: reading and writing whole buffers, and messages that carry descriptors.
 * All functions return 0 or a count, or -errno.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Reads until size bytes or end of file. Returns the count. */
ssize_t fd_read_full(int fd, void *buf, size_t size);
/*
 * Reads a small file and ends it with a NUL; what does not fit into size - 1 bytes is left out.
 * Returns the length; after a failure buf is "".
 */
ssize_t fd_read_text(const char *path, char *buf, size_t size);
/*
 * For reading, if it is a regular file or a link to one, else -EINVAL: a FIFO would be waited for,
 * and some devices begin to work when they are opened. -errno.
 */
int fd_open_plain(const char *path);
/* Writes all of buf. */
int fd_write_full(int fd, const void *buf, size_t size);
int fd_set_nonblock(int fd, int on);

#define FD_LINK_SIZE 25u /* "/proc/self/fd/2147483647" */

/* The path by which this process finds what fd stands for; in buf, which it returns. */
const char *fd_link(int fd, char buf[static FD_LINK_SIZE]);
/* What an O_PATH descriptor stands for, opened. O_CLOEXEC is added. */
int fd_reopen(int fd, int flags);

/*
 * Who sends descriptors to this Unix socket, or to one that it accepts, gets EPERM from now on.
 * Linux 6.16; without effect before.
 */
void fd_refuse_rights(int sock);

/*
 * Sends one message with n_fds (<= LIMIT_SCM_FDS) descriptors, MSG_NOSIGNAL. flags: MSG_DONTWAIT …
 * -EAGAIN when the peer's queue is full, -EPIPE when it is gone.
 */
int fd_send(int sock, const void *data, size_t size, const int *fds, size_t n_fds, int flags);

/*
 * Receives one message of at most size bytes and at most *n_fds (<= LIMIT_SCM_FDS) descriptors,
 * which are close-on-exec and owned by the caller. Returns the length; 0 is end of stream.
 * A longer message gives -EMSGSIZE, more descriptors -E2BIG, descriptors that the process has no
 * room for -EMFILE (data is valid then, and the message is gone); in all cases everything received
 * is closed. With fds == NULL and n_fds == NULL the kernel is given no room and drops descriptors.
 */
ssize_t fd_recv(int sock, void *data, size_t size, int *fds, size_t *n_fds, int flags);
