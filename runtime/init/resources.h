// SPDX-License-Identifier: MIT
/*
 * What a slot holds between its commands: cgroup and its watch, notify socket, log stream,
 * namespaces, listening sockets. Made before the first launch, dropped by RELEASE.
 */
#pragma once

#include "broker.h"

/*
 * Makes what the catalogue's unit wants and the slot lacks. 0 or -errno.
 */
int resources_prepare(
	struct broker *b, uint32_t n, const struct catalogue *c, const struct catalogue_unit *u);
/* Before the launch of a process of this kind: a cgroup that saw cgroup.kill is made anew if empty.
 */
void resources_freshen(struct broker *b, uint32_t n, uint32_t kind);
/* cgroup.kill; 0 or -errno. */
int resources_kill(struct broker *b, struct slot *s);
/* Reads cgroup.events; marks the slot when something has changed. */
void resources_refresh(struct broker *b, uint32_t n);
/* True while POPULATED is to be shown. */
bool resources_populated(const struct slot *s);
/* The machine's end takes the cgroup away: it need not be removed. */
bool resources_keep_cgroup(const struct broker *b, const struct slot *s);
/* Drops everything but name and note (and, with keep_store, parked descriptors). */
void resources_drop(struct broker *b, uint32_t n, bool keep_store);
/* Takes one descriptor of the launcher into the slot, or closes it. */
void resources_take(struct broker *b, uint32_t n, uint32_t tag, int fd, bool hold);
/* Tells supd when there were more than before. After memory.events has changed. */
void resources_check_oom(struct broker *b, uint32_t slot);
/* After adoption: watches of all slots that have a cgroup. */
void resources_rewatch(struct broker *b);
/* Absolute path of the slot's notify socket into buf; 0 or -ENAMETOOLONG. */
int resources_notify_path(const struct broker *b, uint32_t n, char *buf, size_t size);
/* inotify is readable. */
void resources_inotify(struct broker *b);
