// SPDX-License-Identifier: MIT
/*
 * Unit files that supctl writes with its caller's rights: run, set-property, edit. A text is put
 * together from K=V assignments, checked by supd-load where nobody reads it yet, and then put into
 * its place in one step.
 */
#pragma once

#include "install.h"

/* A text that grows. Zero-initialised. */
struct unit_text {
	char *data; /* NUL-terminated, or NULL while empty */
	size_t size;
	bool failed; /* no memory */
};
void unit_text_fini(struct unit_text *t);
void unit_text_add(struct unit_text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "a b" as one word of a command line: quoted, with nothing in it that would be expanded. */
void unit_text_add_word(struct unit_text *t, const char *word);

/* The table of settings, as supd-load lists it. */
struct setting_names {
	char *text;
	size_t size;
};
/* Exit code; says what is wrong. */
int setting_names_init(struct setting_names *n, struct ctl *c);
void setting_names_fini(struct setting_names *n);
/* Section of a setting in a unit of this type ("service"): the type's own, else Unit or Container.
 * NULL: unknown. The result is static text. */
const char *setting_names_section(
	const struct setting_names *n, const char *type, const char *setting);

/* "KEY=VALUE": the key into buf, the value; -EINVAL. */
int unit_write_split(const char *assignment, char *buf, size_t size, const char **ret_value);

/* One file that is to be written. */
struct unit_write {
	const char *unit;   /* full name */
	const char *dropin; /* "50-MemoryMax.conf": in UNIT.d/; NULL: the unit file itself */
	const char *dir;    /* unit directory that it goes to */
	const char *text;
	size_t size;
};
/*
 * Has supd-load read the unit with the new file in its place; warnings and errors go to the error
 * stream. Exit code: EXIT_OK when there is no error.
 */
int unit_write_check(struct ctl *c, const struct install_dirs *d, const struct unit_write *w);
/* Puts the file into its place. Exit code; says what is wrong. */
int unit_write_put(struct ctl *c, const struct unit_write *w);
