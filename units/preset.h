// SPDX-License-Identifier: MIT
/*
 * Preset files (systemd.preset(5)): which units a distribution wants enabled. "enable PATTERN
 * [INSTANCE…]", "disable PATTERN", "ignore PATTERN"; the first line that matches counts; files are
 * read in the order of their names, and the directory of higher priority hides an equal name.
 */
#pragma once

#include "fsview.h"

enum preset_action {
	PRESET_ENABLE, /* also when nothing matches */
	PRESET_DISABLE,
	PRESET_IGNORE,
	PRESET_ACTION_COUNT,
};

struct preset_rule {
	enum preset_action action;
	const char *pattern;
	struct list
		instances; /* const char *: names of instances to enable in place of a template */
};

struct presets {
	struct list rules; /* struct preset_rule */
};

/* dirs: highest priority first. -ENOMEM; files that cannot be read are skipped. */
int presets_read(struct presets *p, struct fsview *v, const char *const *dirs, size_t n);
/* The action for a name; *ret_instances (may be NULL) is set to its list, or NULL. */
enum preset_action presets_query(
	const struct presets *p, const char *name, const struct list **ret_instances);
