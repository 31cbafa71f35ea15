// SPDX-License-Identifier: MIT
/*
 * The fixed table of unit slots: find by name, make, free; places by pid; dirty marks. Owns the
 * indices in struct broker; never touches the kernel except for the table's backing memory.
 */
#pragma once

#include "broker.h"

/* Slot number or WIRE_SLOT_NONE. */
uint32_t slot_find(struct broker *b, const char *name);
/* The slot that a request names; NULL: it is not in use. */
struct slot *slot_used(struct broker *b, uint32_t n);
/* Number of the new, bare slot; -ENOSPC (also: no memory behind the table). name is valid. */
int64_t slot_make(struct broker *b, const char *name);
/* Back to SLOT_FREE; everything that it held is closed already. */
/* A slot that was released, but whose GONE has not been sent, is wanted again. */
void slot_revive(struct broker *b, uint32_t n);
void slot_free(struct broker *b, uint32_t n);
/* Rebuilds all indices from the table. */
void slots_index(struct broker *b);
/* The slot with this cgroup path, or WIRE_SLOT_NONE. */
uint32_t slot_find_cgroup(struct broker *b, const char *path);
/* Makes the place free: no process, no launch, no result. Closes nothing. */
void slot_reset_place(struct place *p);
/* Replaces supd's note by size bytes, which fit (the request was checked); 0 leaves it. */
void slot_set_note(struct slot *s, const uint8_t *note, uint32_t size);
/* True when a place has a process or a launch. */
bool slot_is_live(const struct slot *s);
/* True when a place is not WIRE_PHASE_FREE. */
bool slot_has_records(const struct slot *s);

/* One place can be found by one pid more than its own (launcher, child): pids are kept by ref. */
void slot_pid_set(struct broker *b, uint32_t ref, pid_t pid);
void slot_pid_clear(struct broker *b, uint32_t ref);
uint32_t slot_pid_find(struct broker *b, pid_t pid);
/* By inotify watch. */
void slot_watch_set(struct broker *b, uint32_t n, int watch);
void slot_watch_clear(struct broker *b, uint32_t n);
uint32_t slot_watch_find(struct broker *b, int watch);
/* By the watch of memory.events, which slot_watch_clear() forgets too; by search: it is rare. */
uint32_t slot_oom_watch_find(const struct broker *b, int watch);

/* Marks for supd (DIRTY_SLOT, DIRTY_PARK, 1 << kind) and for supd-log. */
void slot_mark(struct broker *b, uint32_t n, uint8_t dirty);
void slot_mark_ref(struct broker *b, uint32_t ref);
void slot_log_mark(struct broker *b, uint32_t n, uint8_t dirty);
/* First slot at or after n in the map; WIRE_SLOT_NONE. */
uint32_t slot_next_marked(const uint64_t *map, uint32_t n);
