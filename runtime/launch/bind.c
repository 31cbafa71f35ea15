// SPDX-License-Identifier: MIT
/* The operation BIND: makes the sockets and FIFOs of a socket unit, for the slot to hold. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "dirs.h"
#include "launch.h"

#define REPORT_TAGS 8

struct option_row {
	uint32_t flag; /* enum plan_socket_flags */
	int level;
	int name;
	bool inet_only;
};

static const struct option_row options[] = {
	{ PLAN_SOCKET_REUSE_PORT, SOL_SOCKET, SO_REUSEPORT, true },
	{ PLAN_SOCKET_KEEP_ALIVE, SOL_SOCKET, SO_KEEPALIVE, true },
	{ PLAN_SOCKET_PASS_CRED, SOL_SOCKET, SO_PASSCRED, false },
	{ PLAN_SOCKET_FREE_BIND, IPPROTO_IP, IP_FREEBIND, true },
	{ PLAN_SOCKET_NO_DELAY, IPPROTO_TCP, TCP_NODELAY, true },
	{ PLAN_SOCKET_TRANSPARENT, IPPROTO_IP, IP_TRANSPARENT, true },
	{ PLAN_SOCKET_BROADCAST, SOL_SOCKET, SO_BROADCAST, true },
	{ PLAN_SOCKET_PASS_SEC, SOL_SOCKET, SO_PASSSEC, false },
};

static int set_options(int fd, const struct plan_socket *s)
{
	bool inet = s->family == AF_INET || s->family == AF_INET6;
	int one = 1;

	for (size_t i = 0; i < ELEMENTSOF(options); i++) {
		if (!(s->flags & options[i].flag) || (options[i].inet_only && !inet)) {
			continue;
		}
		if (setsockopt(fd, options[i].level, options[i].name, &one, sizeof(one)) < 0) {
			return -errno;
		}
	}
	if (inet) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	}
	if (s->family == AF_INET6 && s->v6only) {
		int only = s->v6only == 2;

		return setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) < 0 ? -errno
											  : 0;
	}
	return 0;
}

/* The directory above, root's, with the unit's mode if it is new. */
static int open_place(const struct plan_socket *s, const char **ret_name)
{
	int dir = dir_open_parent(s->path, ret_name);
	char parent[LIMIT_PATH];
	int r;

	if (dir != -ENOENT || strlen(s->path) >= sizeof(parent)) {
		return dir;
	}
	strcpy(parent, s->path);
	*strrchr(parent, '/') = '\0';
	r = dir_make(parent, &(struct dir_owner) { 0, 0, s->dir_mode ? s->dir_mode : 0755 });
	return r < 0 ? r : dir_open_parent(s->path, ret_name);
}

static int own(int dir, const char *name, const struct plan_socket *s)
{
	if (fchownat(dir, name, s->uid, s->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		fchmodat(dir, name, s->mode ? s->mode : 0666, 0) < 0) {
		return -errno;
	}
	return 0;
}

/* Only a socket of a former run is replaced; anything else there is somebody's file. */
static void remove_stale(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(st.st_mode)) {
		unlinkat(dir, name, 0);
	}
}

/* bind() takes a path, so it is made relative to the opened directory: no link is followed. */
static int bind_path(int fd, const struct plan_socket *s)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	const char *name;
	AUTO_CLOSE int dir = open_place(s, &name);
	mode_t old;
	int r;

	if (dir < 0) {
		return dir;
	}
	if (strlen(name) >= sizeof(sa.sun_path)) {
		return -ENAMETOOLONG;
	}
	strcpy(sa.sun_path, name);
	remove_stale(dir, name);
	if (fchdir(dir) < 0) {
		return -errno;
	}
	old = umask(0777);
	r = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ? -errno : 0;
	umask(old);
	r = r < 0 ? r : own(dir, name, s);
	return chdir("/") < 0 && r == 0 ? -errno : r;
}

static int bind_abstract(int fd, const struct plan_socket *s)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t n = strlen(s->path);

	if (n > sizeof(sa.sun_path)) {
		return -ENAMETOOLONG;
	}
	memcpy(sa.sun_path + 1, s->path + 1, n - 1);
	return bind(fd, (struct sockaddr *)&sa,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0
		       ? -errno
		       : 0;
}

static int bind_address(int fd, const struct plan_socket *s)
{
	if (s->family == AF_UNIX) {
		if (!s->path) {
			return -EINVAL;
		}
		return s->path[0] == '@' ? bind_abstract(fd, s) : bind_path(fd, s);
	}
	if (s->address.n < sizeof(sa_family_t) || s->address.n > sizeof(struct sockaddr_storage)) {
		return -EINVAL;
	}
	return bind(fd, s->address.data, s->address.n) < 0 ? -errno : 0;
}

static int make_fifo(const struct plan_socket *s)
{
	const char *name;
	AUTO_CLOSE int dir = s->path ? open_place(s, &name) : -EINVAL;
	AUTO_CLOSE int fd = -1;
	struct stat st;
	int r;

	if (dir < 0) {
		return dir;
	}
	if (mknodat(dir, name, S_IFIFO | 0600, 0) < 0 && errno != EEXIST) {
		return -errno;
	}
	fd = openat(dir, name, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISFIFO(st.st_mode)) {
		return -EEXIST;
	}
	r = own(dir, name, s);
	return r < 0 ? r : TAKE_FD(fd);
}

static int make_socket(const struct plan_socket *s)
{
	AUTO_CLOSE int fd = -1;
	int r;

	if (s->is_fifo) {
		return make_fifo(s);
	}
	fd = socket((int)s->family, (int)s->type | SOCK_CLOEXEC | SOCK_NONBLOCK, (int)s->protocol);
	if (fd < 0) {
		return -errno;
	}
	r = set_options(fd, s);
	r = r < 0 ? r : bind_address(fd, s);
	if (r == 0 && (s->type == SOCK_STREAM || s->type == SOCK_SEQPACKET) &&
		listen(fd, s->backlog ? (int)s->backlog : SOMAXCONN) < 0) {
		r = -errno;
	}
	return r < 0 ? r : TAKE_FD(fd);
}

/* All or nothing: nothing is handed up before the last one is bound. */
int launch_op_bind(struct launch *l, int32_t *ret_value)
{
	const struct plan_socket *rows = l->plan.sockets.items;
	uint32_t tags[REPORT_TAGS];
	uint32_t n = l->plan.sockets.n;

	for (uint32_t i = 0; i < n; i++) {
		l->listen[i] = make_socket(&rows[i]);
		if (l->listen[i] < 0) {
			return launch_fail(l, l->listen[i], rows[i].origin, "bind ",
				rows[i].path ? rows[i].path : "address");
		}
	}
	for (uint32_t i = 0; i < REPORT_TAGS; i++) {
		tags[i] = LAUNCH_TAG_LISTEN;
	}
	for (uint32_t i = 0; i < n; i += REPORT_TAGS) {
		uint32_t part = n - i < REPORT_TAGS ? n - i : REPORT_TAGS;
		int r = launch_report_fds(l, tags, l->listen + i, part);

		if (r < 0) {
			return launch_fail(l, r, NULL, "hand over", NULL);
		}
	}
	*ret_value = (int32_t)n;
	return 0;
}
