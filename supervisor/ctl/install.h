// SPDX-License-Identifier: MIT
/*
 * enable, disable, mask …: supd-load plans what the unit files ask for, supctl makes the links
 * with its caller's own rights. A plan's paths are checked before anything is touched: they must
 * lie directly in the administrator's directories.
 */
#pragma once

#include "ctl.h"
#include "unitpath.h"

/* The directories that a verb works on. */
struct install_dirs {
	struct unitpath path;   /* complete, highest priority first */
	const char *persistent; /* one of path: /etc/supd */
	const char *runtime;    /* one of path: RUNTIME/units */
	const char *transient;  /* one of path: RUNTIME/transient, or NULL */
};

/*
 * Asks the server (not with --root), else takes the built-in list; directories that others than
 * root can write are left out. Exit code; says what is wrong.
 */
int install_dirs_init(struct install_dirs *d, struct ctl *c);
void install_dirs_fini(struct install_dirs *d);
/* Where --runtime or its absence puts files. */
const char *install_dirs_config(const struct install_dirs *d, const struct ctl *c);

/* One record of the plan; see units/install_main.h. Strings point into the plan. */
struct install_record {
	const char *kind, *path, *source, *error;
};
/* Takes the next record; false at the end. */
bool install_next(const char **cursor, const char *end, struct install_record *ret);

/* What supd-load plans: its records, owned. */
struct install_plan {
	char *data;
	size_t size;
};
void install_plan_fini(struct install_plan *p);

/* Has supd-load plan a verb: words[0] and its n - 1 operands. Exit code; says what is wrong. */
int install_plan_make(struct ctl *c, const struct install_dirs *d, int n, char *const *words,
	struct install_plan *ret);
/* Carries a plan out and prints what happened. Exit code. */
int install_carry_out(struct ctl *c, const struct install_dirs *d, const char *verb,
	const struct install_plan *plan);

/* Has supd read its files again when it is there. Not with --root or --no-reload. Exit code. */
int install_reload(struct ctl *c);
