// SPDX-License-Identifier: MIT
/*
 * What supd-init reports to whoever started it: sd_notify(3) to $NOTIFY_SOCKET, or to the host of
 * a virtual machine by vsock or by a character device (a virtio port), as the settings say. Never
 * waits; what cannot be sent now is lost, as with sd_notify.
 */
#pragma once

#include "broker.h"

/* Reads $NOTIFY_SOCKET and $WATCHDOG_USEC once. */
void uplink_environment(struct broker *b);
/* One message of newline-separated assignments. */
void uplink_send(struct broker *b, const char *text);
/* NAME=VALUE. */
void uplink_send_value(struct broker *b, const char *name, const char *value);
/* STATUS= when marked, WATCHDOG=1 when due. */
void uplink_report(struct broker *b, uint64_t now);
