// SPDX-License-Identifier: MIT
#include "uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
/* after sys/socket.h, which it does not include */
#include <linux/vm_sockets.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "../base/timeutil.h"
#include "supdproc.h"
#include "util.h"

#define CONNECT_WITHIN_US 200000 /* a host that does not listen costs no more */
#define MESSAGE_MAX       512
#define RETRY_MAX_US      (30 * USEC_PER_SEC)
#define GIVE_UP_US        (600 * USEC_PER_SEC)

void uplink_environment(struct broker *b)
{
	const char *socket_path = getenv("NOTIFY_SOCKET");
	const char *watchdog = getenv("WATCHDOG_USEC");
	uint64_t us;

	if (socket_path && (socket_path[0] == '/' || socket_path[0] == '@')) {
		util_copy(b->notify_socket, sizeof(b->notify_socket), socket_path);
	}
	if (watchdog && number_parse_u64(watchdog, &us) == 0 && us > 0) {
		b->watchdog_us = us / 2;
		b->watchdog_at = now_us() + b->watchdog_us;
	}
}

static int send_unix(const struct broker *b, const char *path, const char *text)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = strnlen(path, sizeof(to.sun_path) - 1);

	memcpy(to.sun_path, path, n);
	if (to.sun_path[0] == '@') {
		to.sun_path[0] = 0;
	}
	return sendto(b->journal_fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
		       (struct sockaddr *)&to,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0
		       ? -errno
		       : 0;
}

/* One connection for each message, as systemd's do: the end of it is the end of the message. */
static int send_vsock(const struct settings *set, int type, const char *text)
{
	const struct sockaddr_vm to = {
		.svm_family = AF_VSOCK,
		.svm_cid = set->notify_cid,
		.svm_port = set->notify_port,
	};
	const struct timeval within = { .tv_usec = CONNECT_WITHIN_US };
	AUTO_CLOSE int fd = socket(AF_VSOCK, type | SOCK_CLOEXEC, 0);
	bool unconnected = type == SOCK_DGRAM;

	if (fd < 0 || setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &within,
			      sizeof(within)) < 0) {
		return -errno;
	}
	if (!unconnected && connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		return -errno;
	}
	return sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
		       unconnected ? (const struct sockaddr *)&to : NULL,
		       unconnected ? sizeof(to) : 0) < 0
		       ? -errno
		       : 0;
}

/* "vsock:" does not say which: what the host took once it takes again. */
static int send_any_vsock(struct broker *b, const char *text)
{
	static const int types[] = { SOCK_SEQPACKET, SOCK_STREAM };
	const struct settings *set = &b->t->settings;
	int r = -ENODEV;

	if (set->notify_type != SETTINGS_VSOCK_ANY) {
		return send_vsock(set, (int)set->notify_type, text);
	}
	if (b->uplink.type) {
		return send_vsock(set, b->uplink.type, text);
	}
	for (size_t i = 0; r < 0 && i < ELEMENTSOF(types); i++) {
		r = send_vsock(set, types[i], text);
		b->uplink.type = r == 0 ? types[i] : 0;
	}
	return r;
}

/* A stream of lines: each message ends with an empty one. */
static int send_device(struct broker *b, const char *path, const char *text)
{
	char buf[MESSAGE_MAX + 2];
	size_t n = strnlen(text, MESSAGE_MAX);
	int *fd = &b->uplink.fd, r = 0;

	memcpy(buf, text, n);
	memcpy(buf + n, "\n\n", 2);
	if (*fd < 0) {
		*fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
		b->uplink.watched = false;
	}
	if (*fd < 0 || write(*fd, buf, n + 2) < 0) {
		r = -errno;
	}
	if (r == -EAGAIN && !b->uplink.watched) {
		/* At each change: a port whose other end is closed would always be ready. */
		b->uplink.watched = broker_watch(b, *fd, EPOLLOUT | EPOLLET, WATCH_UPLINK, 0) == 0;
	} else if (r < 0 && r != -EAGAIN) {
		util_close(fd);
		b->uplink.watched = false;
	}
	return r;
}

/* 0, -ENOTCONN when nobody is to be told, -errno. */
static int send_now(struct broker *b, const char *text)
{
	const struct settings *set = &b->t->settings;
	struct stat st;

	if (b->notify_socket[0]) {
		return send_unix(b, b->notify_socket, text);
	}
	if (set->notify_type) {
		return send_any_vsock(b, text);
	}
	if (!set->notify_path[0]) {
		return -ENOTCONN;
	}
	if (set->notify_path[0] == '@') {
		return send_unix(b, set->notify_path, text);
	}
	if (stat(set->notify_path, &st) < 0) {
		return -errno;
	}
	return S_ISCHR(st.st_mode) ? send_device(b, set->notify_path, text)
				   : send_unix(b, set->notify_path, text);
}

/* Is there somebody who may take it later? A parent that supervises us is there or is not. */
static bool is_late(const struct broker *b, int r)
{
	return r == -EAGAIN || r == -ENOBUFS || (!b->notify_socket[0] && r != -ENOTCONN);
}

static bool is_status(const char *text)
{
	return strncmp(text, "STATUS=", 7) == 0;
}

static void drop_status(struct uplink *u)
{
	for (uint32_t at = 0; at < u->n;) {
		uint32_t size = (uint32_t)strlen(u->kept + at) + 1;

		if (!is_status(u->kept + at)) {
			at += size;
			continue;
		}
		memmove(u->kept + at, u->kept + at + size, u->n - at - size);
		u->n -= size;
	}
}

static void keep(struct uplink *u, const char *text)
{
	size_t size = strnlen(text, MESSAGE_MAX - 1) + 1;

	if (is_status(text)) {
		drop_status(u);
	}
	if (size > sizeof(u->kept) - u->n) {
		return; /* the first ones count more: READY=1 is among them */
	}
	memcpy(u->kept + u->n, text, size - 1);
	u->kept[u->n + size - 1] = 0;
	u->n += (uint32_t)size;
}

static void give_up(struct broker *b)
{
	b->uplink.n = 0;
	b->uplink.at = b->uplink.wait_us = 0;
	b->uplink.given_up = true;
	util_say("the host has not listened for ten minutes: what it should be told is dropped",
		b->t->settings.notify_path[0] ? b->t->settings.notify_path : NULL, 0);
}

/* When to try again; never where the device tells. */
static void plan_retry(struct broker *b, uint64_t now)
{
	struct uplink *u = &b->uplink;

	if (u->watched) {
		u->at = 0;
		return;
	}
	u->since = u->wait_us ? u->since : now;
	u->wait_us = u->wait_us ? 2 * u->wait_us : USEC_PER_SEC;
	u->wait_us = u->wait_us < RETRY_MAX_US ? u->wait_us : RETRY_MAX_US;
	u->at = now + u->wait_us;
	if (now - u->since > GIVE_UP_US) {
		give_up(b);
	}
}

/* What is kept, up to what is refused again. */
static void send_kept(struct broker *b, uint64_t now)
{
	struct uplink *u = &b->uplink;

	while (u->n) {
		uint32_t size = (uint32_t)strlen(u->kept) + 1;
		int r = send_now(b, u->kept);

		if (r < 0 && is_late(b, r)) {
			plan_retry(b, now);
			return;
		}
		u->n -= size;
		memmove(u->kept, u->kept + size, u->n);
	}
	u->at = u->wait_us = 0;
}

void uplink_room(struct broker *b, uint64_t now)
{
	send_kept(b, now);
}

void uplink_deadline(const struct broker *b, uint64_t *at)
{
	util_sooner(at, b->uplink.at);
}

void uplink_send(struct broker *b, const char *text)
{
	struct uplink *u = &b->uplink;
	bool last = b->phase == PHASE_FINAL;
	int r;

	if (u->n && last) {
		send_kept(b, now_us()); /* there is no later */
	}
	r = u->n ? -EAGAIN : send_now(b, text);
	if (r == 0) {
		u->given_up = false;
	} else if (is_late(b, r) && !u->given_up && !last) {
		bool first = u->n == 0;

		keep(u, text);
		if (first) {
			plan_retry(b, now_us());
		}
	}
}

void uplink_send_value(struct broker *b, const char *name, const char *value)
{
	char text[MESSAGE_MAX];

	if (util_join(text, sizeof(text), (const char *const[4]) { name, "=", value }) == 0) {
		uplink_send(b, text);
	}
}

static void send_status(struct broker *b)
{
	static const char *const names[] = { " active, ", " starting, ", " failed, ",
		" jobs queued" };
	char text[160] = "STATUS=";
	size_t at = strlen(text);

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		at += number_format_u64(text + at, b->counts[i]);
		util_copy(text + at, sizeof(text) - at, names[i]);
		at += strlen(names[i]);
	}
	uplink_send(b, text);
}

void uplink_report(struct broker *b, uint64_t now)
{
	if (b->status_dirty) {
		b->status_dirty = false;
		send_status(b);
	}
	if (b->watchdog_us && now >= b->watchdog_at) {
		b->watchdog_at = now + b->watchdog_us;
		uplink_send(b, "WATCHDOG=1");
		supdproc_probe(b, now);
	}
	if (b->uplink.at && now >= b->uplink.at) {
		send_kept(b, now);
	}
}
