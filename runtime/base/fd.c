// SPDX-License-Identifier: MIT
#include "fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "limits.h"
#include "number.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int) * LIMIT_SCM_FDS)];
};

ssize_t fd_read_full(int fd, void *buf, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (char *)buf + done, size - done);

		if (n == 0) {
			break;
		}
		if (n < 0) {
			if (errno == EINTR) {
				continue;
			}
			return -errno;
		}
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t fd_read_text(const char *path, char *buf, size_t size)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = fd < 0 ? -errno : fd_read_full(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	return n;
}

int fd_open_plain(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		return -EINVAL;
	}
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0) {
		return -errno;
	}
	return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -EINVAL;
}

int fd_write_full(int fd, const void *buf, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = write(fd, (const char *)buf + done, size - done);

		if (n < 0) {
			if (errno == EINTR) {
				continue;
			}
			return -errno;
		}
		done += (size_t)n;
	}
	return 0;
}

int fd_set_nonblock(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0) {
		return -errno;
	}
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

const char *fd_link(int fd, char buf[static FD_LINK_SIZE])
{
	strcpy(buf, "/proc/self/fd/");
	number_format_u64(buf + strlen(buf), (uint64_t)fd);
	return buf;
}

int fd_reopen(int fd, int flags)
{
	char path[FD_LINK_SIZE];
	int again = open(fd_link(fd, path), flags | O_CLOEXEC);

	return again < 0 ? -errno : again;
}

void fd_refuse_rights(int sock)
{
	int off = 0;

	setsockopt(sock, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off));
}

int fd_send(int sock, const void *data, size_t size, const int *fds, size_t n_fds, int flags)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;
	ssize_t n;

	if (n_fds > LIMIT_SCM_FDS) {
		return -E2BIG;
	}
	if (n_fds) {
		memset(&control, 0, sizeof(control));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * n_fds);
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
	}
	do {
		n = sendmsg(sock, &msg, flags | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		return -errno;
	}
	return (size_t)n == size ? 0 : -EIO;
}

static size_t take_fds(struct msghdr *msg, int *fds, size_t max)
{
	size_t total = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
			continue;
		}
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (total < max) {
				fds[total] = fd;
			} else {
				close(fd);
			}
			total++;
		}
	}
	return total;
}

ssize_t fd_recv(int sock, void *data, size_t size, int *fds, size_t *n_fds, int flags)
{
	struct iovec iov = { .iov_base = data, .iov_len = size };
	union control control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t max = n_fds ? *n_fds : 0, got = 0;
	ssize_t n;

	if (max) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	do {
		n = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		return -errno;
	}
	if (max) {
		got = take_fds(&msg, fds, max);
	}
	if ((msg.msg_flags & MSG_TRUNC) || got > max || (max && (msg.msg_flags & MSG_CTRUNC))) {
		for (size_t i = 0; i < (got < max ? got : max); i++) {
			close(fds[i]);
		}
		if (msg.msg_flags & MSG_TRUNC) {
			return -EMSGSIZE;
		}
		return got >= max ? -E2BIG : -EMFILE;
	}
	if (n_fds) {
		*n_fds = got;
	}
	return n;
}
