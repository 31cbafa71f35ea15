// SPDX-License-Identifier: MIT
/*
 * Every setting is one row of one table: section, name, parser, where the value goes, and a line of
 * help from which the manual and the completion are made. Names of systemd's that are not supported
 * are known by name (knownnames.h), so that they can be told from typing errors, and so that a unit
 * whose confinement would be weaker than written is refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "reader.h"
#include "specifier.h"
#include "unit.h"

enum setting_section {
	SECTION_UNIT = 1 << 0,
	SECTION_SERVICE = 1 << 1,
	SECTION_INSTALL = 1 << 2,
	SECTION_CONTAINER = 1 << 3,
	SECTION_SLICE = 1 << 4,
	SECTION_OTHER = 1 << 5, /* Scope, … : known, not interpreted */
	SECTION_SOCKET = 1 << 6,
	SECTION_PATH = 1 << 7,
	SECTION_TIMER = 1 << 8,
	SECTION_MOUNT = 1 << 9,
	SECTION_SWAP = 1 << 10,
	SECTION_AUTOMOUNT = 1 << 11,
};

enum setting_flags {
	SETTING_CONFINES = 1 << 0, /* a bad value refuses the unit even where others only warn */
	SETTING_LIST = 1 << 1,     /* every assignment counts, not only the last */
};

enum setting_target {
	TARGET_UNIT, /* offset in struct unit */
	TARGET_SERVICE,
	TARGET_EXEC,
	TARGET_SOCKET,
	TARGET_WATCH, /* a path unit's struct unit_watch */
	TARGET_TIMER,
	TARGET_MOUNT, /* of a mount or a swap */
};

struct setting;

struct setting_context {
	struct unit *unit;
	struct arena *arena;
	struct diagnostics *d;
	struct specifier_unit specifiers;
	const char *file;   /* full path */
	const char *origin; /* "web.service:14" */
	const struct reader_line *line;
	const struct setting *row;
	const char *value;
	void *target; /* the row's member */
	/* In a template: %i and its kin decide what is read now; nothing is said against it. */
	bool for_instances;
	bool profile; /* the lines are a profile's: [Service] counts for all that runs commands */
};

/* 0, -EINVAL when an error was reported, -ENOMEM. */
struct setting {
	const char *name;
	unsigned sections; /* enum setting_section */
	int (*parse)(struct setting_context *c);
	enum setting_target target;
	size_t offset;
	long arg; /* the parser's */
	unsigned flags;
	const char *help;
};

/* Sorted by name; the table's rows for a manual or completion. */
const struct setting *settings_table(size_t *ret_n);
/* The row's parser is one of a command's context, which has no target of its own. */
bool settings_parser_is_exec(const struct setting *row);
/* Known name with the least edit distance (at most a third of its length) in a section; NULL. */
const char *settings_nearest(unsigned section, const char *name);

/*
 * Applies the lines of one file to the unit in c (unit, arena, d, specifiers and file are set).
 * All problems are reported; errors set unit->refused. -ENOMEM.
 */
int settings_apply(struct setting_context *c, const struct list *lines);

/* For parsers: reports an error at the value, or that there is none as a warning; -EINVAL. */
int setting_error(struct setting_context *c, unsigned column, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* For those of words: one with an escape that is none, which is taken as written. NULL: none. */
void setting_odd_escape(struct setting_context *c, const char *word);
/* Likewise of a value that is right and has no effect here; Strict=yes refuses the unit for it. */
void setting_unsupported(struct setting_context *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void setting_warning(struct setting_context *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
