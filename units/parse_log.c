// SPDX-License-Identifier: MIT
/* What journald is told of a unit: systemd.exec(5), "Logging and Standard Input/Output". */
#include <errno.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/number.h"
#include "expand.h"
#include "parsers.h"
#include "values.h"
#include "words.h"

#define FIELD_NAME_MAX 64u

int parse_log_level_max(struct setting_context *c)
{
	uint32_t *target = c->target;
	int level;

	if (!*c->value) {
		*target = 0;
		return 0;
	}
	level = value_level_from_name(c->value);
	if (level < 0) {
		return setting_error(
			c, 0, "\"%.64s\" is not a syslog level such as info or err", c->value);
	}
	*target = (uint32_t)level + 1;
	return 0;
}

int parse_log_rate(struct setting_context *c)
{
	struct unit_amount *amount = c->target;
	struct unit_amount v = { .set = true, .origin = c->origin };
	uint32_t burst = 0;
	int r;

	if (!*c->value) {
		*amount = (struct unit_amount) { 0 };
		return 0;
	}
	if (c->row->arg) {
		r = number_parse_u32(c->value, &burst);
		v.value = burst;
	} else {
		r = value_parse_timespan(c->value, 1000000, &v.value);
	}
	if (r != 0 || v.value == UINT64_MAX) {
		return setting_error(c, 0,
			c->row->arg ? "\"%.64s\" is not a number from 0 to 4294967295"
				    : "\"%.64s\" is not a time span such as 30s",
			c->value);
	}
	*amount = v;
	return 0;
}

/* As journald takes them from others than itself: A-Z, 0-9 and _, neither _ nor a digit first. */
static bool is_field(const char *text)
{
	size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return n > 0 && n <= FIELD_NAME_MAX && text[n] == '=' && text[0] >= 'A';
}

/* "FIELD=VALUE …"; an empty value forgets what was there. */
int parse_log_fields(struct setting_context *c)
{
	struct list *fields = &c->unit->exec->log_fields;
	const char *p = c->value;
	struct word word;
	int r;

	if (!*c->value) {
		list_reset(fields);
		return 0;
	}
	while ((r = word_next(&p, c->value, c->arena, &word)) > 0) {
		struct unit_item *item;

		r = expand_text(c, word.text, word.column, (const char **)&word.text);
		if (r < 0) {
			return r;
		}
		if (!is_field(word.text) || word.text[0] == '_') {
			return setting_error(c, word.column,
				"\"%.64s\" is not FIELD=VALUE such as \"TEAM=web\": a field is "
				"made of A-Z, 0-9 "
				"and _, begins with a letter, and has at most %u bytes",
				word.text, FIELD_NAME_MAX);
		}
		item = list_push(c->arena, fields, sizeof(*item));
		if (!item) {
			return -ENOMEM;
		}
		*item = (struct unit_item) { word.text, c->origin };
	}
	return r == 0 || r == -ENOMEM ? r : setting_error(c, 0, "quote is not closed");
}

/* It becomes part of a path and of a unit's name. */
int parse_log_namespace(struct setting_context *c)
{
	const char *name;
	int r = expand_value(c, &name);
	size_t n = r < 0 ? 0 : strlen(name);

	if (r < 0) {
		return r;
	}
	if (n >= LIMIT_LOG_NAMESPACE ||
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_"
			     ".\\") != n ||
		*name == '.') {
		return setting_error(c, 0,
			"\"%.64s\" is not the name of a journal namespace: at most %u letters, "
			"digits, and of :-_.\\, no . first",
			name, LIMIT_LOG_NAMESPACE - 1);
	}
	*(const char **)c->target = n ? name : NULL;
	return 0;
}
