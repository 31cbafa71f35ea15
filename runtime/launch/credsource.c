// SPDX-License-Identifier: MIT
#include "credsource.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/limits.h"
#include "../base/number.h"
#include "../plan/plan.h"
#include "dirs.h"
#include "pathwalk.h"

#define SOCKET_TIMEOUT 30 /* seconds for one step; the start has a timeout of its own */

struct source {
	struct credsink *sink;
	const char *name;
	uint32_t depth;
	uint32_t n; /* of a directory's files */
};

static int load_entry(struct source *s, int dir, const char *entry);

/* ---- the sink ---- */

static int create(struct credsink *sink, const char *name)
{
	int fd = openat(sink->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);

	if (fd < 0 || fchown(fd, sink->uid, sink->gid) == 0) {
		return fd < 0 ? -errno : fd;
	}
	close(fd);
	return -errno;
}

int credsink_add(struct credsink *sink, const char *name, const void *data, size_t size)
{
	AUTO_CLOSE int fd = -1;

	if (size > sink->left) {
		return -EFBIG;
	}
	fd = create(sink, name);
	if (fd < 0) {
		return fd;
	}
	sink->left -= size;
	return fd_write_full(fd, data, size);
}

static int copy(struct credsink *sink, const char *name, int from)
{
	static char buf[LIMIT_CREDENTIAL + 1];
	ssize_t n = fd_read_full(from, buf, sizeof(buf));
	int r = n < 0 ? (int)n : credsink_add(sink, name, buf, (size_t)n);

	explicit_bzero(buf, n > 0 ? (size_t)n : 0);
	return r;
}

/* ---- sockets ---- */

/* The client's address says what is asked for: "\0RANDOM/unit/UNIT/NAME" (systemd.exec(5)). */
static socklen_t client_address(const struct source *s, struct sockaddr_un *ret)
{
	const char *const parts[] = { "/unit/", s->sink->unit, "/", s->name };
	uint64_t random;
	size_t n = 1;

	*ret = (struct sockaddr_un) { .sun_family = AF_UNIX };
	if (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		return 0;
	}
	n += number_format_u64(ret->sun_path + 1, random);
	for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
		size_t len = strlen(parts[i]);

		if (n + len > sizeof(ret->sun_path)) {
			return 0;
		}
		memcpy(ret->sun_path + n, parts[i], len);
		n += len;
	}
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

static int load_socket(struct source *s, int node)
{
	AUTO_CLOSE int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval timeout = { .tv_sec = SOCKET_TIMEOUT };
	struct sockaddr_un from, to = { .sun_family = AF_UNIX };
	socklen_t len = client_address(s, &from);

	if (sock < 0 || len == 0) {
		return sock < 0 ? -errno : -ENAMETOOLONG;
	}
	/* By descriptor: the path is longer than an address may be, and was checked already. */
	fd_link(node, to.sun_path);
	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
		setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
		bind(sock, (struct sockaddr *)&from, len) < 0 ||
		connect(sock, (struct sockaddr *)&to, sizeof(to)) < 0 ||
		shutdown(sock, SHUT_WR) < 0) {
		return -errno;
	}
	return copy(s->sink, s->name, sock);
}

/* ---- directories ---- */

static int load_below(void *ctx, int dir, const char *entry)
{
	struct source *above = ctx;
	char name[LIMIT_CREDENTIAL_NAME];
	struct source s = { above->sink, name, above->depth + 1, 0 };
	size_t n = strlen(above->name);
	struct stat st;
	int r;

	if (fstatat(dir, entry, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISSOCK(st.st_mode)) {
		return 0;
	}
	if (n + 1 + strlen(entry) >= sizeof(name)) {
		return -ENAMETOOLONG;
	}
	if (above->n++ >= LIMIT_CREDENTIALS || s.depth > LIMIT_CREDENTIAL_DEPTH) {
		return -E2BIG;
	}
	memcpy(name, above->name, n);
	name[n] = '_';
	strcpy(name + n + 1, entry);
	if (!plan_credential_name_is_valid(name)) {
		return -EINVAL;
	}
	r = load_entry(&s, dir, entry);
	return r == -EEXIST ? 0 : r;
}

/* ---- one entry ---- */

static int load_node(struct source *s, int node)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (fstat(node, &st) < 0) {
		return -errno;
	}
	if (S_ISSOCK(st.st_mode)) {
		return load_socket(s, node);
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		return -EBADF;
	}
	if (S_ISDIR(st.st_mode)) {
		return dir_each(node, load_below, s);
	}
	fd = fd_reopen(node, O_RDONLY);
	return fd < 0 ? fd : copy(s->sink, s->name, fd);
}

/* A pipe or a device is not opened: it could hang us, or do something. */
static int load_entry(struct source *s, int dir, const char *entry)
{
	AUTO_CLOSE int node = openat(dir, entry, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (node < 0 || fstat(node, &st) < 0) {
		return -errno;
	}
	return S_ISLNK(st.st_mode) ? -ELOOP : load_node(s, node);
}

int credsource_load_at(struct credsink *sink, int dir, const char *entry, const char *name)
{
	struct source s = { sink, name, 0, 0 };
	AUTO_CLOSE int node = pathwalk_open_at(dir, entry);

	return node < 0 ? node : load_node(&s, node);
}

int credsource_load(struct credsink *sink, const char *path, const char *name)
{
	struct source s = { sink, name, 0, 0 };
	AUTO_CLOSE int node = pathwalk_open(path);

	return node < 0 ? node : load_node(&s, node);
}
