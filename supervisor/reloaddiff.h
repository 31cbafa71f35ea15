// SPDX-License-Identifier: MIT
/*
 * What a reload changes: two manifests, compared unit by unit. Both are sorted by name, so this is
 * linear; a unit whose hash is the same costs one comparison. Pure.
 */
#pragma once

#include "../runtime/base/arena.h"
#include "../runtime/plan/manifest.h"

#define RELOADDIFF_MAX 4096u /* rows that are kept */

struct reload_change {
	const char *unit;
	const char *setting; /* "" for the unit itself: it has come or gone */
	const char *from;    /* "" for none */
	const char *to;
};

struct reload_changes {
	struct arena arena; /* texts that stand in neither manifest */
	struct reload_change *rows;
	uint32_t n;
	uint32_t n_dropped; /* beyond RELOADDIFF_MAX */
};

/* Rows point into both manifests and into the arena. from may be NULL: nothing was loaded before.
 * -ENOMEM; reloaddiff_fini() always. */
int reloaddiff_compute(
	const struct manifest *from, const struct manifest *to, struct reload_changes *ret);
void reloaddiff_fini(struct reload_changes *c);
