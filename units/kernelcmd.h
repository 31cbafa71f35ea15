// SPDX-License-Identifier: MIT
/*
 * What a machine's kernel command line and its host's credentials say, put into struct settings.
 * Lenient, other than supd.conf: a word that is wrong is a warning, for a machine must boot.
 *
 *   supd.X= and systemd.X=: kernelcmd.c has the table; fstab=
 *   rescue, single, s, S, 1; emergency, -b; 2 to 5
 *   credential vmm.notify_socket: vsock:CID:PORT, vsock-stream:…, vsock-dgram:…,
 *   vsock-seqpacket:…, or the absolute path of a socket or of a character device, or @NAME
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../runtime/plan/settings.h"
#include "diag.h"

/* A word, as it is told to people. */
struct kernelcmd_row {
	const char *word;
	bool prefixed;     /* "supd." or "systemd." and '=' belong to it */
	const char *value; /* may be "" */
	const char *help;
};

/* The i-th word; false beyond the last. */
bool kernelcmd_row(size_t i, struct kernelcmd_row *ret);

/* text: /proc/cmdline. */
void kernelcmd_apply(const char *text, struct diagnostics *d, struct settings *s);
/* text: the credential. */
void kernelcmd_notify(const char *text, struct diagnostics *d, struct settings *s);
