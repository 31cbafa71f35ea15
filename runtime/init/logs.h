// SPDX-License-Identifier: MIT
/* Log streams of slots, and the channel to supd-log. supd's own records: logsend.h. */
#pragma once

#include "broker.h"

/* journald's datagram socket. */
#define LOGS_JOURNAL_NATIVE "/run/systemd/journal/socket"

/* 1 when journald is to be used and somebody listens at its sockets now. */
uint32_t logs_journald(const struct broker *b);
/* The stream pair of a slot whose output goes to supd-log. 0 or -errno. */
int logs_prepare(struct broker *b, uint32_t n);
void logs_drop(struct broker *b, uint32_t n);
/* Starts supd-log when it is wanted and due. */
void logs_start(struct broker *b);
/* Sends what is marked, as far as the channel takes it. */
void logs_flush(struct broker *b);
