// SPDX-License-Identifier: MIT
/*
 * Which devices are there. The kernel's and udevd's announcements (netlink, which anybody may
 * listen to) are a doorbell only: none of their text is read. What counts is what the file systems
 * say then, which only root writes: the node in /dev or the directory in /sys, and, where there is
 * an udevd, its database.
 *
 * - With an udevd (one that listens at /run/udev/control, or systemd-udevd.service is about to
 * run): a device is there when it has the tag "systemd" and is not SYSTEMD_READY=0, under its path,
 * any link in /dev to it, or its SYSTEMD_ALIAS=.
 * - Without: when the path is there. Links that only udevd makes (/dev/disk/…) count as there:
 *   mount(8) finds UUID= and LABEL= itself and says what is missing.
 *
 * The doorbell rings hundreds of times while a machine starts: the database is looked through at
 * most twenty times a second, and only files that are new are read.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "../runtime/base/timeutil.h"
#include "devicedb.h"

struct shell;

struct devicewatch_entry {
	char id[DEVICEDB_ID];
	ino_t inode; /* a file is replaced by another, never written again */
	int64_t mtime_ns;
	bool seen;
	bool told; /* SYSTEMD_WANTS= was acted on */
	struct devicedb_facts facts;
};

struct devicewatch {
	struct shell *shell;
	int fd; /* -1: the kernel has no such socket */
	sd_event_source *source;
	sd_event_source *timer;
	struct devicewatch_entry *entries; /* sorted by id */
	size_t n_entries;
	usec_t looked_us;
	bool armed;    /* the timer rings */
	bool changed;  /* the units are to be told */
	bool udev;     /* what the last look went by */
	ino_t control; /* of udevd's socket when its listener was looked for; 0: look */
	bool listens;  /* there was one */
	bool fresh;    /* nothing has been told yet: what is there was there before */
	char *buf;     /* for one file of the database; lazily */
	uint32_t hint; /* index of systemd-udevd.service in the engine, or ENGINE_NONE */
};

int devicewatch_init(struct devicewatch *w, struct shell *shell);
void devicewatch_fini(struct devicewatch *w);
/* Is the device of that unit there? */
bool devicewatch_has(struct devicewatch *w, const char *unit);
/* Tells the units of what has changed since the last call. -errno. */
int devicewatch_settle(struct devicewatch *w);
