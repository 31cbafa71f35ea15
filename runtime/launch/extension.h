// SPDX-License-Identifier: MIT
/*
 * ExtensionDirectories=: /usr or /opt of the unit's root with the same of directories laid over it,
 * read-only (overlayfs). Each directory says by usr/lib/extension-release.d/extension-release.NAME
 * (NAME is its own) which system it is for, as systemd.exec(5) has it; one that is for another is
 * refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct launch;
struct plan_mount;

/*
 * The detached overlay of row m, whose options are the directories: "[-]PATH[:[-]PATH…]", the last
 * on top. -ENOENT: none of them has that hierarchy. Other failures name their object with
 * launch_fail().
 */
int extension_mount(struct launch *l, const struct plan_mount *m);

/*
 * Whether an extension-release file (text, n bytes) is for the system of that os-release. NULL, or
 * what does not fit, as a word of the file: "ID", "VERSION_ID", "SYSEXT_LEVEL", "ARCHITECTURE".
 */
const char *extension_mismatch(
	const char *release, size_t n, const char *system, size_t n_system, const char *machine);
