// SPDX-License-Identifier: MIT
/*
 * Notify sockets: one datagram socket per slot in RUNTIME/notify/N/, made inside a network
 * namespace whose queue length is raised (pitfalls: eleven messages otherwise block every sender).
 */
#pragma once

#include "broker.h"

/* The namespace; without the right to make one the sockets have the host's queue. */
void notify_start(struct broker *b);
/* 0 or -errno. */
int notify_make(struct broker *b, uint32_t n);
/* supd has a copy of each socket and may have shut it down: the next supd gets one that works. */
void notify_mend(struct broker *b);
void notify_drop(struct broker *b, uint32_t n);
