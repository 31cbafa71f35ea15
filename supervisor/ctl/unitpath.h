// SPDX-License-Identifier: MIT
/*
 * Where unit files are, looked up by supctl itself: what the server says about paths is a hint.
 * The directories come from its UnitPath property (or the built-in list when it cannot be asked);
 * a directory or file counts only if root (or the caller) owns it and nobody else can write it.
 */
#pragma once

#include "ctl.h"

#define UNITPATH_DIRS  64u
#define UNITPATH_FILES 256u

struct unitpath {
	char *dirs[UNITPATH_DIRS]; /* highest priority first, owned */
	size_t n;
};

struct unitfiles {
	char *paths[UNITPATH_FILES]; /* the unit file, then its drop-ins in their order; owned */
	size_t n;
};

void unitpath_init(struct unitpath *p, struct ctl *c);
/* The built-in directories. */
void unitpath_init_default(struct unitpath *p);
void unitpath_fini(struct unitpath *p);
void unitfiles_fini(struct unitfiles *f);

/*
 * The file of a unit (or of its template) and its drop-ins: NAME.d, TEMPLATE.d, TYPE.d.
 * -ENOENT when there is no unit file; drop-ins are listed even then. unitfiles_fini always.
 */
int unitpath_find(const struct unitpath *p, const char *unit, struct unitfiles *ret);
/* Opens for reading after the ownership check. Descriptor or -errno; -EPERM when refused. */
int unitpath_open(const char *path);

/* The template's file of an instance. -ENOENT, -EINVAL. The caller frees. */
int unitpath_find_template(struct ctl *c, const char *unit, char **ret);
/* RUNTIME/units/UNIT -> template. An equal link that is there already is fine. -errno. */
int unitpath_link_instance(
	const char *runtime_dir, const char *template, const char *unit, char **ret);
