// SPDX-License-Identifier: MIT
/*
 * fstab(5) as units, with the meaning of systemd-fstab-generator(8): one mount or swap unit for
 * each line that has no unit file, wanted or required by local-fs.target, remote-fs.target or
 * swap.target. A line that cannot be read is a diagnostic and costs only itself. The root and what
 * makes the machine a machine (/proc, /dev …) are left out: they are mounted before any unit.
 */
#pragma once

#include "scan.h"
#include "unit.h"

struct fstab_row {
	const char *what;
	const char *where; /* NULL: swap */
	const char *fs_type;
	const char *options;
	uint32_t pass;      /* of fsck; 0: none */
	const char *origin; /* "fstab:3" */
	bool trap;          /* the automount unit of such a line */
};

/* Adds an entry to the scan for each line of the file. A missing file is no error. -ENOMEM. */
int fstab_scan(const char *path, struct arena *arena, struct diagnostics *d, struct scan *scan);
/* What a line says goes into the unit, before its drop-ins. -ENOMEM. */
int fstab_apply(
	const struct fstab_row *row, struct arena *arena, struct diagnostics *d, struct unit *u);

/*
 * The next option of that name after *cursor, which begins at row->options: its value, "" when it
 * has none; NULL: there is no other, or no memory.
 */
const char *fstab_next_option(struct arena *arena, const char **cursor, const char *name);
/* The last of them. */
const char *fstab_option(struct arena *arena, const struct fstab_row *row, const char *name);
