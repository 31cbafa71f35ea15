// SPDX-License-Identifier: MIT
#include "logs.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/timeutil.h"
#include "helper.h"
#include "slots.h"
#include "spawn.h"
#include "store.h"
#include "util.h"

#define JOURNAL_STDOUT "/run/systemd/journal/stdout"

/* A journald that died leaves its sockets behind; the datagram one tells without waking journald.
 */
uint32_t logs_journald(const struct broker *b)
{
	static const struct sockaddr_un to = { .sun_family = AF_UNIX,
		.sun_path = LOGS_JOURNAL_NATIVE };
	AUTO_CLOSE int fd = -1;

	if (!b->t->settings.use_journald || access(JOURNAL_STDOUT, F_OK) < 0) {
		return 0;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
}

int logs_prepare(struct broker *b, uint32_t n)
{
	struct slot *s = &b->t->slots[n];
	int pair[2], on = 1;

	if (s->log_read >= 0) {
		slot_log_mark(b, n, LOG_DIRTY_STREAM); /* the invocation may be new */
		return 0;
	}
	if (logs_journald(b) || b->log.missing) {
		return 0;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		return -errno;
	}
	s->log_read = pair[0];
	s->log_write = pair[1];
	s->log_wanted = true;
	fd_refuse_rights(s->log_read);
	if (setsockopt(s->log_read, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0) {
		return -errno;
	}
	slot_log_mark(b, n, LOG_DIRTY_STREAM);
	b->log.wanted = true;
	logs_start(b);
	return 0;
}

void logs_drop(struct broker *b, uint32_t n)
{
	struct slot *s = &b->t->slots[n];

	if (s->log_read < 0) {
		return;
	}
	store_discard(b, &s->log_read); /* what is queued may hold descriptors */
	store_discard(b, &s->log_write);
	s->log_wanted = false;
	b->log_dirty[n] = 0;
	if (b->log.helper.pid) {
		slot_log_mark(b, n, LOG_DIRTY_GONE);
	}
}

static void mark_all(struct broker *b)
{
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		b->log_dirty[n] = 0;
		if (b->t->slots[n].log_read >= 0) {
			slot_log_mark(b, n, LOG_DIRTY_STREAM);
		}
	}
}

void logs_start(struct broker *b)
{
	static const char *const argv[] = { "supd-log", NULL };
	struct log_channel *log = &b->log;
	int pair[2];

	if (!log->wanted || log->missing || log->helper.pid || b->phase == PHASE_FINAL ||
		b->log_dir_fd < 0 || log->helper.restart_at > now_us()) {
		return;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		log->helper.restart_at = now_us() + USEC_PER_SEC;
		return;
	}
	AUTO_CLOSE int theirs = pair[1];
	AUTO_CLOSE int console = util_open_console();
	const struct spawn spawn = {
		.exe_fd = LOW_FD_LOG,
		.argv = argv,
		.fds = (int[]) { theirs, b->log_dir_fd, b->t->log_stdout_fd, b->t->log_native_fd },
		.n_fds = 4,
		.error_fd = console,
		.drop = true,
		.protect = true,
		.uid = b->t->settings.log_uid,
		.gid = b->t->settings.log_gid,
	};

	util_close(&log->fd);
	log->fd = pair[0];
	shutdown(log->fd, SHUT_RD);
	fd_set_nonblock(log->fd, 1);
	log->config_dirty = true;
	mark_all(b);
	helper_started(&log->helper, spawn_start(&spawn));
}

static int send_record(struct broker *b, const struct logwire_record *record, int fd)
{
	int r = fd_send(b->log.fd, record, sizeof(*record), &fd, fd >= 0 ? 1 : 0, MSG_DONTWAIT);

	if (r == -EAGAIN) {
		b->log.blocked = true;
		broker_watch(b, b->log.fd, EPOLLOUT, WATCH_LOG, 0);
	}
	return r;
}

static int send_config(struct broker *b)
{
	const struct settings *set = &b->t->settings;
	const struct logwire_record record = {
		.type = LOGWIRE_CONFIG,
		.max_bytes = set->log_max_bytes,
		.rate_interval_us = set->log_rate_interval_us,
		.rate_lines = set->log_rate_lines,
		.trusted_uid = set->supd_uid,
	};

	return send_record(b, &record, -1);
}

static int send_slot(struct broker *b, uint32_t n)
{
	struct slot *s = &b->t->slots[n];
	struct logwire_record record = {
		.type = b->log_dirty[n] & LOG_DIRTY_GONE ? LOGWIRE_GONE : LOGWIRE_STREAM,
		.slot = n,
		.priority = s->log_priority,
		.level_prefix = s->log_level_prefix,
	};
	int r;

	memcpy(record.invocation_id, s->invocation_id, sizeof(record.invocation_id));
	util_copy(record.unit, sizeof(record.unit), s->name);
	util_copy(record.identifier, sizeof(record.identifier), s->log_identifier);
	r = send_record(b, &record, record.type == LOGWIRE_STREAM ? s->log_read : -1);
	if (r == 0) {
		b->log_dirty[n] &= record.type == LOGWIRE_GONE ? (uint8_t)~LOG_DIRTY_GONE
							       : (uint8_t)~LOG_DIRTY_STREAM;
	}
	return r;
}

void logs_flush(struct broker *b)
{
	struct log_channel *log = &b->log;

	if (log->fd < 0 || !log->helper.pid || log->blocked) {
		return;
	}
	if (log->config_dirty) {
		if (send_config(b) < 0) {
			return;
		}
		log->config_dirty = false;
	}
	for (uint32_t n = slot_next_marked(b->log_map, 0); n != WIRE_SLOT_NONE;
		n = slot_next_marked(b->log_map, n + 1)) {
		while (b->log_dirty[n]) {
			if (send_slot(b, n) < 0) {
				return;
			}
		}
		b->log_map[n / 64] &= ~(UINT64_C(1) << n % 64);
		if (b->t->slots[n].state == SLOT_GONE && !b->slot_dirty[n]) {
			slot_free(b, n);
		}
	}
}
