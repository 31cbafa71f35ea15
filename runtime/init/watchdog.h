// SPDX-License-Identifier: MIT
/*
 * The hardware watchdog of a machine (/dev/watchdog0): fed by the loop, so a supd-init that hangs
 * lets the machine be reset. Each feed sends supd a PING, so that one that hangs is found and
 * restarted although nothing waits for it; while that is within its schedule the watchdog is fed,
 * and not when supd is past all help.
 */
#pragma once

#include "broker.h"

/* Opens it when the settings want it (again until it is there), feeds it when due. */
void watchdog_tick(struct broker *b, uint64_t now);
void watchdog_deadline(const struct broker *b, uint64_t *at);
/* The last phase: the other timeout, or off. */
void watchdog_shutdown(struct broker *b);
/* Feeds now; for the last phase's loops. */
void watchdog_feed(const struct broker *b);
