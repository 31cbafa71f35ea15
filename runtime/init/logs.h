// SPDX-License-Identifier: MIT
/* Log streams of slots, the channel to supd-log, and the forwarding of supd's own records. */
#pragma once

#include "broker.h"

/* 1 when journald is to be used and somebody listens at its sockets now. */
uint32_t logs_journald(const struct broker *b);
/* The stream pair of a slot whose output goes to supd-log. 0 or -errno. */
int logs_prepare(struct broker *b, uint32_t n);
void logs_drop(struct broker *b, uint32_t n);
/* Starts supd-log when it is wanted and due. */
void logs_start(struct broker *b);
/* Sends what is marked, as far as the channel takes it. */
void logs_flush(struct broker *b);
/*
 * Forwards one native record unread. What supd-log has no room for is queued and goes as soon as it
 * reads on; beyond the queue's size records are dropped, counted, and the count is logged then.
 */
void logs_forward(struct broker *b, const struct wire_log *log);
/* There may be room again at log/native. */
void logs_room(struct broker *b);
/* Sends what is queued as far as supd-log reads it within the time. For the end. */
void logs_drain(struct broker *b, uint64_t within_us);
