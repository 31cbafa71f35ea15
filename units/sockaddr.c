// SPDX-License-Identifier: MIT
#include "sockaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/number.h"
#include "values.h"

#define TEXT_MAX 256u

static int wrong(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EINVAL;
}

static int keep(struct arena *arena, struct plan_socket *s, const void *address, size_t size)
{
	sa_family_t family;

	memcpy(&family, address, sizeof(family));
	s->family = family;
	s->address.data = arena_memdup(arena, address, size);
	s->address.n = (uint32_t)size;
	return s->address.data ? 0 : -ENOMEM;
}

static int parse_port(const char *text, uint16_t *ret)
{
	uint32_t port;

	if (number_parse_u32(text, &port) < 0 || port == 0 || port > 65535) {
		return -EINVAL;
	}
	*ret = htons((uint16_t)port);
	return 0;
}

static int parse_unix(
	const char *text, struct arena *arena, struct plan_socket *s, const char **ret_why)
{
	char *path = arena_strdup(arena, text);

	if (!path) {
		return -ENOMEM;
	}
	s->family = AF_UNIX;
	s->path = path;
	if (*path == '@') {
		return strlen(path) > 1 &&
				       strlen(path) <= sizeof(((struct sockaddr_un *)0)->sun_path)
			       ? 0
			       : wrong(ret_why, "an abstract name has 1 to 107 bytes");
	}
	if (!value_is_path(path) || path[strlen(path) - 1] == '/') {
		return wrong(ret_why, "not a path of a file without \"..\"");
	}
	value_simplify_path(path);
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		return wrong(ret_why, "the path of a socket has at most 107 bytes");
	}
	return 0;
}

/* text is behind "vsock:"; an empty CID means every one. */
static int parse_vsock(
	const char *text, struct arena *arena, struct plan_socket *s, const char **ret_why)
{
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY };
	const char *colon = strchr(text, ':');
	char cid[16];

	if (!colon || (size_t)(colon - text) >= sizeof(cid)) {
		return wrong(ret_why, "use vsock:CID:PORT");
	}
	memcpy(cid, text, (size_t)(colon - text));
	cid[colon - text] = '\0';
	if (*cid && number_parse_u32(cid, &vm.svm_cid) < 0) {
		return wrong(ret_why, "the CID of vsock:CID:PORT is a number");
	}
	if (number_parse_u32(colon + 1, &vm.svm_port) < 0) {
		return wrong(ret_why, "the port of vsock:CID:PORT is a number below 2^32");
	}
	return keep(arena, s, &vm, sizeof(vm));
}

/* "[ADDRESS]:PORT", "[ADDRESS]:PORT%SCOPE" */
static int parse_ipv6(
	const char *text, struct arena *arena, struct plan_socket *s, const char **ret_why)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	const char *end = strchr(text, ']');
	char address[INET6_ADDRSTRLEN + 1], port[TEXT_MAX];
	char *scope;

	if (!end || end[1] != ':' || (size_t)(end - text) > sizeof(address)) {
		return wrong(ret_why, "use [IPV6]:PORT");
	}
	memcpy(address, text + 1, (size_t)(end - text) - 1);
	address[end - text - 1] = '\0';
	if (inet_pton(AF_INET6, address, &in6.sin6_addr) != 1) {
		return wrong(ret_why, "not an IPv6 address between [ and ]");
	}
	strcpy(port, end + 2);
	scope = strchr(port, '%');
	if (scope) {
		*scope++ = '\0';
	}
	if (parse_port(port, &in6.sin6_port) < 0) {
		return wrong(ret_why, "the port is a number from 1 to 65535");
	}
	if (scope && number_parse_u32(scope, &in6.sin6_scope_id) < 0) {
		if (!*scope || strlen(scope) >= IFNAMSIZ || strpbrk(scope, "/ %")) {
			return wrong(ret_why, "what follows % is an interface");
		}
		s->scope = arena_strdup(arena, scope);
		if (!s->scope) {
			return -ENOMEM;
		}
	}
	return keep(arena, s, &in6, sizeof(in6));
}

static int parse_ipv4(
	const char *text, struct arena *arena, struct plan_socket *s, const char **ret_why)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	const char *colon = strrchr(text, ':');
	char address[INET_ADDRSTRLEN];

	if ((size_t)(colon - text) >= sizeof(address)) {
		return wrong(ret_why, "use a path, @NAME, PORT, IPV4:PORT, [IPV6]:PORT or "
				      "vsock:CID:PORT");
	}
	memcpy(address, text, (size_t)(colon - text));
	address[colon - text] = '\0';
	if (inet_pton(AF_INET, address, &in.sin_addr) != 1) {
		return wrong(ret_why, strchr(address, ':')
					      ? "an IPv6 address stands in brackets: [IPV6]:PORT"
					      : "not an IPv4 address (names are not looked up)");
	}
	if (parse_port(colon + 1, &in.sin_port) < 0) {
		return wrong(ret_why, "the port is a number from 1 to 65535");
	}
	return keep(arena, s, &in, sizeof(in));
}

int sockaddr_parse(
	const char *text, struct arena *arena, struct plan_socket *s, const char **ret_why)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT };

	if (*text == '/' || *text == '@') {
		return parse_unix(text, arena, s, ret_why);
	}
	if (strlen(text) >= TEXT_MAX) {
		return wrong(ret_why, "too long");
	}
	if (strncmp(text, "vsock:", 6) == 0) {
		return parse_vsock(text + 6, arena, s, ret_why);
	}
	if (*text == '[') {
		return parse_ipv6(text, arena, s, ret_why);
	}
	if (strchr(text, ':')) {
		return parse_ipv4(text, arena, s, ret_why);
	}
	if (parse_port(text, &any.sin6_port) < 0) {
		return wrong(ret_why, "use a path, @NAME, PORT (1 to 65535), IPV4:PORT, "
				      "[IPV6]:PORT or vsock:CID:PORT");
	}
	s->any_family = 1;
	return keep(arena, s, &any, sizeof(any));
}

static const struct {
	const char *name;
	uint32_t protocol;
} netlink_families[] = {
	{ "route", NETLINK_ROUTE },
	{ "firewall", NETLINK_FIREWALL },
	{ "inet-diag", NETLINK_SOCK_DIAG },
	{ "nflog", NETLINK_NFLOG },
	{ "xfrm", NETLINK_XFRM },
	{ "selinux", NETLINK_SELINUX },
	{ "iscsi", NETLINK_ISCSI },
	{ "audit", NETLINK_AUDIT },
	{ "fib-lookup", NETLINK_FIB_LOOKUP },
	{ "connector", NETLINK_CONNECTOR },
	{ "netfilter", NETLINK_NETFILTER },
	{ "ip6-fw", NETLINK_IP6_FW },
	{ "dnrtmsg", NETLINK_DNRTMSG },
	{ "kobject-uevent", NETLINK_KOBJECT_UEVENT },
	{ "generic", NETLINK_GENERIC },
	{ "scsitransport", NETLINK_SCSITRANSPORT },
	{ "ecryptfs", NETLINK_ECRYPTFS },
	{ "rdma", NETLINK_RDMA },
};

int sockaddr_parse_netlink(
	const char *text, struct arena *arena, struct plan_socket *s, const char **ret_why)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK };
	size_t n = strcspn(text, " \t");
	const char *group = text + n + strspn(text + n, " \t");
	bool found = false;

	for (size_t i = 0; i < ELEMENTSOF(netlink_families); i++) {
		if (strlen(netlink_families[i].name) == n &&
			strncmp(netlink_families[i].name, text, n) == 0) {
			s->protocol = netlink_families[i].protocol;
			found = true;
		}
	}
	if (!found) {
		return wrong(
			ret_why, "not a netlink family such as kobject-uevent, route or audit");
	}
	if (*group && number_parse_u32(group, &nl.nl_groups) < 0) {
		return wrong(ret_why, "the multicast group is a number");
	}
	s->type = SOCK_RAW;
	return keep(arena, s, &nl, sizeof(nl));
}
