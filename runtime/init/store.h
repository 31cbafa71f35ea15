// SPDX-License-Identifier: MIT
/*
 * Parking places: one socketpair per stored descriptor. supd-init makes both ends and never
 * receives from them; a forked child does the last close, which may block.
 */
#pragma once

#include "broker.h"

/* Index within the slot, or -EDQUOT, -EMFILE … */
int store_new(struct broker *b, uint32_t n);
/* Closes one parking place of the slot; -ENOENT. */
int store_drop(struct broker *b, uint32_t n, uint32_t index);
/* All of the slot's. */
void store_drop_all(struct broker *b, uint32_t n);
/*
 * Closes a socket that a service may have filled with descriptors (*fd becomes -1) without waiting
 * for them: at the end of the turn, or when there are many, a child has the last copies. Where no
 * child can be had it is parked until one can.
 */
void store_discard(struct broker *b, int *fd);
void store_flush(struct broker *b);
/* The end of a turn: flushes, but a machine that goes down waits for many: each flush is a process.
 */
void store_settle(struct broker *b);
/* Next parking place of the slot at or after from (an index of table.parks), or -1. */
int store_next(const struct broker *b, uint32_t n, int from);
