// SPDX-License-Identifier: MIT
/* Leaving, re-executing, and what supd-init reports upwards by sd_notify(3). */
#pragma once

#include "broker.h"

/* Reads $NOTIFY_SOCKET and $WATCHDOG_USEC once. */
void power_environment(struct broker *b);
/* READY=1, once. */
void power_ready(struct broker *b);
/* STATUS= when marked, WATCHDOG=1 when due. */
void power_report(struct broker *b, uint64_t now);
/* WIRE_POWER. 0 or -errno. */
int power_request(struct broker *b, uint32_t power, uint32_t status);
/* SIGTERM, SIGINT: EV_STOP with the action that fits, and a deadline for supd. */
void power_stop(struct broker *b, int signo);
void power_tick(struct broker *b, uint64_t now);
void power_deadline(const struct broker *b, uint64_t *at);
/* The end: everything that still runs is killed (not with EXIT_LEAVE), the exit status is told. */
int power_final(struct broker *b);
