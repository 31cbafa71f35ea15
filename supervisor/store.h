// SPDX-License-Identifier: MIT
/*
 * Stored descriptors (FDSTORE=1): supd keeps one copy of each for polling and for telling doubles
 * apart; what survives supd is the one parked in a socketpair of supd-init. Flow: add -> STORE_NEW
 * -> EV_PARK with the push end -> the descriptor and its name are sent into it. After a crash the
 * peek ends bring the copies back.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "../runtime/base/limits.h"
#include "../runtime/plan/wire.h"

struct shell;

#define STORE_PARK_NONE UINT32_MAX

struct stored_fd {
	struct stored_fd *next;
	struct store *store;
	sd_event_source *source; /* hang-ups; NULL with FDPOLL=0 */
	sd_event_source *again;  /* it hung up with something unread: looked at again later */
	uint32_t slot;
	uint32_t park; /* STORE_PARK_NONE: EV_PARK is still to come */
	int fd;        /* owned */
	bool poll;
	char name[LIMIT_FD_NAME];
};

struct store {
	struct shell *shell;
	struct stored_fd *first;
	uint32_t n;
};

void store_init(struct store *st, struct shell *shell);
void store_fini(struct store *st);

/* What one message brought. */
struct store_news {
	uint32_t slot;
	uint32_t max; /* FileDescriptorStoreMax= */
	const char *name;
	int *fds; /* each is taken, and is -1 then */
	size_t n;
};

/*
 * Those that are not there already ask for a parking place; *ret_added is their number. Each is
 * looked for among the slot's by a search, as a service can send hundreds again and again. The
 * first failure: -ENOSPC when max or LIMIT_FDSTORE_TOTAL is reached, -errno.
 */
int store_add(struct store *st, const struct store_news *news, uint32_t *ret_added);
/* FDPOLL=0 for the newest entry of that name. */
void store_no_poll(struct store *st, uint32_t slot, const char *name);
void store_remove(struct store *st, uint32_t slot, const char *name);
/* EV_PARK; takes the descriptors it uses out of fds (sets them to -1). */
int store_parked(struct store *st, const struct wire_park *park, int *fds, size_t n_fds);
/* STORE_NEW was refused: the oldest waiting one of the slot is given up. */
void store_refused(struct store *st, uint32_t slot);
/* The slot has let go of all of them. */
void store_clear(struct store *st, uint32_t slot);
/* How many the slot has; waiting: only those without their place. */
uint32_t store_count(const struct store *st, uint32_t slot, bool waiting);
