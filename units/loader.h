// SPDX-License-Identifier: MIT
/*
 * From directories to units: finds unit files, symlinks and drop-ins, parses them in their order,
 * adds defaults and implied dependencies, and refuses what cannot work. One broken unit never
 * takes another with it: its load_state says so and the diagnostics say why.
 *
 * The result is deterministic: units sorted by name, lists in the order of files and lines. The
 * cost is linear in the number of files (plus sorting).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "diag.h"
#include "unit.h"

struct loader_dir {
	const char *path; /* absolute */
	bool systemd;     /* one of systemd's: default profile compat */
};

struct specifier_host;

struct loader_options {
	const struct loader_dir *dirs; /* highest priority first */
	size_t n_dirs;
	const char *fstab;       /* a file as fstab(5), whose lines are units too; NULL: none */
	const char *fstab_more;  /* likewise; a line for the same place gives way to fstab's */
	const char *profile_dir; /* NAME.conf fragments; NULL: no profiles are merged */
	/* Files and directories must be owned by this uid (root: 0) or by root, and be writable by
	 * nobody else. */
	unsigned owner_uid;
	bool relax_owner;                  /* verify of a user's own file: no such check */
	const struct specifier_host *host; /* NULL: read from this machine */
	const char (*masks)[256];          /* names that are masked whatever the files say */
	size_t n_masks;
	uint64_t device_timeout_us; /* DefaultDeviceTimeoutSec=; 0: UNIT_DEVICE_TIMEOUT_US */
	uint64_t timeout_start_us, timeout_stop_us; /* Default…Sec=; 0: UNIT_TIMEOUT_US */
};

struct unit_set {
	struct unit **units; /* sorted by name */
	size_t n;
	/* Private: name and alias -> index, open addressing. */
	uint32_t *slots;
	const char **keys;
	size_t n_slots;
};

/*
 * Loads every unit file of opts->dirs, the instances that symlinks and dependencies name, and a
 * LOAD_NOT_FOUND unit for every other name that a dependency mentions. 0, or -ENOMEM, -E2BIG
 * (LIMIT_UNITS); broken files are diagnostics, not errors.
 */
int loader_load_all(const struct loader_options *opts, struct arena *arena, struct diagnostics *d,
	struct unit_set *ret);

/*
 * For `verify FILE…`: loads these files (the list ends with NULL) as units of their basenames, with
 * opts->dirs and the directories of the files as the places where other units that they name are
 * found (what is wrong with those is not told; their absence is a warning). Drop-ins beside the
 * file (FILE.d) are applied. Errors as above.
 */
int loader_load_files(const struct loader_options *opts, const char *const *files,
	struct arena *arena, struct diagnostics *d, struct unit_set *ret);

/* Unit of a name or alias; NULL. */
struct unit *unit_set_find(const struct unit_set *set, const char *name);
/* Its index, or CATALOGUE_NONE. */
uint32_t unit_set_index(const struct unit_set *set, const char *name);

/* "DIR[:DIR…]", highest priority first -> dirs; a path with "/systemd/" in it is systemd's. */
int loader_split_path(
	const char *text, struct arena *arena, struct loader_dir **ret, size_t *ret_n);
