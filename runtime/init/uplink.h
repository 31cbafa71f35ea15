// SPDX-License-Identifier: MIT
/*
 * What supd-init reports to whoever started it: sd_notify(3) to $NOTIFY_SOCKET, or to the host of
 * a virtual machine by vsock or by a character device (a virtio port), as the settings say. Never
 * waits for longer than a connection's 0.2 s ("vsock:" of no said type: one's 0.2 s after the
 * other's). What a host does not take now, because it does not listen yet or is behind, is kept in
 * its order and tried again: a device tells when there is room, all else after 1, 2, 4 … 30 s, for
 * ten minutes. Of STATUS= only the newest is kept.
 */
#pragma once

#include "broker.h"

/* Reads $NOTIFY_SOCKET and $WATCHDOG_USEC once. */
void uplink_environment(struct broker *b);
/* One message of newline-separated assignments. */
void uplink_send(struct broker *b, const char *text);
/* NAME=VALUE. */
void uplink_send_value(struct broker *b, const char *name, const char *value);
/* STATUS= when marked, WATCHDOG=1 when due, and what is kept when that is. */
void uplink_report(struct broker *b, uint64_t now);
void uplink_deadline(const struct broker *b, uint64_t *at);
/* The device has room, or its other end came or went. */
void uplink_room(struct broker *b, uint64_t now);
