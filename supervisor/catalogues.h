// SPDX-License-Identifier: MIT
/*
 * The manifests of the live catalogues: maps each memfd that supd-init sends, decodes it into an
 * arena of its own, hands out the newest, drops old ones. The memfds are sealed, so what was
 * decoded cannot change. At most LIMIT_CATALOGUES.
 */
#pragma once

#include <stdint.h>

#include "../runtime/base/arena.h"
#include "../runtime/base/limits.h"
#include "../runtime/plan/manifest.h"

struct catalogue_slot {
	uint32_t number; /* CATALOGUE_NONE: free */
	void *base;
	size_t size;
	struct arena arena;
	struct manifest manifest;
};

struct catalogues {
	struct catalogue_slot slots[LIMIT_CATALOGUES];
	struct catalogue_slot coming; /* number CATALOGUE_NONE: nothing is being decoded */
	struct manifest_decoder decoder;
};

void catalogues_init(struct catalogues *c);
void catalogues_fini(struct catalogues *c);

/*
 * Maps a manifest and begins to decode it; fd stays the caller's. One at a time; of a number that
 * is not there. -EBADMSG not a manifest or not sealed; -ENOSPC all places taken; -errno.
 */
int catalogues_begin(struct catalogues *c, uint32_t number, int fd);
/*
 * Decodes up to max units further. 1: there is more to do; 0: *ret_manifest is there, whole, and
 * can be found. After an error nothing is being decoded. Nobody sees a part of a manifest.
 */
int catalogues_some(struct catalogues *c, uint32_t max, const struct manifest **ret_manifest);
/* NULL if there is none of that number. */
const struct manifest *catalogues_find(const struct catalogues *c, uint32_t number);
void catalogues_drop(struct catalogues *c, uint32_t number);
/* Takes the pages of all manifests out of the address space until they are looked at again. */
void catalogues_rest(struct catalogues *c);
