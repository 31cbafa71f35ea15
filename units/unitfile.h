// SPDX-License-Identifier: MIT
/* One unit from its files: fragment, drop-ins and profile, read, checked and applied in order. */
#pragma once

#include "scan.h"
#include "specifier.h"
#include "unit.h"

struct fstab_row;

struct unitfile_context {
	const struct loader_options *opts;
	struct arena *arena;
	struct diagnostics *d;
	const struct scan *scan;
	const struct specifier_host *host;
	struct namemap *profiles; /* name -> parsed fragment, shared by the units of a load */
	struct list *chosen; /* struct reader_line, of the unit at hand: room that is used again
			      */
};

/*
 * Fills *u, which unit_init() has prepared, from the fragment at path (NULL: there is none, the
 * unit is not found) and from the drop-ins of its names. Unreadable or refused files make it
 * LOAD_ERROR, bad lines LOAD_BAD_SETTING; the diagnostics say why. -ENOMEM.
 */
int unitfile_load(const struct unitfile_context *c, struct unit *u, const char *path);
/* What needs no file: drop-ins, links and defaults alone. */
int unitfile_load_bare(const struct unitfile_context *c, struct unit *u);
/* The same of a line of fstab. */
int unitfile_load_fstab(
	const struct unitfile_context *c, struct unit *u, const struct fstab_row *row);
