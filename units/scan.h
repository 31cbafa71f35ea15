// SPDX-License-Identifier: MIT
/*
 * What lies in the unit directories: which file, symlink or drop-in belongs to which name. Opens
 * directories and reads links, but no unit file.
 */
#pragma once

#include "diag.h"
#include "loader.h"
#include "namemap.h"

struct scan_dropin {
	const char *base; /* "10-limits.conf" */
	const char *path;
	bool masked;
};

struct scan_link {
	enum dep_kind kind; /* DEP_WANTS, DEP_REQUIRES, DEP_UPHOLDS */
	const char *name;
	const char *path;
	bool masked; /* leads to /dev/null or an empty file: no dependency, nor further down */
};

struct scan_entry {
	const char *name;     /* unit name, or a type ("service") for service.d */
	const char *fragment; /* path, or NULL */
	const char *alias_of; /* unit name, or NULL */
	bool masked;
	bool named;          /* a symlink to its template: this instance is to be loaded */
	bool systemd;        /* fragment is in one of systemd's directories */
	struct list dropins; /* struct scan_dropin, highest priority first */
	const char *unread;  /* drop-ins or NAME.requires refused or unreadable, or NULL */
	const struct fstab_row *fstab; /* a line of fstab, or NULL */
	uint64_t device_timeout_us;    /* a device: x-systemd.device-timeout= of fstab; 0: none */
	struct list links;             /* struct scan_link: from NAME.wants/ … */
};

struct scan {
	struct namemap map;  /* name -> struct scan_entry */
	struct list entries; /* struct scan_entry *, in the order found */
};

/* -ENOMEM only; directories that are refused or unreadable become diagnostics. */
int scan_dirs(const struct loader_options *opts, struct arena *arena, struct diagnostics *d,
	struct scan *ret);
/* Adds the drop-ins in FILE.d beside a file that is to be verified. -ENOMEM. */
int scan_file_dropins(const struct loader_options *opts, const char *file, struct arena *arena,
	struct diagnostics *d, struct scan *scan);
/* The entry of a name, made if there is none; NULL: no memory. */
struct scan_entry *scan_make(struct scan *scan, struct arena *arena, const char *name);
struct scan_entry *scan_get(const struct scan *scan, const char *name);
