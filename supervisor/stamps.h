// SPDX-License-Identifier: MIT
/*
 * When Persistent= timers elapsed last: one file of fixed records, opened by supd-init, which never
 * reads it; supd, which may open nothing for writing, gets the descriptor. A record has a disk
 * sector of its own and is written by one call, so that a power cut leaves the old one or the new.
 */
#pragma once

#include <stdint.h>

#include "../runtime/base/limits.h"
#include "../runtime/base/timeutil.h"

struct stamp {
	char unit[LIMIT_UNIT_NAME];
	usec_t real_us;
};

struct stamps {
	int fd; /* -1: nothing is kept */
	uint32_t n;
	uint32_t capacity;
	struct stamp *rows; /* row i is record i; owned */
};

/* Takes fd, which may be -1 or no file, and reads what is in it. -ENOMEM. */
int stamps_init(struct stamps *s, int fd);
void stamps_fini(struct stamps *s);
/* 0: there is none. */
usec_t stamps_get(const struct stamps *s, const char *unit);
/* Keeps it; when LIMIT_STAMPS are kept the oldest goes. 0, -ENOMEM, or -errno of the file. */
int stamps_set(struct stamps *s, const char *unit, usec_t real_us);
