// SPDX-License-Identifier: MIT
/*
 * The addresses of Listen lines, systemd.socket(5): a path, "@name", a port, IPV4:PORT,
 * [IPV6]:PORT with an optional %SCOPE, vsock:CID:PORT, and netlink's "FAMILY [GROUP]". Pure.
 */
#pragma once

#include <stdint.h>

#include "../runtime/base/arena.h"
#include "../runtime/plan/plan.h"

/*
 * Fills family and path, or address and scope, of *s; type and protocol are the caller's. 0,
 * -ENOMEM, or -EINVAL with *ret_why: what is wrong, for the message.
 */
int sockaddr_parse(
	const char *text, struct arena *arena, struct plan_socket *s, const char **ret_why);
/* "kobject-uevent 1": family AF_NETLINK, type raw, protocol and the address with its groups. */
int sockaddr_parse_netlink(
	const char *text, struct arena *arena, struct plan_socket *s, const char **ret_why);
