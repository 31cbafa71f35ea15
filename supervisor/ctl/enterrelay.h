// SPDX-License-Identifier: MIT
/*
 * Between the user's terminal and that of a command in a unit, and signals to supctl while it runs.
 * A standard stream of ours that is a terminal is never handed in: the command has a terminal of
 * its own in its place. Streams that are none (files, pipes) are the command's own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#include "../../runtime/base/timeutil.h"

/* One direction: what was read and is not written yet. */
struct enter_flow {
	int from, to; /* -1: over */
	size_t n;
	char bytes[4096];
};

struct enter_relay {
	int master; /* -1: no terminal, or hung up */
	struct enter_flow typed, shown;
	int signals;    /* signalfd */
	bool raw;       /* ours was changed */
	usec_t kill_at; /* when who was asked to end is killed; 0: not asked */
	struct termios saved;
};

#define ENTER_RELAY_NONE                                                                           \
	{                                                                                          \
		.master = -1, .signals = -1, .typed = { .from = -1, .to = -1 }, .shown = {         \
			.from = -1,                                                                \
			.to = -1                                                                   \
		}                                                                                  \
	}

/*
 * tty: which of our streams are terminals, one at least. ret_slave: what stands in their place.
 * -errno.
 */
int enter_relay_open(struct enter_relay *r, const bool tty[3], int *ret_slave);
/* From now on signals wait for enter_relay_run(). -errno. */
int enter_relay_catch(struct enter_relay *r);
/* True when somebody wants supctl to end, before there is a command. Takes the signal. */
bool enter_relay_is_asked(struct enter_relay *r);
/* Copies and forwards until the command has ended. Not waited for. */
void enter_relay_run(struct enter_relay *r, pid_t child);
void enter_relay_fini(struct enter_relay *r);
