// SPDX-License-Identifier: MIT
/*
 * Exec lines: prefixes, quoting, escapes, specifiers, " ; " lists (systemd.service(5), "Command
 * lines"). `$VAR` stays as written; supd-launch expands it.
 */
#pragma once

#include "specifier.h"
#include "unit.h"

struct execline {
	const char *value;
	enum exec_phase phase;
	const char *origin;
	const struct specifier_unit *specifiers;
};

/* What is wrong and where; text is in the arena. */
struct execline_error {
	const char *text;
	unsigned column; /* offset in the value */
	/* On success: the first word with an escape that is none and was taken as it stands; NULL.
	 */
	const char *odd;
};

/* Appends struct unit_command to *ret. 0 with ret_error->odd, -EINVAL with the others of
 * *ret_error, -ENOMEM. */
int execline_parse(const struct execline *line, struct arena *arena, struct list *ret,
	struct execline_error *ret_error);
