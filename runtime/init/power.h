// SPDX-License-Identifier: MIT
/*
 * The phases run, stopping, final. Stopping is supd's work, asked for by EV_STOP; supd-init says on
 * the console what it waits for, and goes on without supd when nothing moves any more.
 */
#pragma once

#include "broker.h"

/* READY=1, once. */
void power_ready(struct broker *b);
/* Another supd-init's services go on: whoever started this one waits for a READY of its own. */
void power_adopted(struct broker *b);
/* WIRE_POWER. 0 or -errno. */
int power_request(struct broker *b, uint32_t power, uint32_t status);
/* EV_STOP with that action, whoever asked; a later one replaces an earlier one's action. */
void power_begin(struct broker *b, uint32_t power, uint32_t status);
/* Without stop jobs; immediate: without ending processes and unmounting either. */
void power_now(struct broker *b, uint32_t power, bool immediate);
/*
 * The machine goes down for good: what its end takes away anyway (cgroups) need not be taken away
 * one by one before, and what costs a process each time is done together.
 */
bool power_ends_machine(const struct broker *b);
/* supd works on the stop: its deadline moves on, up to an end. */
void power_moves(struct broker *b);
/* slot is being stopped from now on; for the line on the console. */
void power_stops(struct broker *b, uint32_t slot);
/* WIRE_WAITING about the unit of that name: a line on the console, some in five seconds. */
void power_waits(struct broker *b, const struct wire_request *q, const char *name);
void power_tick(struct broker *b, uint64_t now);
void power_deadline(const struct broker *b, uint64_t *at);
