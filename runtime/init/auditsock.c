// SPDX-License-Identifier: MIT
#include "auditsock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <sys/socket.h>

#include "../base/cleanup.h"
#include "../base/pidns.h"

/* Without the filter whoever owns supd could read all that the machine audits. */
static int attach_filter(int fd)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		/* The field is in the machine's order, the load in the network's. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(AUDIT_SECCOMP), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, ~0u),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { ELEMENTSOF(insns), insns };
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)) < 0) {
		return -errno;
	}
	return 0;
}

int auditsock_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
		.nl_groups = 1u << (AUDIT_NLGRP_READLOG - 1) };
	AUTO_CLOSE int fd = -1;
	int r;

	/* The pids of the records are the machine's: elsewhere they name other processes. */
	if (!pidns_is_initial()) {
		return -EOPNOTSUPP;
	}
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);
	r = fd < 0 ? -errno : attach_filter(fd);
	if (r < 0) {
		return r;
	}
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		return -errno;
	}
	return TAKE_FD(fd);
}
