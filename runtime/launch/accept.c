// SPDX-License-Identifier: MIT
/* Accept=yes: one connection of the socket unit's becomes the command's descriptor. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "launch.h"

/* The first that has a connection; poll first, as a descriptor may not be non-blocking. */
static int take_connection(struct launch *l)
{
	for (uint32_t i = 0; i < l->n_listen; i++) {
		struct pollfd ready = { .fd = l->listen[i], .events = POLLIN };
		int fd = poll(&ready, 1, 0) == 1 ? accept4(l->listen[i], NULL, NULL, SOCK_CLOEXEC)
						 : -1;

		if (fd >= 0) {
			return fd;
		}
	}
	return -EAGAIN;
}

/* REMOTE_ADDR and REMOTE_PORT, as systemd writes them: a mapped IPv4 address is an IPv4 one. */
static void read_peer(struct launch *l, int fd)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_storage storage;
	} peer = { 0 };
	socklen_t size = sizeof(peer);
	struct ucred creds;
	socklen_t creds_size = sizeof(creds);
	in_port_t port = 0;

	if (getpeername(fd, &peer.sa, &size) < 0) {
		return;
	}
	if (peer.sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &peer.in.sin_addr, l->remote_addr, sizeof(l->remote_addr));
		port = peer.in.sin_port;
	} else if (peer.sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&peer.in6.sin6_addr)) {
		inet_ntop(AF_INET, &peer.in6.sin6_addr.s6_addr[12], l->remote_addr,
			sizeof(l->remote_addr));
		port = peer.in6.sin6_port;
	} else if (peer.sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &peer.in6.sin6_addr, l->remote_addr, sizeof(l->remote_addr));
		port = peer.in6.sin6_port;
	} else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &creds, &creds_size) == 0) {
		strcpy(l->source, "uid ");
		number_format_u64(l->source + 4, creds.uid);
	}
	if (l->remote_addr[0]) {
		strcpy(l->source, l->remote_addr);
		number_format_u64(l->remote_port, ntohs(port));
	}
}

/* supd-init counts the connections of each source. */
static int ask_for_source(struct launch *l)
{
	struct launch_report r = { .magic = LAUNCH_MAGIC, .type = LAUNCH_SOURCE };
	char answer = 'n';

	if (!l->unit->max_per_source) {
		return 0;
	}
	strcpy(r.text, l->source);
	if (send(l->sock, &r, sizeof(r), MSG_NOSIGNAL) < 0 || recv(l->sock, &answer, 1, 0) != 1) {
		return -errno;
	}
	return answer == 'y' ? 0 : -EBUSY;
}

int launch_accept(struct launch *l)
{
	AUTO_CLOSE int fd = -1;
	int r;

	if (!launch_has(l, PLAN_ACCEPT)) {
		return 0;
	}
	fd = take_connection(l);
	if (fd < 0) {
		return launch_fail(l, fd, NULL, "no connection waits", NULL);
	}
	read_peer(l, fd);
	r = ask_for_source(l);
	if (r < 0) {
		return launch_fail(l, r, NULL, "too many connections from ", l->source);
	}
	for (uint32_t i = 0; i < l->n_listen; i++) {
		close(l->listen[i]);
	}
	l->listen[0] = TAKE_FD(fd);
	l->n_listen = 1;
	memset(l->job.n_listen, 0, sizeof(l->job.n_listen));
	l->job.n_listen[0] = 1;
	return 0;
}

const char *launch_listen_name(const struct launch *l, uint32_t i)
{
	for (uint32_t group = 0; group < l->plan.listen_names.n; group++) {
		if (i < l->job.n_listen[group]) {
			return l->plan.listen_names.items[group];
		}
		i -= l->job.n_listen[group];
	}
	return "unknown";
}
