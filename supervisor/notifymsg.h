// SPDX-License-Identifier: MIT
/*
 * One sd_notify datagram as a struct. Parsing is bounded and strict: a datagram that is too long,
 * has a NUL inside or is empty is refused whole; an assignment with a bad value is skipped and
 * counted in n_bad; unknown keys are skipped in silence, as sd_notify(3) wants it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../runtime/base/limits.h"
#include "../runtime/base/timeutil.h"

enum notify_field {
	NOTIFY_READY = 1 << 0,
	NOTIFY_RELOADING = 1 << 1,
	NOTIFY_STOPPING = 1 << 2,
	NOTIFY_STATUS = 1 << 3,
	NOTIFY_MAINPID = 1 << 4,
	NOTIFY_WATCHDOG = 1 << 5,
	NOTIFY_WATCHDOG_TRIGGER = 1 << 6,
	NOTIFY_WATCHDOG_USEC = 1 << 7,
	NOTIFY_EXTEND_TIMEOUT = 1 << 8,
	NOTIFY_ERRNO = 1 << 9,
	NOTIFY_MONOTONIC = 1 << 10,
	NOTIFY_FDSTORE = 1 << 11,       /* done by the shell: it has the descriptors */
	NOTIFY_FDSTOREREMOVE = 1 << 12, /* done by the shell */
	NOTIFY_FDNAME = 1 << 13,
	NOTIFY_FDPOLL_OFF = 1 << 14, /* FDPOLL=0 */
	NOTIFY_BARRIER = 1 << 15,    /* done by the shell: close the one descriptor */
	NOTIFY_NOTIFYACCESS = 1 << 16,
	NOTIFY_RESTART_RESET = 1 << 17,
};

struct notify_msg {
	uint32_t fields; /* enum notify_field: what was said */
	uint32_t n_bad;  /* assignments of known keys with bad values, skipped */
	int32_t mainpid; /* > 0 */
	int32_t error;   /* ERRNO= */
	uint32_t access; /* enum notify_access */
	usec_t monotonic_us;
	usec_t watchdog_us; /* 0: no watchdog from now on */
	usec_t extend_us;
	char status[LIMIT_STATUS_TEXT]; /* UTF-8, one line, cut at a character's end */
	char fd_name[LIMIT_FD_NAME];    /* valid name or "" */
};

/* 0, -EMSGSIZE (too long), -EBADMSG (empty, NUL inside); *ret untouched on failure. */
int notify_msg_parse(const void *data, size_t size, struct notify_msg *ret);
