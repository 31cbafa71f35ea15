// SPDX-License-Identifier: MIT
#include "clockwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <syslog.h>
#include <unistd.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"
#include "../runtime/base/zonefile.h"
#include "../runtime/plan/calendar.h"
#include "shell.h"
#include "unitlog.h"

#define ZONES_MAX 256u

struct clockwatch_zone {
	struct clockwatch_zone *next;
	char name[CALENDAR_ZONE];
	bool usable;
	struct zone zone;
};

static usec_t real_offset(void)
{
	usec_t before = now_us(), real = clock_us(CLOCK_REALTIME), after = now_us();

	return real - (before + (after - before) / 2);
}

/* Far away: only its being cancelled is of interest. */
static int arm(struct clockwatch *c)
{
	struct itimerspec far = { .it_value.tv_sec = INT64_C(1) << 40 };

	return timerfd_settime(
		       c->timer_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL) < 0
		       ? -errno
		       : 0;
}

static int on_clock(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct clockwatch *c = user;
	uint64_t ticks;
	int r;

	(void)source;
	(void)revents;
	if (read(fd, &ticks, sizeof(ticks)) >= 0 || errno != ECANCELED) {
		return 0;
	}
	unitlog_message(c->shell, LOG_DEBUG, MESSAGE_TIME_CHANGE,
		"The clock was set: timers are due anew.");
	r = arm(c);
	r = r < 0 ? r : engine_clock(c->shell->engine, real_offset(), now_us());
	if (r < 0) {
		shell_fatal(c->shell, r);
	}
	return 0;
}

static void forget_zones(struct clockwatch *c)
{
	while (c->zones) {
		struct clockwatch_zone *z = c->zones;

		c->zones = z->next;
		zone_fini(&z->zone);
		free(z);
	}
}

static bool names_localtime(const char *buf, size_t n)
{
	bool found = false;

	for (size_t at = 0; at + sizeof(struct inotify_event) <= n;) {
		struct inotify_event event;

		memcpy(&event, buf + at, sizeof(event));
		at += sizeof(event);
		found = found || (event.mask & IN_Q_OVERFLOW) ||
			(event.len > 0 && strncmp(buf + at, "localtime", event.len) == 0);
		at += event.len;
	}
	return found;
}

static int on_etc(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct clockwatch *c = user;
	bool changed = false;
	char buf[4096];
	ssize_t n;

	(void)source;
	(void)revents;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		changed = changed || names_localtime(buf, (size_t)n);
	}
	if (changed) {
		int r;

		forget_zones(c);
		tzset();
		r = engine_zone_changed(c->shell->engine, now_us());
		if (r < 0) {
			shell_fatal(c->shell, r);
		}
	}
	return 0;
}

static const struct zone *find_zone(void *context, const char *name)
{
	struct clockwatch *c = context;
	struct clockwatch_zone *z;
	unsigned n = 0;

	for (z = c->zones; z; z = z->next, n++) {
		if (strcmp(z->name, name) == 0) {
			return z->usable ? &z->zone : NULL;
		}
	}
	if (n >= ZONES_MAX) {
		forget_zones(c);
	}
	z = calloc(1, sizeof(*z));
	if (!z) {
		return NULL;
	}
	strncpy(z->name, name, sizeof(z->name) - 1);
	z->usable = zonefile_read(*name ? name : NULL, &z->zone) == 0;
	z->next = c->zones;
	c->zones = z;
	if (!z->usable && *name) {
		unitlog_plain(
			c->shell, LOG_WARNING, "the time zone %s cannot be read: UTC counts", name);
	}
	return z->usable ? &z->zone : NULL;
}

static usec_t find_stamp(void *context, const char *unit)
{
	struct clockwatch *c = context;

	return stamps_get(&c->stamps, unit);
}

static bool is_mounted(void *context, const struct manifest_mount *m)
{
	struct clockwatch *c = context;

	return mountwatch_has(&c->shell->mounts, m);
}

static bool is_plugged(void *context, const char *unit)
{
	struct clockwatch *c = context;

	return devicewatch_has(&c->shell->devices, unit);
}

/* Without a machine id all machines gather their wake-ups at the same instant. */
static uint64_t machine_hash(void)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	char text[64];
	ssize_t n = fd_read_text("/etc/machine-id", text, sizeof(text));

	for (ssize_t i = 0; i < n; i++) {
		hash = (hash ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
	}
	return hash;
}

/* Where the machine was up long before its init. */
static bool in_container(void)
{
	static const char *const marks[] = { "/run/systemd/container",
		"/run/host/container-manager", "/run/.containerenv", "/.dockerenv" };

	for (size_t i = 0; i < ELEMENTSOF(marks); i++) {
		if (access(marks[i], F_OK) == 0) {
			return true;
		}
	}
	return false;
}

void clockwatch_hello(struct clockwatch *c)
{
	usec_t started = c->shell->hello.started_us;
	uint64_t machine = machine_hash();
	struct engine_host host = {
		.startup_us = started,
		.boot_us = in_container() ? started : 0,
		.machine = machine,
		.seed = machine ^ clock_us(CLOCK_REALTIME) ^ now_us() << 32,
		.zone = find_zone,
		.stamp = find_stamp,
		.mounted = is_mounted,
		.plugged = is_plugged,
		.context = c,
	};

	engine_set_host(c->shell->engine, &host);
	(void)engine_clock(c->shell->engine, real_offset(), now_us());
}

int clockwatch_stamp(struct clockwatch *c, const char *unit, usec_t real_us)
{
	int r = stamps_set(&c->stamps, unit, real_us);

	if (r < 0 && r != -ENOMEM) {
		unitlog_plain(c->shell, LOG_WARNING,
			"%s: Persistent=: the time could not be written: %s", unit, strerror(-r));
		return 0;
	}
	return r;
}

static int watch_etc(struct clockwatch *c, sd_event *event)
{
	c->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (c->inotify_fd < 0) {
		return -errno;
	}
	/* Without /etc there is no other zone than UTC. */
	(void)inotify_add_watch(c->inotify_fd, "/etc",
		IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_ONLYDIR);
	return sd_event_add_io(event, &c->inotify_source, c->inotify_fd, EPOLLIN, on_etc, c);
}

int clockwatch_init(struct clockwatch *c, struct shell *shell, int stamps_fd)
{
	int r;

	*c = (struct clockwatch) { .shell = shell, .timer_fd = -1, .inotify_fd = -1 };
	r = stamps_init(&c->stamps, stamps_fd);
	if (r < 0) {
		return r;
	}
	c->timer_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	r = c->timer_fd < 0 ? -errno : arm(c);
	if (r == 0) {
		r = sd_event_add_io(
			shell->event, &c->timer_source, c->timer_fd, EPOLLIN, on_clock, c);
	}
	return r < 0 ? r : watch_etc(c, shell->event);
}

void clockwatch_fini(struct clockwatch *c)
{
	sd_event_source_disable_unref(c->timer_source);
	sd_event_source_disable_unref(c->inotify_source);
	if (c->timer_fd >= 0) {
		close(c->timer_fd);
	}
	if (c->inotify_fd >= 0) {
		close(c->inotify_fd);
	}
	forget_zones(c);
	stamps_fini(&c->stamps);
}
