// SPDX-License-Identifier: MIT
/* Loads: one supd-load at a time; its memfds, sealed and checked, become a catalogue. */
#pragma once

#include "broker.h"

/* 0 (started, or noted to follow the running load), or -EBUSY when one is noted already. */
int catalog_load(struct broker *b, uint64_t cookie);
/* supd-load has ended, with waitid's code and status. */
void catalog_ended(struct broker *b, uint32_t code, uint32_t status);
/* supd-load wrote on its error stream: kept for the answer. */
void catalog_error_readable(struct broker *b);
/* Ends a load that takes too long; tries again while there are no units. now: monotonic, us. */
void catalog_tick(struct broker *b, uint64_t now);
/* Lowers *at to when catalog_tick() has to do something. */
void catalog_deadline(const struct broker *b, uint64_t *at);
/* Index of the live catalogue with this number, or -ESTALE. */
int catalog_find(const struct broker *b, uint32_t number);
/* Does the catalogue have the units and the entry that a RUN names as its cause? */
bool catalog_has_cause(const struct catalogue *c, const struct wire_cause *cause);
/* How many there are. */
unsigned catalog_count(const struct broker *b);
/* Unmaps and closes the catalogue at that index. */
void catalog_drop(struct broker *b, uint32_t index);
/*
 * Takes the pages of all plans out of the address space; they come back from the memfds when they
 * are looked at. Between launches nobody does.
 */
void catalog_rest(struct broker *b);
/* After exec: maps what the table has. */
void catalog_remap(struct broker *b);
/*
 * `supd-load --settings -- ARGV`: 0 with *ret, or supd-load's exit status (> 0), or -errno. One
 * that was killed or takes too long is tried again, LIMIT_SETTINGS_TRIES in all. SIGCHLD must be
 * blocked; it may be taken.
 */
int catalog_settings(char **argv, bool machine, struct settings *ret);
