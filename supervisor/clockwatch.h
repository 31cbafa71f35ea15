// SPDX-License-Identifier: MIT
/*
 * The machine's clock for the timers: tells the engine when CLOCK_REALTIME was set (a timerfd that
 * is cancelled then), and when /etc/localtime is another file; reads time zones and keeps them.
 */
#pragma once

#include <systemd/sd-event.h>

#include "../runtime/base/zone.h"
#include "engine.h"
#include "stamps.h"

struct shell;
struct clockwatch_zone;

struct clockwatch {
	struct shell *shell;
	int timer_fd;
	int inotify_fd;
	sd_event_source *timer_source;
	sd_event_source *inotify_source;
	struct clockwatch_zone *zones; /* a list; owned */
	struct stamps stamps;
};

/* Sets up both watches; before the system call filter. stamps_fd: -1 none. -errno. */
int clockwatch_init(struct clockwatch *c, struct shell *shell, int stamps_fd);
void clockwatch_fini(struct clockwatch *c);
/* Tells the engine of the host; with HELLO. */
void clockwatch_hello(struct clockwatch *c);
/* Writes a stamp; what goes wrong is logged. -ENOMEM. */
int clockwatch_stamp(struct clockwatch *c, const char *unit, usec_t real_us);
