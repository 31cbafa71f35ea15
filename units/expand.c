// SPDX-License-Identifier: MIT
#include "expand.h"

#include <errno.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"

const char *expand_complaint(struct arena *arena, int r, char bad)
{
	if (r == -ENAMETOOLONG) {
		return "too long after expansion";
	}
	if (!bad) {
		return "a lone % at the end; write %% for a percent sign";
	}
	if (bad <= ' ' || bad > '~') {
		return "a % that no specifier's letter follows; write %% for a percent sign";
	}
	return arena_printf(arena,
		r == -ENOENT ? "specifier %%%c has no value here"
			     : "unknown specifier %%%c; write %%%% for a percent sign",
		bad);
}

int expand_text(struct setting_context *c, const char *text, unsigned column, const char **ret)
{
	char bad = 0;
	int r = specifier_expand(&c->specifiers, text, c->arena, ret, &bad);
	const char *complaint;

	if (r == 0 || r == -ENOMEM) {
		return r;
	}
	complaint = expand_complaint(c->arena, r, bad);
	return complaint ? setting_error(c, column, "%s", complaint) : -ENOMEM;
}

int expand_value(struct setting_context *c, const char **ret)
{
	return expand_text(c, c->value, 0, ret);
}

bool expand_is_for_instances(const struct setting_context *c, const char *raw, const char *expanded)
{
	return c->unit->is_template && strcmp(raw, expanded) != 0;
}
