// SPDX-License-Identifier: MIT
/*
 * The %-specifiers of systemd.unit(5). What depends on the machine is read once
 * (specifier_host_read()); expansion itself is pure.
 */
#pragma once

#include <stdbool.h>

#include "../runtime/base/arena.h"

struct specifier_host {
	char machine_id[33]; /* %m; "" when there is none */
	char boot_id[33];    /* %b */
	char host_name[256]; /* %H */
	char kernel[256];    /* %v */
	const char *arch;    /* %a, systemd's spelling */
	/* os-release: %o %w %B %W %A %M; "" when not there */
	char os_id[64], os_version[64], os_build[64], os_variant[64], os_image_version[64],
		os_image_id[64];
};

void specifier_host_read(struct specifier_host *ret);

struct specifier_unit {
	const char *name;          /* full name */
	const char *fragment_path; /* %y, %Y; may be NULL */
	const struct specifier_host *host;
};

/*
 * Expands text into the arena. -EINVAL: unknown specifier, *ret_bad is its letter (0: a lone '%'
 * at the end); -ENOENT: known, but without a value here, or with one that is not UTF-8;
 * -ENAMETOOLONG; -ENOMEM.
 */
int specifier_expand(const struct specifier_unit *unit, const char *text, struct arena *arena,
	const char **ret, char *ret_bad);

/* The letter of the first specifier that is the instance (%i, %I, %f), or 0. */
char specifier_of_instance(const char *text);
