// SPDX-License-Identifier: MIT
/*
 * Keeps the kernel's lists of mounts and swaps: read again when the kernel says that they have
 * changed (POLLPRI), never by a timer. A list that cannot be read, or is longer than
 * LIMIT_MOUNTINFO, stays as it was, and that is logged once.
 */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "../runtime/plan/manifest.h"
#include "mounttable.h"

struct shell;

struct mountwatch_list {
	struct mountwatch *watch;
	enum mounttable_kind kind;
	int fd;     /* of the loop; -1: the kernel has no such list */
	int ask_fd; /* a second one, for each tells of a change only once */
	sd_event_source *source;
	struct mounttable table;
	bool complained;
};

struct mountwatch {
	struct shell *shell;
	struct mountwatch_list lists[2]; /* by enum mounttable_kind */
	bool changed;                    /* the units are to be told */
};

int mountwatch_init(struct mountwatch *w, struct shell *shell);
void mountwatch_fini(struct mountwatch *w);
/* Is it there at this instant? */
bool mountwatch_has(struct mountwatch *w, const struct manifest_mount *m);
/* Tells the units of what has changed since the last call. -errno. */
int mountwatch_settle(struct mountwatch *w);
