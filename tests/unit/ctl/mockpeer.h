// SPDX-License-Identifier: MIT
/*
 * A supd of a few units for tests of supctl: a child process that listens on DIR/control and
 * speaks sd-bus peer to peer. How a unit behaves follows from its name; see mockpeer.c.
 */
#pragma once

#include <sys/types.h>

/* dir must exist. Returns when the socket is there. The child dies with its parent. */
pid_t mockpeer_start(const char *dir);
void mockpeer_stop(pid_t pid);
