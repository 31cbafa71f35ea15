// SPDX-License-Identifier: MIT
/* The operation BIND: makes the sockets and FIFOs of a socket unit, for the slot to hold. */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "dirs.h"
#include "launch.h"
#include "prepare.h"
#include "sockopt.h"

#define REPORT_TAGS 8

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

/* Whoever may write to the directory can put something else in its place: by descriptor. */
static int give_node(int dir, const char *name, const struct plan_socket *s)
{
	AUTO_CLOSE int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISSOCK(st.st_mode)) {
		return -EEXIST;
	}
	return fchownat(fd, "", s->uid, s->gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

/* Only a socket of a former run is replaced; anything else there is somebody's file. */
static void remove_stale(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(st.st_mode)) {
		unlinkat(dir, name, 0);
	}
}

/*
 * bind() takes a path. It gets the whole one, for daemons find their socket by its name
 * (sd_is_socket_unix), but where others could put a link into the way (or where it does not fit) a
 * name relative to the opened directory: no link is followed.
 */
static int bind_path(int fd, const struct plan_socket *s)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	const char *name, *as;
	AUTO_CLOSE int dir = open_place(s, &name);
	mode_t old;
	int r;

	if (dir < 0) {
		return dir;
	}
	as = strlen(s->path) < sizeof(sa.sun_path) && dir_parent_is_fixed(s->path) ? s->path : name;
	if (strlen(as) >= sizeof(sa.sun_path)) {
		return -ENAMETOOLONG;
	}
	strcpy(sa.sun_path, as);
	remove_stale(dir, name);
	/* The node gets its mode from the socket: no name is changed afterwards. */
	if (fchmod(fd, s->mode) < 0 || fchdir(dir) < 0) {
		return -errno;
	}
	old = umask(0);
	r = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ? -errno : 0;
	umask(old);
	r = r < 0 ? r : give_node(dir, name, s);
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

/* The interface of "[fe80::1]:80%eth0"; it need not have been there when the unit was loaded. */
static int find_scope(int fd, const struct plan_socket *s, struct sockaddr_in6 *in6)
{
	struct ifreq request = { 0 };

	if (!s->scope) {
		return 0;
	}
	if (strlen(s->scope) >= sizeof(request.ifr_name)) {
		return -ENODEV;
	}
	strcpy(request.ifr_name, s->scope);
	if (ioctl(fd, SIOCGIFINDEX, &request) < 0) {
		return -errno;
	}
	in6->sin6_scope_id = (uint32_t)request.ifr_ifindex;
	return 0;
}

static int bind_address(int fd, const struct plan_socket *s)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_storage storage;
	} address = { 0 };
	socklen_t size = s->address.n;
	int r;

	if (s->family == AF_UNIX) {
		if (!s->path) {
			return -EINVAL;
		}
		return s->path[0] == '@' ? bind_abstract(fd, s) : bind_path(fd, s);
	}
	if (size < sizeof(sa_family_t) || size > sizeof(address)) {
		return -EINVAL;
	}
	memcpy(&address, s->address.data, size);
	if (s->family == AF_INET && address.sa.sa_family == AF_INET6) {
		in_port_t port = address.in6.sin6_port; /* a bare port without IPv6 */

		address.in = (struct sockaddr_in) { .sin_family = AF_INET, .sin_port = port };
		size = sizeof(address.in);
	}
	r = find_scope(fd, s, &address.in6);
	if (r < 0) {
		return r;
	}
	return bind(fd, &address.sa, size) < 0 ? -errno : 0;
}

static int make_fifo(const struct plan_socket *s, struct sockopt_failure *why)
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
	r = fchown(fd, s->uid, s->gid) < 0 || fchmod(fd, s->mode) < 0 ? -errno : 0;
	r = r < 0 ? r : sockopt_pipe(fd, s, why);
	return r < 0 ? r : TAKE_FD(fd);
}

/* A regular file or a device; anything that blocks or waits is not what is meant. */
static int open_special(const struct plan_socket *s)
{
	const char *name;
	AUTO_CLOSE int dir = dir_open_parent(s->path, &name);
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (dir < 0) {
		return dir;
	}
	fd = openat(dir, name,
		(s->flags & PLAN_SOCKET_WRITABLE ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC |
			O_NOFOLLOW | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		return -errno;
	}
	return S_ISREG(st.st_mode) || S_ISCHR(st.st_mode) ? TAKE_FD(fd) : -EEXIST;
}

static int open_queue(const struct plan_socket *s)
{
	struct mq_attr attr = { .mq_maxmsg = s->mq_messages, .mq_msgsize = s->mq_message_size };
	AUTO_CLOSE int fd =
		(int)syscall(SYS_mq_open, s->path + 1, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_CREAT,
			s->mode, s->mq_messages ? &attr : NULL);

	if (fd < 0 || fchown(fd, s->uid, s->gid) < 0) {
		return -errno;
	}
	return TAKE_FD(fd);
}

static int listen_socket(struct plan_socket *s, struct sockopt_failure *why)
{
	int flags = (int)s->type | SOCK_CLOEXEC | SOCK_NONBLOCK;
	AUTO_CLOSE int fd = socket((int)s->family, flags, (int)s->protocol);
	int r;

	if (fd < 0 && errno == EAFNOSUPPORT && s->any_family) {
		s->family = AF_INET;
		fd = socket((int)s->family, flags, (int)s->protocol);
	}
	if (fd < 0) {
		return -errno;
	}
	r = sockopt_before_bind(fd, s, why);
	r = r < 0 ? r : bind_address(fd, s);
	if (r == 0 && (s->type == SOCK_STREAM || s->type == SOCK_SEQPACKET) &&
		listen(fd, s->backlog && s->backlog < INT32_MAX ? (int)s->backlog : INT32_MAX) <
			0) {
		r = -errno;
	}
	return r < 0 ? r : TAKE_FD(fd);
}

static int make_socket(struct plan_socket *s, struct sockopt_failure *why)
{
	switch ((enum plan_socket_kind)s->kind) {
	case PLAN_SOCKET_FIFO:
		return make_fifo(s, why);
	case PLAN_SOCKET_SPECIAL:
		return open_special(s);
	case PLAN_SOCKET_MQUEUE:
		return open_queue(s);
	case PLAN_SOCKET_SOCKET:
	case PLAN_SOCKET_KIND_COUNT:
		break;
	}
	return listen_socket(s, why);
}

static const char *first_path(const struct launch *l)
{
	const struct plan_socket *rows = l->plan.sockets.items;

	for (uint32_t i = 0; i < l->plan.sockets.n; i++) {
		if (rows[i].path && rows[i].path[0] == '/') {
			return rows[i].path;
		}
	}
	return NULL;
}

/* A link of a former run is replaced; anything else there is somebody's file. */
static int make_link(const char *target, const char *path)
{
	const char *name;
	char parent[LIMIT_PATH];
	AUTO_CLOSE int dir = dir_open_parent(path, &name);
	struct stat st;

	if (dir == -ENOENT) {
		strcpy(parent, path);
		*strrchr(parent, '/') = '\0';
		int r = dir_make(parent, &(struct dir_owner) { 0, 0, 0755 });

		dir = r < 0 ? r : dir_open_parent(path, &name);
	}
	if (dir < 0) {
		return dir;
	}
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)) {
		unlinkat(dir, name, 0);
	}
	return symlinkat(target, dir, name) < 0 ? -errno : 0;
}

static int make_links(struct launch *l)
{
	const char *target = first_path(l);

	for (uint32_t i = 0; target && i < l->plan.symlinks.n; i++) {
		int r = make_link(target, l->plan.symlinks.items[i]);

		if (r < 0) {
			return launch_fail(l, r, NULL, "link ", l->plan.symlinks.items[i]);
		}
	}
	return 0;
}

/* All or nothing: nothing is handed up before the last one is bound. */
int launch_op_bind(struct launch *l, int32_t *ret_value)
{
	struct plan_socket *rows = l->plan.sockets.items;
	uint32_t tags[REPORT_TAGS];
	uint32_t n = l->plan.sockets.n;
	int r = launch_check_users(l);

	if (r < 0) {
		return r;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct sockopt_failure why = { NULL };

		l->listen[i] = make_socket(&rows[i], &why);
		if (l->listen[i] < 0) {
			return launch_fail(l, l->listen[i], rows[i].origin,
				why.option ? why.option : rows[i].text, why.option ? "=" : NULL);
		}
	}
	r = make_links(l);
	if (r < 0) {
		return r;
	}
	for (uint32_t i = 0; i < REPORT_TAGS; i++) {
		tags[i] = LAUNCH_TAG_LISTEN;
	}
	for (uint32_t i = 0; i < n; i += REPORT_TAGS) {
		uint32_t part = n - i < REPORT_TAGS ? n - i : REPORT_TAGS;

		r = launch_report_fds(l, tags, l->listen + i, part);
		if (r < 0) {
			return launch_fail(l, r, NULL, "hand over", NULL);
		}
	}
	*ret_value = (int32_t)n;
	return 0;
}

/* ---- FLUSH ---- */

#define FLUSH_MAX 4096 /* a sender that never stops must not keep us */

static bool take_one(int fd)
{
	char buf[4096];
	int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (connection >= 0) {
		close(connection);
		return true;
	}
	if (errno == EINVAL || errno == EOPNOTSUPP) {
		return recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC) >= 0;
	}
	return errno == ENOTSOCK && read(fd, buf, sizeof(buf)) > 0;
}

int launch_op_flush(struct launch *l, int32_t *ret_value)
{
	*ret_value = 0;
	for (uint32_t i = 0; i < l->n_listen; i++) {
		struct pollfd ready = { .fd = l->listen[i], .events = POLLIN };

		for (int n = 0; n < FLUSH_MAX && poll(&ready, 1, 0) == 1; n++) {
			if (!take_one(l->listen[i])) {
				break;
			}
			(*ret_value)++;
		}
	}
	return 0;
}
