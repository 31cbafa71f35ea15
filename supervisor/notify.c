// SPDX-License-Identifier: MIT
#include "notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/patience.h"
#include "notifymsg.h"
#include "shell.h"
#include "unitlog.h"

/* More than one queue can hold; only a bound against a sender that never stops. */
#define DRAIN_MAX 4096u
/*
 * supd-init reads on as soon as it gets to run, unless it waits for us to read an event; then the
 * message is left for later.
 */
#define FLUSH_WAIT_MS 2000
#define TELL_EVERY_US (10 * USEC_PER_SEC)

struct datagram {
	char data[LIMIT_NOTIFY_DATAGRAM + 1]; /* one more, to see that it was longer */
	size_t size;
	struct ucred cred;
	bool rights; /* descriptors came with it */
	bool cut;    /* there was no room for all of them */
	int fds[LIMIT_NOTIFY_FDS];
	size_t n_fds; /* of them received */
};

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int) * LIMIT_NOTIFY_FDS)];
};

/* The kernel puts the credentials first: this much holds no descriptor. */
#define CONTROL_PLAIN CMSG_SPACE(sizeof(struct ucred))

int notify_init(struct notify_hub *hub, struct shell *shell)
{
	hub->shell = shell;
	hub->slots = calloc(LIMIT_SLOTS, sizeof(*hub->slots));
	return hub->slots ? 0 : -ENOMEM;
}

void notify_fini(struct notify_hub *hub)
{
	for (uint32_t i = 0; hub->slots && i < LIMIT_SLOTS; i++) {
		notify_detach(hub, i);
	}
	free(hub->slots);
	hub->slots = NULL;
}

static void close_fds(struct datagram *d)
{
	for (size_t i = 0; i < d->n_fds; i++) {
		if (d->fds[i] >= 0) {
			close(d->fds[i]);
		}
	}
	d->n_fds = 0;
}

static void take_control(struct msghdr *msg, struct datagram *d)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET) {
			continue;
		}
		if (c->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&d->cred, CMSG_DATA(c), sizeof(d->cred));
		}
		if (c->cmsg_type == SCM_RIGHTS) {
			d->n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(d->fds, CMSG_DATA(c), d->n_fds * sizeof(int));
		}
	}
}

/*
 * 1: *d is the first datagram, still queued; 0: none; -errno. Descriptors are received only when
 * there is room for them: what is never in supd's table has no flush() that could hang it.
 */
static int peek(int fd, struct datagram *d, size_t room)
{
	struct iovec iov = { .iov_base = d->data, .iov_len = sizeof(d->data) };
	union control control;
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = room
	};
	ssize_t n;

	d->n_fds = 0;
	d->cred = (struct ucred) { .pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1 };
	do {
		n = recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		return errno == EAGAIN ? 0 : -errno;
	}
	d->size = (size_t)n;
	take_control(&msg, d);
	d->cut = msg.msg_flags & MSG_CTRUNC;
	d->rights = d->n_fds > 0 || d->cut;
	return 1;
}

/*
 * Without room for control data the kernel drops the descriptors itself, and their last close may
 * wait as long as the sender likes.
 */
static void consume(int fd, bool rights)
{
	char byte;

	if (rights) {
		patience_begin();
	}
	while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) < 0 && errno == EINTR) {
	}
	if (rights) {
		patience_end();
	}
}

/* A service can send as much as it likes: one line in a while. */
static void tell_lost(
	struct notify_slot *ns, const struct unit *u, const char *name, const char *why)
{
	usec_t now = now_us();

	if (u && (!ns->told_us || now >= ns->told_us + TELL_EVERY_US)) {
		ns->told_us = now;
		unitlog_plain(ns->hub->shell, LOG_WARNING,
			"%s: FDSTORE=1, FDNAME=%s: not all descriptors are kept: %s", u->name, name,
			why);
	}
}

/* Descriptors that the message brought to be kept. */
static bool store_fds(struct notify_slot *ns, struct datagram *d, const struct notify_msg *msg)
{
	struct shell *s = ns->hub->shell;
	const struct unit *u = engine_unit(s->engine, ns->unit);
	uint32_t max = u && u->is_service && u->service.def.service
			       ? u->service.def.service->fdstore_max
			       : 0;
	const char *name = msg->fields & NOTIFY_FDNAME ? msg->fd_name : "stored";
	uint32_t added;

	if (d->rights && max > 0 && peek(ns->fd, d, sizeof(union control)) <= 0) {
		return false;
	}
	if (d->cut && max > 0) {
		tell_lost(ns, u, name, "supd has no descriptor left (RLIMIT_NOFILE)");
	}
	struct store_news news = {
		.slot = ns->slot, .max = max, .name = name, .fds = d->fds, .n = d->n_fds
	};
	int r = store_add(&s->store, &news, &added);

	if (r < 0) {
		tell_lost(ns, u, name,
			r == -ENOSPC ? "more than FileDescriptorStoreMax= allows" : strerror(-r));
	}
	if (msg->fields & NOTIFY_FDPOLL_OFF) {
		store_no_poll(&s->store, ns->slot, name);
	}
	return added > 0;
}

/* Steps one datagram. -errno: fatal. */
enum step_result {
	STEP_DONE,
	STEP_WAITS_FOR_PARK, /* its descriptors wait for their places */
	STEP_WAITS_FOR_PID,  /* nothing was done; to be given again */
};
static int step(struct notify_slot *ns, struct datagram *d)
{
	struct shell *s = ns->hub->shell;
	struct notify_msg msg;
	int r;

	if (d->cred.pid <= 0 || notify_msg_parse(d->data, d->size, &msg) < 0) {
		return STEP_DONE;
	}
	r = engine_notify(s->engine, ns->unit, &msg, &d->cred, now_us());
	if (r < 0) {
		return r;
	}
	if (r > 0) {
		return r == 2 ? STEP_WAITS_FOR_PID : STEP_DONE;
	}
	if (msg.fields & NOTIFY_FDSTOREREMOVE) {
		if (msg.fields & NOTIFY_FDNAME) {
			store_remove(&s->store, ns->slot, msg.fd_name);
		}
		return STEP_DONE;
	}
	return msg.fields & NOTIFY_FDSTORE && store_fds(ns, d, &msg) ? STEP_WAITS_FOR_PARK
								     : STEP_DONE;
}

/* One datagram to the end, unless it has to wait. 1: done, 0: nothing there or waits, -errno. */
static int turn(struct notify_slot *ns, bool may_wait)
{
	struct shell *s = ns->hub->shell;
	struct datagram d;
	int r = peek(ns->fd, &d, CONTROL_PLAIN);

	if (r <= 0) {
		return r;
	}
	r = step(ns, &d);
	close_fds(&d);
	if (r < 0) {
		return r;
	}
	if (r == STEP_WAITS_FOR_PID) {
		ns->waits_for_pid = true;
		(void)sd_event_source_set_enabled(ns->source, SD_EVENT_OFF);
		return 0;
	}
	if (r == STEP_WAITS_FOR_PARK && may_wait) {
		ns->waits_for_park = true;
		(void)sd_event_source_set_enabled(ns->source, SD_EVENT_OFF);
		return 0;
	}
	r = shell_drain(s);
	if (r < 0) {
		return r;
	}
	r = broker_flush_wait(&s->broker, FLUSH_WAIT_MS);
	if (r < 0) {
		/* It may wait for us to read its events: the message stays, and is stepped again.
		 */
		return r == -ETIMEDOUT ? 0 : r;
	}
	consume(ns->fd, d.rights);
	return 1;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct notify_slot *ns = user;
	usec_t began = now_us();
	int r = 1;

	(void)source;
	(void)fd;
	(void)revents;
	if (!ns->hub->shell->listed || broker_is_congested(&ns->hub->shell->broker)) {
		return 0; /* before adoption nobody knows whom the message is for */
	}
	for (unsigned i = 0;
		r == 1 && i < LIMIT_NOTIFY_PER_TURN && now_us() - began < LIMIT_NOTIFY_TURN_US;
		i++) {
		r = turn(ns, true);
	}
	if (r < 0) {
		shell_fatal(ns->hub->shell, r);
	}
	return 0;
}

int notify_attach(struct notify_hub *hub, uint32_t slot, uint32_t unit, int fd)
{
	AUTO_CLOSE int owned = fd;
	AUTO_FREE struct notify_slot *ns = NULL;
	int r;

	if (slot >= LIMIT_SLOTS) {
		return -EBADMSG;
	}
	notify_detach(hub, slot);
	ns = calloc(1, sizeof(*ns));
	if (!ns) {
		return -ENOMEM;
	}
	ns->hub = hub;
	ns->slot = slot;
	ns->unit = unit;
	ns->fd = owned;
	r = sd_event_add_io(hub->shell->event, &ns->source, owned, EPOLLIN, on_readable, ns);
	if (r < 0) {
		return r;
	}
	TAKE_FD(owned);
	hub->slots[slot] = TAKE_PTR(ns);
	return 0;
}

void notify_detach(struct notify_hub *hub, uint32_t slot)
{
	struct notify_slot *ns = slot < LIMIT_SLOTS ? hub->slots[slot] : NULL;

	if (!ns) {
		return;
	}
	sd_event_source_disable_unref(ns->source);
	patience_close(ns->fd); /* its queue may hold descriptors */
	free(ns);
	hub->slots[slot] = NULL;
}

int notify_drain(struct notify_hub *hub, uint32_t slot)
{
	struct notify_slot *ns = slot < LIMIT_SLOTS ? hub->slots[slot] : NULL;
	int r = 1;

	if (!ns) {
		return 0;
	}
	if (ns->waits_for_park) {
		ns->waits_for_park = false;
		consume(ns->fd, true);
		(void)sd_event_source_set_enabled(ns->source, SD_EVENT_ON);
	}
	for (unsigned i = 0; r == 1 && i < DRAIN_MAX; i++) {
		r = turn(ns, false);
	}
	return r < 0 ? r : 0;
}

int notify_hear(struct notify_hub *hub, uint32_t slot)
{
	struct notify_slot *ns = slot < LIMIT_SLOTS ? hub->slots[slot] : NULL;
	int r;

	if (!ns) {
		return 0;
	}
	r = notify_retry(hub, slot) < 0 ? -EIO : 1;
	for (unsigned i = 0; r == 1 && i < DRAIN_MAX; i++) {
		r = ns->waits_for_park ? 0 : turn(ns, true);
	}
	return r < 0 ? r : ns->waits_for_park || ns->waits_for_pid;
}

bool notify_may_be_late(struct notify_hub *hub, uint32_t slot, uint64_t due_us, uint64_t now_us)
{
	struct notify_slot *ns = slot < LIMIT_SLOTS ? hub->slots[slot] : NULL;

	if (!ns) {
		return false;
	}
	if (ns->late_due_us != due_us) {
		ns->late_due_us = due_us;
		ns->late_since_us = now_us;
	}
	return now_us < usec_add(ns->late_since_us, LIMIT_NOTIFY_LATE_US);
}

int notify_retry(struct notify_hub *hub, uint32_t slot)
{
	struct notify_slot *ns = slot < LIMIT_SLOTS ? hub->slots[slot] : NULL;

	if (!ns || !ns->waits_for_pid) {
		return 0;
	}
	ns->waits_for_pid = false;
	return ns->waits_for_park ? 0 : sd_event_source_set_enabled(ns->source, SD_EVENT_ON);
}

void notify_mark_exit(struct notify_hub *hub, uint32_t slot)
{
	struct notify_slot *ns = slot < LIMIT_SLOTS ? hub->slots[slot] : NULL;

	if (ns) {
		ns->has_exit = true;
	}
}

int notify_adopt(struct notify_hub *hub)
{
	int r = 0;

	for (uint32_t i = 0; r >= 0 && i < LIMIT_SLOTS; i++) {
		r = notify_retry(hub, i);
		if (r >= 0 && hub->slots[i] && hub->slots[i]->has_exit) {
			hub->slots[i]->has_exit = false;
			r = notify_drain(hub, i);
		}
	}
	return r < 0 ? r : 0;
}

int notify_resume(struct notify_hub *hub, uint32_t slot)
{
	struct notify_slot *ns = slot < LIMIT_SLOTS ? hub->slots[slot] : NULL;
	int r;

	if (!ns || !ns->waits_for_park || store_count(&hub->shell->store, slot, true) > 0) {
		return 0;
	}
	r = shell_drain(hub->shell);
	if (r == 0) {
		r = broker_flush_wait(&hub->shell->broker, FLUSH_WAIT_MS);
	}
	if (r < 0 && r != -ETIMEDOUT) {
		return r;
	}
	ns->waits_for_park = false;
	if (r == 0) {
		consume(ns->fd, true);
	}
	return sd_event_source_set_enabled(ns->source, SD_EVENT_ON);
}
