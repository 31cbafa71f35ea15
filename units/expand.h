// SPDX-License-Identifier: MIT
/* Specifiers in what a parser reads, with the words for what is wrong with them. */
#pragma once

#include "settings.h"

/* What specifier_expand()'s r (not -ENOMEM) and bad mean, for a message; NULL: no memory. */
const char *expand_complaint(struct arena *arena, int r, char bad);
/* Expands text into c's arena. 0, -ENOMEM, -EINVAL: an error at column of c's value, said. */
int expand_text(struct setting_context *c, const char *text, unsigned column, const char **ret);
/* The same for the whole value. */
int expand_value(struct setting_context *c, const char **ret);
/*
 * The unit is a template and raw had specifiers in it: what %i makes of it is known only in an
 * instance, where it is read again. A value that is wrong here is no error then.
 */
bool expand_is_for_instances(
	const struct setting_context *c, const char *raw, const char *expanded);
