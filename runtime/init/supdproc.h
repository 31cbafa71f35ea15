// SPDX-License-Identifier: MIT
/* supd as a process: its channel, its death and restart, whether it still answers. */
#pragma once

#include "broker.h"

/* Starts supd when it is due. */
void supdproc_start(struct broker *b);
/* A protocol error: it is killed, which counts as a crash; its unread requests go with the pipe. */
void supdproc_kill(struct broker *b, const char *why);
/* End of file: it has died, or is made to. */
void supdproc_gone(struct broker *b);
/* RESTART_SUPD, REEXEC, final: its end is no crash. */
void supdproc_stop(struct broker *b);
/* Reaped or abandoned. */
void supdproc_ended(struct broker *b);
void supdproc_tick(struct broker *b, uint64_t now);
void supdproc_deadline(const struct broker *b, uint64_t *at);
void supdproc_pong(struct broker *b);
/* A client has come to the control socket: supd is to take it, or to answer a PING. */
void supdproc_asked(struct broker *b);
/*
 * A watchdog of ours is fed now: supd is asked whether it lives, though nothing waits for it. Once
 * a period of a watchdog that somebody wants; without one an idle supd is never woken.
 */
void supdproc_probe(struct broker *b, uint64_t now);
/* WIRE_BUS: at most one connection in LIMIT_BUS_EVERY_US, so that supd cannot make us fork all day.
 */
int supdproc_bus(struct broker *b);
