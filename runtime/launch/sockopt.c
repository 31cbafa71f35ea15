// SPDX-License-Identifier: MIT
#include "sockopt.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../base/cleanup.h"

#define FAMILY_UNIX  1u
#define FAMILY_INET  2u /* IPv4 */
#define FAMILY_INET6 4u
#define FAMILY_IP    (FAMILY_INET | FAMILY_INET6)
#define FAMILY_OTHER 8u
#define FAMILY_ANY   15u

/* On or off. */
static const struct {
	uint32_t flag; /* enum plan_socket_flags */
	uint32_t families;
	int level;
	int name;
	bool stream; /* only where there are connections */
	const char *text;
} switches[] = {
	{ PLAN_SOCKET_REUSE_PORT, FAMILY_IP, SOL_SOCKET, SO_REUSEPORT, false, "ReusePort" },
	{ PLAN_SOCKET_KEEP_ALIVE, FAMILY_IP, SOL_SOCKET, SO_KEEPALIVE, true, "KeepAlive" },
	{ PLAN_SOCKET_PASS_CRED, FAMILY_UNIX | FAMILY_OTHER, SOL_SOCKET, SO_PASSCRED, false,
		"PassCredentials" },
	{ PLAN_SOCKET_FREE_BIND, FAMILY_INET, IPPROTO_IP, IP_FREEBIND, false, "FreeBind" },
	{ PLAN_SOCKET_FREE_BIND, FAMILY_INET6, IPPROTO_IPV6, IPV6_FREEBIND, false, "FreeBind" },
	{ PLAN_SOCKET_NO_DELAY, FAMILY_IP, IPPROTO_TCP, TCP_NODELAY, true, "NoDelay" },
	{ PLAN_SOCKET_TRANSPARENT, FAMILY_INET, IPPROTO_IP, IP_TRANSPARENT, false, "Transparent" },
	{ PLAN_SOCKET_TRANSPARENT, FAMILY_INET6, IPPROTO_IPV6, IPV6_TRANSPARENT, false,
		"Transparent" },
	{ PLAN_SOCKET_BROADCAST, FAMILY_IP, SOL_SOCKET, SO_BROADCAST, false, "Broadcast" },
	{ PLAN_SOCKET_PASS_SEC, FAMILY_UNIX | FAMILY_OTHER, SOL_SOCKET, SO_PASSSEC, false,
		"PassSecurity" },
	{ PLAN_SOCKET_PASS_PKTINFO, FAMILY_INET, IPPROTO_IP, IP_PKTINFO, false, "PassPacketInfo" },
	{ PLAN_SOCKET_PASS_PKTINFO, FAMILY_INET6, IPPROTO_IPV6, IPV6_RECVPKTINFO, false,
		"PassPacketInfo" },
};

/* Numbers; 0 is "as it is" unless the flag says that 0 is meant. */
static const struct {
	size_t offset;
	uint32_t flag;
	uint32_t families;
	int level;
	int name;
	bool stream;
	const char *text;
} numbers[] = {
	{ offsetof(struct plan_socket, keepalive_time_s), 0, FAMILY_IP, IPPROTO_TCP, TCP_KEEPIDLE,
		true, "KeepAliveTimeSec" },
	{ offsetof(struct plan_socket, keepalive_interval_s), 0, FAMILY_IP, IPPROTO_TCP,
		TCP_KEEPINTVL, true, "KeepAliveIntervalSec" },
	{ offsetof(struct plan_socket, keepalive_probes), 0, FAMILY_IP, IPPROTO_TCP, TCP_KEEPCNT,
		true, "KeepAliveProbes" },
	{ offsetof(struct plan_socket, defer_accept_s), 0, FAMILY_IP, IPPROTO_TCP, TCP_DEFER_ACCEPT,
		true, "DeferAcceptSec" },
	{ offsetof(struct plan_socket, priority), PLAN_SOCKET_SET_PRIORITY, FAMILY_ANY, SOL_SOCKET,
		SO_PRIORITY, false, "Priority" },
	{ offsetof(struct plan_socket, tos), PLAN_SOCKET_SET_TOS, FAMILY_IP, IPPROTO_IP, IP_TOS,
		false, "IPTOS" },
	{ offsetof(struct plan_socket, ttl), 0, FAMILY_INET, IPPROTO_IP, IP_TTL, false, "IPTTL" },
	{ offsetof(struct plan_socket, ttl), 0, FAMILY_INET6, IPPROTO_IPV6, IPV6_UNICAST_HOPS,
		false, "IPTTL" },
	{ offsetof(struct plan_socket, mark), PLAN_SOCKET_SET_MARK, FAMILY_ANY, SOL_SOCKET, SO_MARK,
		false, "Mark" },
};

static uint32_t family_bit(const struct plan_socket *s)
{
	return s->family == AF_UNIX    ? FAMILY_UNIX
	       : s->family == AF_INET  ? FAMILY_INET
	       : s->family == AF_INET6 ? FAMILY_INET6
				       : FAMILY_OTHER;
}

struct number {
	int level, name, value;
	const char *text; /* the setting, for the message */
};

static int set_number(int fd, struct number n, struct sockopt_failure *ret)
{
	if (setsockopt(fd, n.level, n.name, &n.value, sizeof(n.value)) < 0) {
		ret->option = n.text;
		return -errno;
	}
	return 0;
}

static int set_text(int fd, const char *value, int level, int name, struct sockopt_failure *ret)
{
	if (value && setsockopt(fd, level, name, value, (socklen_t)strlen(value) + 1) < 0) {
		ret->option = level == IPPROTO_TCP ? "TCPCongestion" : "BindToDevice";
		return -errno;
	}
	return 0;
}

/* Above the system's limit where that is allowed, else as much as there is. */
static int set_buffer(int fd, int name, int force, uint32_t size, struct sockopt_failure *ret)
{
	int value = (int)size;

	if (!size || setsockopt(fd, SOL_SOCKET, force, &value, sizeof(value)) == 0) {
		return 0;
	}
	return set_number(fd,
		(struct number) { SOL_SOCKET, name, value,
			name == SO_RCVBUF ? "ReceiveBuffer" : "SendBuffer" },
		ret);
}

enum smack_row {
	SMACK_NODE,
	SMACK_IN,
	SMACK_OUT,
};

/* Many file systems take the attribute from a kernel that never looks at it. */
static int set_smack(int fd, const char *value, enum smack_row which, struct sockopt_failure *ret)
{
	static const char *const rows[][2] = {
		[SMACK_NODE] = { "SmackLabel", "security.SMACK64" },
		[SMACK_IN] = { "SmackLabelIPIn", "security.SMACK64IPIN" },
		[SMACK_OUT] = { "SmackLabelIPOut", "security.SMACK64IPOUT" },
	};
	bool has_smack = value && access("/sys/fs/smackfs", F_OK) == 0;

	if (!value || (has_smack && fsetxattr(fd, rows[which][1], value, strlen(value), 0) == 0)) {
		return 0;
	}
	ret->option = rows[which][0];
	return has_smack ? -errno : -EOPNOTSUPP;
}

static int set_all_numbers(int fd, const struct plan_socket *s, struct sockopt_failure *ret)
{
	uint32_t family = family_bit(s);
	bool stream = s->type == SOCK_STREAM;

	for (size_t i = 0; i < ELEMENTSOF(switches); i++) {
		int r = 0;

		if ((s->flags & switches[i].flag) && (switches[i].families & family) &&
			(stream || !switches[i].stream)) {
			r = set_number(fd,
				(struct number) {
					switches[i].level, switches[i].name, 1, switches[i].text },
				ret);
		}
		if (r < 0) {
			return r;
		}
	}
	for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
		int value, r = 0;

		memcpy(&value, (const char *)s + numbers[i].offset, sizeof(value));
		if ((value || (s->flags & numbers[i].flag)) && (numbers[i].families & family) &&
			(stream || !numbers[i].stream)) {
			r = set_number(fd,
				(struct number) {
					numbers[i].level, numbers[i].name, value, numbers[i].text },
				ret);
		}
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int sockopt_before_bind(int fd, const struct plan_socket *s, struct sockopt_failure *ret)
{
	bool ip = family_bit(s) & FAMILY_IP;
	int r = set_all_numbers(fd, s, ret);

	r = r < 0 ? r : set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, s->receive_buffer, ret);
	r = r < 0 ? r : set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, s->send_buffer, ret);
	r = r < 0 || !ip ? r : set_text(fd, s->device, SOL_SOCKET, SO_BINDTODEVICE, ret);
	r = r < 0 || !ip || s->type != SOCK_STREAM
		    ? r
		    : set_text(fd, s->congestion, IPPROTO_TCP, TCP_CONGESTION, ret);
	if (r == 0 && s->timestamping) {
		r = set_number(fd,
			(struct number) { SOL_SOCKET,
				s->timestamping == 1 ? SO_TIMESTAMP : SO_TIMESTAMPNS, 1,
				"Timestamping" },
			ret);
	}
	if (r == 0 && ip) {
		r = set_number(
			fd, (struct number) { SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR" }, ret);
	}
	if (r == 0 && s->family == AF_INET6 && s->v6only) {
		r = set_number(fd,
			(struct number) {
				IPPROTO_IPV6, IPV6_V6ONLY, s->v6only == 2, "BindIPv6Only" },
			ret);
	}
	r = r < 0 ? r : set_smack(fd, s->smack_in, SMACK_IN, ret);
	return r < 0 ? r : set_smack(fd, s->smack_out, SMACK_OUT, ret);
}

int sockopt_pipe(int fd, const struct plan_socket *s, struct sockopt_failure *ret)
{
	if (s->pipe_size && fcntl(fd, F_SETPIPE_SZ, (int)s->pipe_size) < 0) {
		ret->option = "PipeSize";
		return -errno;
	}
	return set_smack(fd, s->smack, SMACK_NODE, ret);
}
