// SPDX-License-Identifier: MIT
/*
 * The notify sockets, one per slot. A datagram is peeked, stepped through the engine, its effects
 * (the NOTE) are sent to supd-init, and only then is it consumed: a supd that dies between sees it
 * again, and every effect of a message is idempotent. At most LIMIT_NOTIFY_PER_TURN datagrams of a
 * slot in one turn. Before an exit of the slot is handled everything is drained.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "../runtime/base/limits.h"

struct shell;
struct notify_hub;

struct notify_slot {
	struct notify_hub *hub;
	sd_event_source *source;
	int fd; /* owned */
	uint32_t slot;
	uint32_t unit;
	uint64_t told_us;     /* the last line about a descriptor that was not kept */
	bool waits_for_pid;   /* the first datagram's sender is not known yet */
	bool has_exit;        /* adoption: an exit record waits for what is queued here */
	bool waits_for_park;  /* the first datagram was stepped, its descriptors are on their way */
	uint64_t late_due_us; /* the timer that was put off last, by the time it was due, */
	uint64_t late_since_us; /* and since when */
};

struct notify_hub {
	struct shell *shell;
	struct notify_slot **slots; /* [LIMIT_SLOTS] */
};

int notify_init(struct notify_hub *hub, struct shell *shell);
void notify_fini(struct notify_hub *hub);

/* A (new) socket for that slot; takes fd, also on failure. */
int notify_attach(struct notify_hub *hub, uint32_t slot, uint32_t unit, int fd);
void notify_detach(struct notify_hub *hub, uint32_t slot);
/* Handles what is queued, to the end; called before an exit of the slot. */
int notify_drain(struct notify_hub *hub, uint32_t slot);
/*
 * Handles what is queued before a timer of the slot counts, up to what has to wait: a datagram
 * whose descriptors are on their way to supd-init stays, for the next supd if this one dies now.
 * 0: all was heard, 1: what lies behind such a one was not, or its sender is not known yet, -errno.
 */
int notify_hear(struct notify_hub *hub, uint32_t slot);
/*
 * After a 1: is the slot's timer that fell due at due_us to wait for the rest? Not for ever, as a
 * service that fills its queue with descriptors without end would never be stopped.
 */
bool notify_may_be_late(struct notify_hub *hub, uint32_t slot, uint64_t due_us, uint64_t now_us);
/* A record of the slot was told: a sender that was unknown may be known now. */
int notify_retry(struct notify_hub *hub, uint32_t slot);
/* Before LISTED: an exit record of that slot has come. */
void notify_mark_exit(struct notify_hub *hub, uint32_t slot);
/* All units are adopted, their exits not yet handled: what waits in the sockets comes first. */
int notify_adopt(struct notify_hub *hub);
/* The slot's descriptors have found their places, or will not: go on. */
int notify_resume(struct notify_hub *hub, uint32_t slot);
