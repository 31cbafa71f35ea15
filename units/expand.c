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

void expand_note_instances(struct setting_context *c, const char *text)
{
	c->for_instances = c->unit->is_template && specifier_of_instance(text);
}

int expand_text(struct setting_context *c, const char *text, unsigned column, const char **ret)
{
	char bad = 0;
	int r = specifier_expand(&c->specifiers, text, c->arena, ret, &bad);
	const char *complaint;

	expand_note_instances(c, r == 0 ? text : "");
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

int expand_word_error(struct setting_context *c, unsigned column, const char *text)
{
	const char *at = c->value + column, *expanded;
	const char *word = arena_strndup(c->arena, at, strcspn(at, " \t"));
	char bad;

	if (!word) {
		return -ENOMEM;
	}
	if (specifier_expand(&c->specifiers, word, c->arena, &expanded, &bad) == 0) {
		expand_note_instances(c, word);
	}
	return setting_error(c, column, "%s", text);
}
