// SPDX-License-Identifier: MIT
#include "uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
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

static void send_unix(const struct broker *b, const char *path, const char *text)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = strnlen(path, sizeof(to.sun_path) - 1);

	memcpy(to.sun_path, path, n);
	if (to.sun_path[0] == '@') {
		to.sun_path[0] = 0;
	}
	sendto(b->journal_fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
		(struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

/* One connection for each message, as systemd's do: the end of it is the end of the message. */
static void send_vsock(const struct settings *set, const char *text)
{
	const struct sockaddr_vm to = {
		.svm_family = AF_VSOCK,
		.svm_cid = set->notify_cid,
		.svm_port = set->notify_port,
	};
	const struct timeval within = { .tv_usec = CONNECT_WITHIN_US };
	AUTO_CLOSE int fd = socket(AF_VSOCK, (int)set->notify_type | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &within,
			      sizeof(within)) < 0) {
		return;
	}
	if (set->notify_type == SOCK_DGRAM ||
		connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0) {
		sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL,
			set->notify_type == SOCK_DGRAM ? (const struct sockaddr *)&to : NULL,
			set->notify_type == SOCK_DGRAM ? sizeof(to) : 0);
	}
}

/* A stream of lines: each message ends with an empty one. */
static void send_device(struct broker *b, const char *path, const char *text)
{
	char buf[MESSAGE_MAX + 2];
	size_t n = strnlen(text, MESSAGE_MAX);

	memcpy(buf, text, n);
	memcpy(buf + n, "\n\n", 2);
	if (b->uplink_fd < 0) {
		b->uplink_fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	}
	if (b->uplink_fd >= 0 && write(b->uplink_fd, buf, n + 2) < 0 && errno != EAGAIN) {
		util_close(&b->uplink_fd);
	}
}

void uplink_send(struct broker *b, const char *text)
{
	const struct settings *set = &b->t->settings;
	struct stat st;

	if (b->notify_socket[0]) {
		send_unix(b, b->notify_socket, text);
	} else if (set->notify_type) {
		send_vsock(set, text);
	} else if (set->notify_path[0] && stat(set->notify_path, &st) == 0) {
		if (S_ISCHR(st.st_mode)) {
			send_device(b, set->notify_path, text);
		} else if (S_ISSOCK(st.st_mode)) {
			send_unix(b, set->notify_path, text);
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
}
