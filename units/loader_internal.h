// SPDX-License-Identifier: MIT
/* Shared by the loader's files only. */
#pragma once

#include "loader.h"
#include "namemap.h"
#include "scan.h"
#include "specifier.h"

struct loader {
	const struct loader_options *opts;
	struct arena *arena;
	struct diagnostics *d;
	struct scan scan;
	struct namemap loaded;   /* canonical name -> struct unit */
	struct namemap aliases;  /* canonical name -> struct list of const char * */
	struct namemap profiles; /* see unitfile.h */
	struct list chosen;      /* the same */
	struct list units;       /* struct unit * */
	struct specifier_host host;
	const struct specifier_host *host_used;
};

/* Scans the unit path. -ENOMEM. */
int loader_start(struct loader *l, const struct loader_options *opts, struct arena *arena,
	struct diagnostics *d);
/* Loads one unit; path: its file, or NULL to find it. -ENOMEM. */
int loader_load_unit(struct loader *l, const char *name, const char *path, struct unit **ret);
/* Is there something of that name, or an alias, in the unit path? */
bool loader_knows(struct loader *l, const char *name);
/* Everything that loaded units name. -ENOMEM. */
int loader_load_closure(struct loader *l);
/* The set, with indices for names. -ENOMEM. */
int loader_finish_set(struct loader *l, struct unit_set *ret);
