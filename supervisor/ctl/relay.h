// SPDX-License-Identifier: MIT
/*
 * Our own standard streams to those of a unit: through FIFOs (--pipe) or a pseudoterminal (--pty).
 * The copying is done by a child, so that the parent can wait for the unit.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

struct relay {
	char dir[64]; /* of the FIFOs; "" for a terminal */
	char tty[64]; /* of the unit; "" for FIFOs */
	int in;       /* our end of the terminal */
	int out[2];   /* our ends of what it writes and complains */
	int done;     /* write end of a pipe: its end tells the child that the unit is gone */
	pid_t child;
	bool raw; /* our terminal was changed */
	struct termios saved;
};

#define RELAY_NONE                                                                                 \
	{                                                                                          \
		.in = -1, .out = { -1, -1 }, .done = -1, .child = -1                               \
	}

/* -errno. relay_fini always. */
int relay_open(struct relay *r, bool pty);
/* Starts to copy. -errno. */
int relay_start(struct relay *r);
/* The unit is gone: copies what is left, and stops. */
void relay_finish(struct relay *r);
/* RELAY_NONE afterwards. */
void relay_fini(struct relay *r);
