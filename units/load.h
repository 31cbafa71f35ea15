// SPDX-License-Identifier: MIT
/*
 * One load from beginning to end: unit path -> parsed units -> catalogue. Used by every mode of
 * supd-load.
 */
#pragma once

#include "compile.h"
#include "conf.h"

struct load {
	struct arena arena;
	struct diagnostics diagnostics;
	struct unit_set set;
	struct userdb users;
	struct idtable ids;
	struct compile compile;
	const char *shipped_dir; /* units beside the program; NULL: unknown */
	const char *profile_dir;
};

/* Reads the user files and finds what lies beside the program. -ENOMEM, … */
int load_init(struct load *l);
/* The previous catalogue; what is not one (/dev/null) is as none. */
void load_use_previous(struct load *l, int plans_fd, int manifest_fd);
/* files NULL: all units of settings->unit_path; else these files, up to a NULL. idtable_fd -1:
 * none. */
int load_run(
	struct load *l, const struct settings *settings, const char *const *files, int idtable_fd);
/* Writes both halves. */
int load_write(struct load *l, int plans_fd, int manifest_fd);
/* All memory; descriptors stay the caller's. For who loads more than once: supd-load just ends. */
void load_fini(struct load *l);
