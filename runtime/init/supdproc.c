// SPDX-License-Identifier: MIT
#include "supdproc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/timeutil.h"
#include "auditsock.h"
#include "events.h"
#include "helper.h"
#include "notify.h"
#include "requests.h"
#include "setup.h"
#include "spawn.h"
#include "util.h"

#define PIPE_SIZE  (256 * 1024)
#define EVENT_SIZE (512 * 1024)
#define HUNG_APART 10u /* graces between two that hung: these have not to do with each other */

static void close_channel(struct broker *b)
{
	util_close(&b->supd.request_fd);
	util_close(&b->supd.event_fd);
	b->supd.blocked = b->supd.paused = false;
	b->supd.waiting_from = 0;
	grace_end(&b->supd.ping);
	b->supd.refused_dirty = b->supd.ping_dirty = false;
}

static int open_channel(struct broker *b, int *ret_request, int *ret_event)
{
	struct supd_channel *supd = &b->supd;
	int request[2], event[2], size = EVENT_SIZE;

	if (pipe2(request, O_DIRECT | O_CLOEXEC) < 0) {
		return -errno;
	}
	supd->request_fd = request[0];
	*ret_request = request[1];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, event) < 0) {
		return -errno;
	}
	supd->event_fd = event[0];
	*ret_event = event[1];
	fcntl(request[0], F_SETPIPE_SZ, PIPE_SIZE); /* a smaller pipe works too */
	if (setsockopt(event[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0) {
		setsockopt(event[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	}
	if (shutdown(event[0], SHUT_RD) < 0) {
		return -errno;
	}
	int r = fd_set_nonblock(request[0], 1);

	return r < 0 ? r : broker_watch(b, request[0], EPOLLIN, WATCH_REQUEST, 0);
}

/* One event for any number of clients, until it is known whether supd takes them. */
static void watch_control(struct broker *b)
{
	broker_watch(b, b->t->control_fd, EPOLLIN | EPOLLONESHOT, WATCH_CONTROL, 0);
}

void supdproc_asked(struct broker *b)
{
	if (b->supd.helper.pid && !b->supd.helper.dying && !b->supd.waiting_from) {
		b->supd.waiting_from = now_us();
	}
}

void supdproc_start(struct broker *b)
{
	static const char *const argv[] = { "supd", NULL };
	struct supd_channel *supd = &b->supd;
	AUTO_CLOSE int request = -1;
	AUTO_CLOSE int event = -1;
	AUTO_CLOSE int audit = -1;

	if (supd->helper.pid || b->phase == PHASE_FINAL || supd->helper.restart_at > now_us()) {
		return;
	}
	int r = setup_control(b);

	notify_mend(b);
	r = r < 0 ? r : open_channel(b, &request, &event);
	audit = auditsock_open();
	const struct spawn spawn = {
		.exe_fd = LOW_FD_SUPD,
		.argv = argv,
		.fds = (int[]) { request, event, b->t->control_fd, audit < 0 ? -1 : audit,
			b->stamps_fd },
		.n_fds = 5,
		.max_file = LIMIT_STAMPS * 512,
		.error_fd = -1,
		.drop = true,
		.protect = true,
		.uid = b->t->settings.supd_uid,
		.gid = b->t->settings.supd_gid,
	};

	if (r == 0) {
		r = spawn_start(&spawn);
	}
	helper_started(&supd->helper, r);
	if (r < 0) {
		util_say("cannot start supd", NULL, -r);
		close_channel(b);
		return;
	}
	watch_control(b);
	b->t->generation++;
	events_mark_all(b, true);
	supd->load_dirty = b->load.result.status != 0;
	supd->stop_dirty = b->phase == PHASE_STOPPING;
}

void supdproc_gone(struct broker *b)
{
	helper_stop(&b->supd.helper, SIGKILL, false, now_us());
	close_channel(b);
}

void supdproc_kill(struct broker *b, const char *why)
{
	b->supd.helper.fault = true;
	if (b->supd.helper.pid && !b->supd.helper.killed) {
		util_say("supd is killed", why, 0);
		helper_stop(&b->supd.helper, SIGKILL, false, now_us());
	}
	close_channel(b);
}

void supdproc_stop(struct broker *b)
{
	helper_stop(&b->supd.helper, SIGTERM, true, now_us());
	close_channel(b);
}

void supdproc_ended(struct broker *b)
{
	requests_drain(b);
	close_channel(b);
	events_forget_gone(b);
}

void supdproc_pong(struct broker *b)
{
	grace_end(&b->supd.ping);
	b->supd.waiting_from = 0;
	watch_control(b);
}

int supdproc_bus(struct broker *b)
{
	const struct settings *set = &b->t->settings;
	uint64_t now = now_us();

	if (now < b->bus_asked_us + LIMIT_BUS_EVERY_US) {
		return -EAGAIN;
	}
	b->bus_asked_us = now;
	return spawn_bus_connector(b->supd.event_fd, set->supd_uid, set->supd_gid);
}

/* Events that supd has not taken yet: unsent, or still in the socket. And clients that wait. */
static bool has_waiting(struct broker *b)
{
	struct pollfd control = { .fd = b->t->control_fd, .events = POLLIN };
	int unread = 0;

	return b->supd.blocked || (ioctl(b->supd.event_fd, SIOCOUTQ, &unread) == 0 && unread > 0) ||
	       poll(&control, 1, 0) > 0;
}

/*
 * A stopped process keeps SIGABRT for later, so SIGCONT follows. Its end is a crash: the next one
 * may find the same. It may also be as slow as this one: who hangs soon after its start makes the
 * next one's time longer.
 */
static void end_hung(struct broker *b, uint64_t now)
{
	struct supd_channel *supd = &b->supd;
	pid_t pid = supd->helper.pid;

	util_say("supd does not answer", NULL, 0);
	supd->hung = now - supd->helper.started_at > HUNG_APART * supd->ping.limit_us
			     ? 1
			     : supd->hung + 1;
	supd->helper.fault = true;
	helper_stop(&b->supd.helper, SIGABRT, false, now);
	kill(pid, SIGCONT);
	close_channel(b);
}

static void send_ping(struct supd_channel *supd, uint64_t now)
{
	grace_begin(
		&supd->ping, grace_limit(LIMIT_PONG_WITHIN_US, LIMIT_PONG_MAX_US, supd->hung), now);
	supd->ping_dirty = true;
}

void supdproc_probe(struct broker *b, uint64_t now)
{
	struct supd_channel *supd = &b->supd;

	if (supd->helper.pid && !supd->helper.dying && !grace_runs(&supd->ping) &&
		!supd->waiting_from) {
		send_ping(supd, now);
	}
}

static void check_answers(struct broker *b, uint64_t now)
{
	struct supd_channel *supd = &b->supd;

	if (grace_runs(&supd->ping)) {
		if (grace_is_over(&supd->ping, now)) {
			end_hung(b, now);
		}
		return;
	}
	if (!supd->waiting_from || now < supd->waiting_from + LIMIT_PING_AFTER_US) {
		return;
	}
	supd->waiting_from = 0;
	if (has_waiting(b)) {
		send_ping(supd, now);
	} else {
		watch_control(b);
	}
}

void supdproc_tick(struct broker *b, uint64_t now)
{
	if (helper_tick(&b->supd.helper, now)) {
		supdproc_ended(b);
	}
	if (b->supd.helper.pid && !b->supd.helper.dying) {
		check_answers(b, now);
	}
	supdproc_start(b);
}

void supdproc_deadline(const struct broker *b, uint64_t *at)
{
	const struct supd_channel *supd = &b->supd;

	helper_deadline(&supd->helper, at);
	if (supd->helper.pid && grace_runs(&supd->ping)) {
		grace_deadline(&supd->ping, at);
	} else if (supd->helper.pid && supd->waiting_from) {
		util_sooner(at, supd->waiting_from + LIMIT_PING_AFTER_US);
	}
}
