// SPDX-License-Identifier: MIT
#include "conditionvalue.h"
#include "parsers.h"

#include <errno.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/limits.h"
#include "execline.h"
#include "expand.h"
#include "values.h"
#include "words.h"

/* Calls each() for every word of the value, with specifiers expanded. */
static int for_each_word(struct setting_context *c,
	int (*each)(struct setting_context *c, const char *text, unsigned column))
{
	const char *p = c->value;
	struct word word;
	int r;

	while ((r = word_next(&p, c->value, c->arena, &word)) > 0) {
		const char *text = NULL;

		r = expand_text(c, word.text, word.column, &text);
		r = r == 0 ? each(c, text, word.column) : r;
		if (r == -ENOMEM) {
			return r;
		}
	}
	return r == -EINVAL ? setting_error(c, (unsigned)(p - c->value), "quote is not closed") : r;
}

static int push_item(struct setting_context *c, struct list *list, const char *text)
{
	struct unit_item *item = list_push(c->arena, list, sizeof(*item));

	if (!item) {
		return -ENOMEM;
	}
	*item = (struct unit_item) { text, c->origin };
	return 0;
}

static int add_dep(struct setting_context *c, const char *text, unsigned column)
{
	struct unit_dep dep = {
		.kind = (enum dep_kind)c->row->arg, .name = text, .origin = c->origin
	};

	/* A template has no instance yet: "%i.device" is a name only later. */
	if (c->unit->is_template && unit_name_classify(text) != UNIT_NAME_PLAIN) {
		return 0;
	}
	if (!unit_name_is_valid(text)) {
		return setting_error(
			c, column, "\"%.128s\" is not a unit name such as web.service", text);
	}
	if (unit_name_classify(text) == UNIT_NAME_TEMPLATE) {
		return setting_error(
			c, column, "\"%.128s\" is a template without an instance", text);
	}
	return unit_add_dep(c->unit, c->arena, &dep);
}

/* An empty assignment does not reset dependencies (systemd.unit(5)). */
int parse_dep(struct setting_context *c)
{
	return for_each_word(c, add_dep);
}

static int add_mount_path(struct setting_context *c, const char *text, unsigned column)
{
	char *path = arena_strdup(c->arena, text);

	if (!path) {
		return -ENOMEM;
	}
	if (!value_is_path(path)) {
		return setting_error(c, column, "\"%.128s\" is not an absolute path", text);
	}
	value_simplify_path(path);
	return push_item(c, &c->unit->requires_mounts_for, path);
}

int parse_mounts_for(struct setting_context *c)
{
	return for_each_word(c, add_mount_path);
}

static bool condition_takes_path(enum condition_type type)
{
	return type <= CONDITION_FILE_IS_EXECUTABLE;
}

static bool is_init_kind(const char *text)
{
	return strcmp(text, "machine") == 0 || strcmp(text, "container") == 0 ||
	       strcmp(text, "process") == 0;
}

/*
 * A percent sign of a share is no specifier, as in systemd, where what is none stays: only the
 * slice is expanded. "20%%" is as good.
 */
static int expand_pressure(struct setting_context *c, const char *text, const char **ret)
{
	const char *colon = strrchr(text, ':');
	const char *share = colon ? colon + 1 : text;
	const char *slice = arena_strndup(c->arena, text, (size_t)(share - text));
	const char *twice = strstr(share, "%%");
	size_t n = twice ? (size_t)(twice - share) : strlen(share);
	int r = slice ? expand_text(c, slice, 0, &slice) : -ENOMEM;

	if (r != 0) {
		return r;
	}
	*ret = arena_printf(c->arena, "%s%.*s%s", slice, (int)n, share, twice ? twice + 1 : "");
	return *ret ? 0 : -ENOMEM;
}

static int expand_condition(
	struct setting_context *c, enum condition_type type, const char *text, const char **ret)
{
	return condition_is_pressure(type) ? expand_pressure(c, text, ret)
					   : expand_text(c, text, 0, ret);
}

/* What can be asked for: 0, or what is wrong is said. */
static int check_condition(struct setting_context *c, struct unit_condition *condition)
{
	const char *expected;

	if (!*condition->parameter) {
		return setting_error(c, 0, "nothing to check");
	}
	if (condition_takes_path(condition->type)) {
		char *path = arena_strdup(c->arena, condition->parameter);

		if (!path) {
			return -ENOMEM;
		}
		if (!value_is_path(path)) {
			return setting_error(c, 0, "\"%.128s\" is not an absolute path", path);
		}
		value_simplify_path(path); /* "/bin/" would not be a symbolic link */
		condition->parameter = path;
	}
	if (condition->type == CONDITION_INIT && !is_init_kind(condition->parameter)) {
		return setting_error(c, 0, "\"%.128s\" is not machine, container or process",
			condition->parameter);
	}
	expected = condition_value_expected(condition->type, condition->parameter);
	if (expected) {
		setting_warning(c, "%s=: \"%.64s\" is not %s; %s true", c->line->key,
			condition->parameter, expected, condition->negate ? "always" : "never");
	}
	return 0;
}

int parse_condition(struct setting_context *c)
{
	struct unit_condition condition = { .type = (enum condition_type)(c->row->arg & 255),
		.assert = (c->row->arg & 256) != 0,
		.origin = c->origin };
	struct unit_condition *row;
	const char *p = c->value;
	int r;

	if (!*p) {
		list_reset(&c->unit->conditions);
		return 0;
	}
	condition.trigger = *p == '|';
	p += condition.trigger;
	p += strspn(p, " \t");
	condition.negate = *p == '!';
	p += condition.negate;
	p += strspn(p, " \t");
	r = expand_condition(c, condition.type, p, &condition.parameter);
	if (r == 0 && !expand_is_for_instances(c, p, condition.parameter)) {
		r = check_condition(c, &condition);
	}
	if (r != 0) {
		return r;
	}
	if (c->unit->conditions.n >= LIMIT_CONDITIONS) {
		return setting_error(c, 0, "more than %u conditions", LIMIT_CONDITIONS);
	}
	row = list_push(c->arena, &c->unit->conditions, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = condition;
	return 0;
}

static int add_item(struct setting_context *c, const char *text, unsigned column)
{
	(void)column;
	return push_item(c, c->target, text);
}

int parse_documentation(struct setting_context *c)
{
	if (!*c->value) {
		list_reset(c->target);
		return 0;
	}
	return for_each_word(c, add_item);
}

static int add_unit_name(struct setting_context *c, const char *text, unsigned column)
{
	if (!unit_name_is_valid(text)) {
		return setting_error(
			c, column, "\"%.128s\" is not a unit name such as web.service", text);
	}
	return push_item(c, c->target, text);
}

int parse_unit_names(struct setting_context *c)
{
	if (!*c->value) {
		list_reset(c->target);
		return 0;
	}
	return for_each_word(c, add_unit_name);
}

int parse_default_instance(struct setting_context *c)
{
	char buf[LIMIT_UNIT_NAME];
	int r = parse_string(c);
	const char *text = *(const char **)c->target;

	if (r == 0 && text && unit_name_instance("x@.service", text, buf) != 0) {
		return setting_error(c, 0,
			"\"%.64s\" cannot be an instance; there are letters, digits and :-_.\\@",
			text);
	}
	return r;
}

/* An empty assignment removes the commands of this phase only. */
static void reset_phase(struct list *commands, enum exec_phase phase)
{
	struct unit_command *rows = commands->items;
	size_t n = 0;

	for (size_t i = 0; i < commands->n; i++) {
		if (rows[i].phase != phase) {
			rows[n++] = rows[i];
		}
	}
	commands->n = n;
}

int parse_exec(struct setting_context *c)
{
	struct execline line = { .value = c->value,
		.phase = (enum exec_phase)c->row->arg,
		.origin = c->origin,
		.specifiers = &c->specifiers };
	struct execline_error error = { 0 };
	int r;

	if (!*c->value) {
		reset_phase(&c->unit->service->commands, line.phase);
		return 0;
	}
	r = execline_parse(&line, c->arena, &c->unit->service->commands, &error);
	setting_odd_escape(c, r == 0 ? error.odd : NULL);
	return r == -EINVAL ? setting_error(c, error.column, "%s", error.text) : r;
}

static int add_exit_word(struct setting_context *c, const char *text, unsigned column)
{
	struct unit_exit_set *set = c->target;

	if (value_add_exit_word(text, &set->values) != 0) {
		return setting_error(
			c, column, "\"%.64s\" is neither an exit status nor a signal", text);
	}
	set->set = true;
	return 0;
}

int parse_exit_set(struct setting_context *c)
{
	if (!*c->value) {
		*(struct unit_exit_set *)c->target = (struct unit_exit_set) { 0 };
		return 0;
	}
	return for_each_word(c, add_exit_word);
}

int parse_slice(struct setting_context *c)
{
	int r = parse_string(c);
	const char *text = *(const char **)c->target;

	if (r == 0 && text &&
		(unit_name_classify(text) != UNIT_NAME_PLAIN ||
			unit_type_from_name(text) != UNIT_SLICE)) {
		*(const char **)c->target = NULL;
		return setting_error(c, 0, "\"%.64s\" is not a slice such as web.slice", text);
	}
	return r;
}

int parse_profile(struct setting_context *c)
{
	static const char *const names[] = { "trusted", "compat", "standard", "strict" };

	if (enum_table_find(names, sizeof(names) / sizeof(names[0]), c->value) < 0) {
		return setting_error(c, 0,
			"\"%.64s\" is not a profile; there are trusted, compat, standard and "
			"strict",
			c->value);
	}
	*(const char **)c->target = c->value;
	return 0;
}
