// SPDX-License-Identifier: MIT
/*
 * What PID 1 of a service's PID namespace does, in supd-nsinit and in a launcher that stays:
 * reports EXITED on LAUNCH_FD, reaps orphans, forwards signals to the payload, and ends when the
 * payload has ended; the kernel then ends the namespace.
 */
#pragma once

#include <sys/types.h>

/* All signals have been blocked since before the payload was forked, so none is lost. */
__attribute__((noreturn)) void nsreap_serve(pid_t payload);
