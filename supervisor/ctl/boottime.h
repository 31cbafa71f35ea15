// SPDX-License-Identifier: MIT
/*
 * Where the time of a boot went: what time, blame, critical-chain and plot have in common. Pure:
 * the times are those of the manager and of the units, CLOCK_MONOTONIC, 0 where there is none.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../runtime/base/arena.h"
#include "../../runtime/base/limits.h"
#include "../../runtime/base/timeutil.h"
#include "when.h"

#define BOOTTIME_DEPTH 64u /* of a chain */

struct boottime_unit {
	const char *name;
	usec_t activating;   /* InactiveExit: its start began */
	usec_t activated;    /* ActiveEnter */
	usec_t deactivating; /* ActiveExit */
	usec_t deactivated;  /* InactiveEnter: also the end of a one-shot that was never active */
	const char **after;  /* names of the units that it is ordered after */
	size_t n_after;
};

struct boottime {
	struct arena arena; /* of all strings */
	bool machine;       /* the kernel's start is the start of this boot */
	uint32_t soft_reboots;
	usec_t initrd;    /* 0: none */
	usec_t userspace; /* supd-boot of a machine, else supd-init */
	usec_t init;      /* supd-init */
	usec_t load_begin, load_end;
	usec_t jobs;        /* the first jobs were asked for */
	usec_t finish;      /* the first jobs were done; 0: not yet */
	const char *target; /* "": none */
	struct boottime_unit *units;
	size_t n_units;
};

void boottime_init(struct boottime *b);
void boottime_fini(struct boottime *b);
/* Room for that many units, zeroed, in the arena; n_units counts those that are filled. -ENOMEM. */
int boottime_reserve(struct boottime *b, size_t n);
/* After the units are all there: by name. */
void boottime_index(struct boottime *b);
/* NULL: none of that name. After boottime_index(). */
const struct boottime_unit *boottime_find(const struct boottime *b, const char *name);

/* When the start was through, whatever its end: 0: it was not, or never began. */
usec_t boottime_done(const struct boottime_unit *u);
/* How long the start took, 0 also when it has not come to an end. */
usec_t boottime_took(const struct boottime_unit *u);
/* Start of what one boot measures: the kernel's, or user space's where there is no kernel of ours.
 */
usec_t boottime_origin(const struct boottime *b);

/* Pointers to the units whose start took time, slowest first; the caller frees. NULL: no memory. */
const struct boottime_unit **boottime_blame(const struct boottime *b, size_t *ret_n);
/* The same of all that were started between user space's begin and finish, first come first. */
const struct boottime_unit **boottime_started(const struct boottime *b, size_t *ret_n);

/* One unit of a chain: depth 0 is the unit asked for; last: no brother follows. */
struct boottime_link {
	const struct boottime_unit *unit;
	unsigned depth;
	bool last;
};
/*
 * What unit waited for: of the units it is ordered after, that one whose start was through last,
 * and those not more than fuzz before it; of each the same, and so on. Only what became active
 * within the boot counts. A unit that comes again is visited, what it waited for is not. visit is
 * called in the order of a tree's lines; what it returns below 0 ends the walk and is returned.
 */
int boottime_chain(const struct boottime *b, const struct boottime_unit *unit, usec_t fuzz,
	int (*visit)(void *context, const struct boottime_link *link), void *context);

/* "1min 2.345s", "1.234s", "12ms", "7us", "0". */
void boottime_span(usec_t span, char buf[WHEN_TEXT]);
