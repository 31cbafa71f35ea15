// SPDX-License-Identifier: MIT
/* A descriptor that its last holder cannot close at once. */
#pragma once

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"

#define LINGER_SECS 600 /* far beyond the time that a test has */

/*
 * A connected socket whose last close waits LINGER_SECS for a peer, *ret_peer, that reads nothing.
 * -1 when it could not be had.
 */
static inline int make_lingerer(int *ret_peer)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct linger linger = { .l_onoff = 1, .l_linger = LINGER_SECS };
	static const char bytes[65536];
	socklen_t size = sizeof(address);
	AUTO_CLOSE int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*ret_peer = -1;
	if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1) < 0 ||
		getsockname(listener, (struct sockaddr *)&address, &size) < 0 ||
		connect(fd, (struct sockaddr *)&address, size) < 0) {
		return -1;
	}
	*ret_peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (*ret_peer < 0) {
		return -1;
	}
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
	}
	if (errno != EAGAIN || setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0) {
		return -1;
	}
	return TAKE_FD(fd);
}
