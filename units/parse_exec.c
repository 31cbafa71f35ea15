// SPDX-License-Identifier: MIT
#include "parsers.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/number.h"
#include "../runtime/base/utf8.h"
#include "envline.h"
#include "expand.h"
#include "values.h"
#include "words.h"

#define NAMES_SIZE 128 /* names of an enumeration, for a message */

int parse_user(struct setting_context *c)
{
	int r = parse_string(c);
	const char *text = *(const char **)c->target;

	if (r == 0 && text && !value_is_user(text)) {
		return setting_error(
			c, 0, "\"%.64s\" is not a name or an id of a user or group", text);
	}
	return r;
}

int parse_groups(struct setting_context *c)
{
	struct list *groups = c->target;
	const char *p = c->value;
	struct word word;
	int r;

	if (!*c->value) {
		list_reset(groups);
		return 0;
	}
	while ((r = word_next(&p, c->value, c->arena, &word)) > 0) {
		struct unit_item *item;

		if (!value_is_user(word.text)) {
			return setting_error(c, word.column,
				"\"%.64s\" is not a name or an id of a group", word.text);
		}
		if (groups->n >= LIMIT_GROUPS) {
			return setting_error(c, word.column, "more than %u groups", LIMIT_GROUPS);
		}
		item = list_push(c->arena, groups, sizeof(*item));
		if (!item) {
			return -ENOMEM;
		}
		*item = (struct unit_item) { word.text, c->origin };
	}
	return r == -EINVAL ? setting_error(c, 0, "quote is not closed") : r;
}

int parse_env(struct setting_context *c)
{
	struct envline line = { .value = c->value,
		.form = (enum envline_form)c->row->arg,
		.origin = c->origin,
		.specifiers = &c->specifiers };
	struct execline_error error = { 0 };
	int r;

	if (!*c->value) {
		list_reset(c->target);
		return 0;
	}
	r = envline_parse(&line, c->arena, c->target, &error);
	setting_odd_escape(c, r == 0 ? error.odd : NULL);
	return r == -EINVAL ? expand_word_error(c, error.column, error.text) : r;
}

int parse_env_file(struct setting_context *c)
{
	struct list *files = c->target;
	struct unit_env_file *file;
	const char *path = NULL;
	int r;

	if (!*c->value) {
		list_reset(files);
		return 0;
	}
	c->target = &path;
	r = parse_string(c);
	if (r != 0 || !path) {
		return r;
	}
	if (!value_is_path(path + (*path == '-'))) {
		return setting_error(c, 0, "\"%.128s\" is not an absolute path", path);
	}
	file = list_push(c->arena, files, sizeof(*file));
	if (!file) {
		return -ENOMEM;
	}
	*file = (struct unit_env_file) { path + (*path == '-'), *path == '-', c->origin };
	return 0;
}

int parse_working_dir(struct setting_context *c)
{
	struct unit_exec *e = c->unit->exec;
	bool missing_ok = *c->value == '-';

	c->value += missing_ok;
	e->working_directory_missing_ok = missing_ok;
	e->working_directory_home = strcmp(c->value, "~") == 0;
	if (e->working_directory_home) {
		e->working_directory = NULL;
		return 0;
	}
	c->target = &e->working_directory;
	return parse_path(c);
}

static const struct {
	const char *word;
	enum stdio_kind kind;
	unsigned streams; /* bit 0: input, bit 1: outputs */
	bool path;        /* a path follows */
} stdio_words[] = {
	{ "null", STDIO_NULL, 3, false },
	{ "inherit", STDIO_INHERIT, 2, false },
	{ "tty", STDIO_TTY, 3, false },
	{ "tty-force", STDIO_TTY_FORCE, 1, false },
	{ "tty-fail", STDIO_TTY_FAIL, 1, false },
	{ "journal", STDIO_LOG, 2, false },
	{ "syslog", STDIO_LOG, 2, false },
	{ "journal+console", STDIO_LOG_CONSOLE, 2, false },
	{ "syslog+console", STDIO_LOG_CONSOLE, 2, false },
	{ "kmsg", STDIO_KMSG, 2, false },
	{ "kmsg+console", STDIO_KMSG_CONSOLE, 2, false },
	{ "socket", STDIO_SOCKET, 3, false },
	{ "data", STDIO_DATA, 1, false },
	{ "fd", STDIO_FD, 3, false },
	{ "file:", STDIO_FILE, 3, true },
	{ "append:", STDIO_FILE_APPEND, 2, true },
	{ "truncate:", STDIO_FILE_TRUNCATE, 2, true },
	{ "fd:", STDIO_FD, 3, true },
};

int parse_stdio(struct setting_context *c)
{
	struct unit_stdio *stdio = &c->unit->exec->stdio[c->row->arg];
	unsigned stream = c->row->arg == 0 ? 1 : 2;

	for (size_t i = 0; i < ELEMENTSOF(stdio_words); i++) {
		size_t n = strlen(stdio_words[i].word);
		bool path = stdio_words[i].path;
		struct unit_stdio v = { stdio_words[i].kind, NULL, c->value, c->origin };

		if (!(stdio_words[i].streams & stream) ||
			(path ? strncmp(c->value, stdio_words[i].word, n)
			      : strcmp(c->value, stdio_words[i].word)) != 0) {
			continue;
		}
		if (path) {
			c->value += n;
			c->target = &v.path;
			int r = v.kind == STDIO_FD ? parse_string(c) : parse_path(c);

			if (r != 0) {
				return r;
			}
		}
		if (path && !v.path) {
			break;
		}
		*stdio = v;
		return 0;
	}
	return setting_error(c, 0,
		c->row->arg == 0
			? "\"%.64s\" is not a value of %s=; there are null, tty, tty-force, "
			  "tty-fail, "
			  "data, socket, fd, fd:NAME and file:PATH"
			: "\"%.64s\" is not a value of %s=; there are null, inherit, tty, journal, "
			  "kmsg, journal+console, kmsg+console, socket, fd, fd:NAME, file:PATH, "
			  "append:PATH and truncate:PATH",
		c->value, c->row->name);
}

int parse_stdin_text(struct setting_context *c)
{
	struct list *data = c->target;
	const char *text = NULL;
	struct unit_item *item;
	int r;

	if (!*c->value) {
		list_reset(data);
		return 0;
	}
	c->target = &text;
	r = parse_string(c);
	if (r != 0) {
		return r;
	}
	item = list_push(c->arena, data, sizeof(*item));
	text = arena_printf(c->arena, "%s\n", text ? text : "");
	if (!item || !text) {
		return -ENOMEM;
	}
	*item = (struct unit_item) { text, c->origin };
	return 0;
}

int parse_identifier(struct setting_context *c)
{
	int r = parse_string(c);
	const char *text = *(const char **)c->target;

	/* It is a line of journald's header: behind a newline it would be another unit's. */
	if (r == 0 && text && !utf8_is_shown(text)) {
		return setting_error(c, 0, "an identifier has no control characters");
	}
	if (r == 0 && text && strlen(text) >= LIMIT_LOG_IDENTIFIER) {
		return setting_error(
			c, 0, "an identifier has at most %u bytes", LIMIT_LOG_IDENTIFIER - 1);
	}
	return r;
}

int parse_facility(struct setting_context *c)
{
	int v = value_facility_from_name(c->value);

	if (v < 0) {
		return setting_error(c, 0,
			"\"%.64s\" is not a syslog facility such as daemon or local0", c->value);
	}
	*(uint32_t *)c->target = (uint32_t)v;
	return 0;
}

int parse_level(struct setting_context *c)
{
	int v = value_level_from_name(c->value);

	if (v < 0) {
		return setting_error(
			c, 0, "\"%.64s\" is not a syslog level such as info or err", c->value);
	}
	*(uint32_t *)c->target = (uint32_t)v;
	return 0;
}

static int ranged(struct setting_context *c, int64_t low, int64_t high, int32_t *ret, bool *ret_set)
{
	int64_t v = 0;

	if (!*c->value) {
		*ret_set = false;
		return 0;
	}
	if (number_parse_i64(c->value + (*c->value == '+'), &v) != 0 || v < low || v > high) {
		return setting_error(c, 0, "\"%.64s\" is not a number from %lld to %lld", c->value,
			(long long)low, (long long)high);
	}
	*ret = (int32_t)v;
	*ret_set = true;
	return 0;
}

int parse_nice(struct setting_context *c)
{
	return ranged(c, -20, 19, &c->unit->exec->nice, &c->unit->exec->nice_set);
}

int parse_oom_adjust(struct setting_context *c)
{
	struct unit_exec *e = c->unit->exec;

	return ranged(c, -1000, 1000, &e->oom_score_adjust, &e->oom_score_adjust_set);
}

/* "batch, idle": the names of a table that may have holes. */
static void join_names(const char *const *names, size_t n, char buf[NAMES_SIZE])
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < n && used < NAMES_SIZE; i++) {
		if (names[i]) {
			used += (size_t)snprintf(
				buf + used, NAMES_SIZE - used, "%s%s", used ? ", " : "", names[i]);
		}
	}
}

static int named(struct setting_context *c, const char *const *names, size_t n, uint32_t *ret)
{
	uint32_t v = 0;
	int i = enum_table_find(names, n, c->value);
	char words[NAMES_SIZE];

	if (i < 0 && (number_parse_u32(c->value, &v) != 0 || v >= n || !names[v])) {
		join_names(names, n, words);
		return setting_error(c, 0, "\"%.64s\" is not a value of %s=; there are %s",
			c->value, c->row->name, words);
	}
	*ret = i >= 0 ? (uint32_t)i : v;
	return 0;
}

int parse_io_class(struct setting_context *c)
{
	static const char *const names[] = { "none", "realtime", "best-effort", "idle" };
	struct unit_exec *e = c->unit->exec;
	int r = named(c, names, ELEMENTSOF(names), &e->io_class);

	if (r == 0 && !e->ioprio_set) {
		e->io_level = 4;
	}
	e->ioprio_set = r == 0;
	return r;
}

int parse_io_priority(struct setting_context *c)
{
	struct unit_exec *e = c->unit->exec;
	int32_t level = 0;
	bool set = false;
	int r = ranged(c, 0, 7, &level, &set);

	if (r == 0 && set) {
		e->io_class = e->ioprio_set ? e->io_class : 2;
		e->io_level = (uint32_t)level;
		e->ioprio_set = true;
	}
	return r;
}

int parse_cpu_policy(struct setting_context *c)
{
	static const char *const names[] = { [SCHED_OTHER] = "other",
		[SCHED_FIFO] = "fifo",
		[SCHED_RR] = "rr",
		[SCHED_BATCH] = "batch",
		[SCHED_IDLE] = "idle" };
	struct unit_exec *e = c->unit->exec;
	int r = named(c, names, ELEMENTSOF(names), &e->sched_policy);
	bool realtime = e->sched_policy == SCHED_FIFO || e->sched_policy == SCHED_RR;

	if (r == 0) {
		e->sched_set = true;
		e->sched_priority = !realtime ? 0 : e->sched_priority ? e->sched_priority : 1;
	}
	return r;
}

int parse_cpu_priority(struct setting_context *c)
{
	int32_t v = 0;
	bool set = false;
	int r = ranged(c, 0, 99, &v, &set);

	if (r == 0 && set) {
		c->unit->exec->sched_priority = (uint32_t)v;
		c->unit->exec->sched_set = true;
	}
	return r;
}

int parse_cpu_list(struct setting_context *c)
{
	if (!*c->value) {
		*(const char **)c->target = NULL;
		return 0;
	}
	if (!value_is_cpu_list(c->value)) {
		return setting_error(c, 0, "\"%.64s\" is not a list such as \"0-3 6\"", c->value);
	}
	*(const char **)c->target = c->value;
	return 0;
}

int parse_rlimit(struct setting_context *c)
{
	struct unit_rlimit *limit = &c->unit->exec->rlimits[c->row->arg];

	if (!*c->value) {
		*limit = (struct unit_rlimit) { 0 };
		return 0;
	}
	if (value_parse_rlimit((int)c->row->arg, c->value, &limit->soft, &limit->hard) != 0) {
		return setting_error(c, 0,
			"\"%.64s\" is not a limit: VALUE or SOFT:HARD, SOFT at most HARD",
			c->value);
	}
	limit->set = true;
	limit->origin = c->origin;
	return 0;
}
