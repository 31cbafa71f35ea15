// SPDX-License-Identifier: MIT
/*
 * Descriptors that wake supd: listening sockets and inotify instances that a slot holds. They never
 * leave for supd; WATCH arms them once, the flag READABLE goes with the slot's state. Also the
 * names of numbered instances, which connections are.
 */
#pragma once

#include "broker.h"

/* The request WATCH: 0, -ENOENT without such a slot, -ENXIO when it holds no descriptor. */
int listen_watch(struct broker *b, const struct wire_request *q);
/* A held descriptor of the slot is readable. */
void listen_ready(struct broker *b, uint32_t slot);
/* Takes a descriptor into the slot; instead: in place of what it holds. */
void listen_take(struct broker *b, uint32_t slot, int fd, bool instead);
/* Closes all that the slot holds. */
void listen_drop(struct broker *b, uint32_t slot);
/* After an exec of supd-init: arms again what was armed. */
void listen_resume(struct broker *b);

/* "web@.service", 7 -> "web@7.service", also at the end of a path; 0 copies. -ENAMETOOLONG. */
int listen_instance(const char *name, uint32_t instance, char *buf, size_t size);
/*
 * Slot of a catalogue's unit, made if it is new. -EINVAL when the number does not go with the
 * unit.
 */
int64_t listen_slot(struct broker *b, const struct catalogue *c, uint32_t unit, uint32_t instance);

/* A connection of that source is to be served by the slot: may it, by MaxConnectionsPerSource=? */
bool listen_source_allowed(struct broker *b, uint32_t slot, const char *source);
