// SPDX-License-Identifier: MIT
#include "envline.h"

#include <errno.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/limits.h"
#include "expand.h"
#include "values.h"
#include "words.h"

static const char *check(const char *text, enum envline_form form, struct arena *arena)
{
	const char *equals = strchr(text, '=');
	size_t n = equals ? (size_t)(equals - text) : strlen(text);

	if (!equals && form == ENVLINE_ASSIGNMENTS) {
		return arena_printf(
			arena, "\"%.64s\" is not an assignment; expected NAME=VALUE", text);
	}
	if (equals && form == ENVLINE_NAMES) {
		return arena_printf(arena, "\"%.64s\" is not a name of a variable", text);
	}
	if (!value_is_env_name(text, n)) {
		return arena_printf(arena, "\"%.*s\" is not a name of a variable",
			(int)(n > 64 ? 64 : n), text);
	}
	return NULL;
}

int envline_parse(const struct envline *line, struct arena *arena, struct list *ret,
	struct execline_error *ret_error)
{
	const char *p = line->value;
	struct word word;
	int r;

	*ret_error = (struct execline_error) { 0 };
	while ((r = word_next_relaxed(&p, line->value, arena, &word)) > 0) {
		const char *text = NULL;
		struct unit_item *item;
		char bad = 0;

		ret_error->column = word.column;
		ret_error->odd = word.odd && !ret_error->odd ? word.text : ret_error->odd;
		r = specifier_expand(line->specifiers, word.text, arena, &text, &bad);
		if (r != 0) {
			ret_error->text = expand_complaint(arena, r, bad);
			return r == -ENOMEM ? r : -EINVAL;
		}
		ret_error->text = check(text, line->form, arena);
		if (ret_error->text) {
			return -EINVAL;
		}
		if (ret->n >= LIMIT_ENV_VARS) {
			ret_error->text = "too many variables";
			return -EINVAL;
		}
		item = list_push(arena, ret, sizeof(*item));
		if (!item) {
			return -ENOMEM;
		}
		*item = (struct unit_item) { text, line->origin };
	}
	if (r == -EINVAL) {
		*ret_error = (struct execline_error) { "quote is not closed",
			(unsigned)(p - line->value), NULL };
	}
	return r;
}
