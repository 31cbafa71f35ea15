// SPDX-License-Identifier: MIT
/* Signal names. signal(7); real-time signals are RTMIN+n and RTMAX-n as kill(1) spells them. */
#pragma once

/* "TERM" for SIGTERM, "RTMIN+3"; NULL for no signal. The result lives for ever (a table). */
const char *signal_to_name(int signo);
/* Accepts "SIGTERM", "TERM", "15", "RTMIN+3", "SIGRTMAX-1"; -EINVAL. Case matters, as in systemd.
 */
int signal_from_name(const char *text);
