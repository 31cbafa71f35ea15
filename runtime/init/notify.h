// SPDX-License-Identifier: MIT
/*
 * Notify sockets: one datagram socket per slot in RUNTIME/notify/N-KEY/, made inside a network
 * namespace whose queue length is raised (pitfalls: eleven messages otherwise block every sender).
 *
 * A unit without a mount namespace has to reach its socket by the host's path, as whatever user it
 * runs as, so the directories cannot be closed to the others of the machine. KEY is 64 random bits
 * that only the unit is told ($NOTIFY_SOCKET): the directories above can be entered, not listed,
 * and the socket's network namespace is its own, so that no /proc/net/unix has the name.
 */
#pragma once

#include "broker.h"

#define NOTIFY_DIRECTORY 32u /* "16383-0123456789abcdef" */

/* The namespace; without the right to make one the sockets have the host's queue. */
void notify_start(struct broker *b);
/* Name of the slot's directory, in buf[NOTIFY_DIRECTORY]; draws the key when it has none. */
void notify_directory(const struct broker *b, uint32_t n, char *buf);
/* 0 or -errno. */
int notify_make(struct broker *b, uint32_t n);
/* supd has a copy of each socket and may have shut it down: the next supd gets one that works. */
void notify_mend(struct broker *b);
void notify_drop(struct broker *b, uint32_t n);
