// SPDX-License-Identifier: MIT
#include "execline.h"

#include <errno.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/limits.h"
#include "expand.h"
#include "values.h"
#include "words.h"

struct parser {
	const struct execline *line;
	struct arena *arena;
	struct execline_error *error;
	const char *p;
	struct list argv; /* const char * */
	size_t bytes;
	bool separate_argv0; /* '@' */
	bool end;            /* of this command: " ; " or the value's end */
};

static int fail(struct parser *ps, unsigned column, const char *text)
{
	*ps->error = (struct execline_error) { text, column, NULL };
	return text ? -EINVAL : -ENOMEM;
}

static const struct {
	char sign;
	uint32_t flag;
} prefixes[] = {
	{ '-', COMMAND_IGNORE_FAILURE },
	{ '+', COMMAND_PRIVILEGED },
};

/* Cuts the prefixes off the first word, in any order, each once. */
static int take_prefixes(
	struct parser *ps, struct unit_command *c, const struct word *word, char **ret_path)
{
	const uint32_t identity = COMMAND_PRIVILEGED | COMMAND_NO_SETUID | COMMAND_AMBIENT;
	const char *p = word->text;

	for (; *p && strchr("-+@:!", *p); p++) {
		uint32_t flag = 0;
		bool twice = false;

		for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
			flag |= prefixes[i].sign == *p ? prefixes[i].flag : 0;
		}
		if (*p == '!') {
			flag = p[1] == '!' ? COMMAND_AMBIENT : COMMAND_NO_SETUID;
			p += flag == COMMAND_AMBIENT;
		} else if (*p == '@') {
			twice = ps->separate_argv0;
			ps->separate_argv0 = true;
		} else if (*p == ':') {
			twice = c->no_env_expansion;
			c->no_env_expansion = true;
		}
		if (twice || (c->flags & flag) || ((c->flags & identity) && (flag & identity))) {
			return fail(
				ps, word->column, "prefix given twice, or more than one of + ! !!");
		}
		c->flags |= flag;
	}
	*ret_path = word->text + (p - word->text);
	return 0;
}

static int expand(struct parser *ps, const struct word *word, const char *text, const char **ret)
{
	char bad = 0;
	int r = specifier_expand(ps->line->specifiers, text, ps->arena, ret, &bad);

	if (r != 0 && r != -ENOMEM) {
		return fail(ps, word->column, expand_complaint(ps->arena, r, bad));
	}
	return r;
}

static int take_path(struct parser *ps, struct unit_command *c, const struct word *word)
{
	char *text = NULL;
	const char *path = NULL;
	int r = take_prefixes(ps, c, word, &text);

	if (r == 0) {
		r = expand(ps, word, text, &path);
	}
	if (r != 0) {
		return r;
	}
	if (!*path) {
		return fail(ps, word->column, "no command after the prefix");
	}
	if (*path == '/') {
		char *copy = arena_strdup(ps->arena, path);

		if (!copy) {
			return -ENOMEM;
		}
		if (!value_is_path(path) || path[strlen(path) - 1] == '/') {
			return fail(ps, word->column, "not a usable path of a program");
		}
		value_simplify_path(copy);
		c->path = copy;
		return 0;
	}
	if (strchr(path, '/') || strcmp(path, ".") == 0 || strcmp(path, "..") == 0) {
		return fail(ps, word->column,
			"the command must be an absolute path or a name without slashes");
	}
	c->path = path;
	return 0;
}

static int push_arg(struct parser *ps, const struct word *word, const char *text)
{
	const char **slot;

	ps->bytes += strlen(text) + 1;
	if (ps->argv.n >= LIMIT_ARGS || ps->bytes > LIMIT_ARG_BYTES) {
		return fail(ps, word->column, "too many or too long arguments");
	}
	slot = list_push(ps->arena, &ps->argv, sizeof(*slot));
	if (!slot) {
		return -ENOMEM;
	}
	*slot = text;
	return 0;
}

/* True for the separator: a word that is exactly ";", neither quoted nor escaped. */
static bool is_separator(const struct word *word)
{
	return strcmp(word->text, ";") == 0 && !word->quoted && !word->escaped;
}

static int next_word(struct parser *ps, struct word *word)
{
	int r = word_next_relaxed(&ps->p, ps->line->value, ps->arena, word);

	if (r == -EINVAL) {
		return fail(ps, (unsigned)(ps->p - ps->line->value),
			*ps->p == '\\' ? "a backslash at the end" : "quote is not closed");
	}
	if (r > 0 && word->odd && strcmp(word->text, "\\;") == 0) {
		strcpy(word->text, ";");
	} else if (r > 0 && word->odd && !ps->error->odd) {
		ps->error->odd = word->text;
	}
	ps->end = r == 0 || (r > 0 && is_separator(word));
	return r < 0 ? r : 0;
}

static int parse_args(struct parser *ps, struct unit_command *c)
{
	bool have_argv0 = !ps->separate_argv0;
	int r = have_argv0 ? push_arg(ps, &(struct word) { 0 }, c->path) : 0;

	while (r == 0) {
		struct word word = { 0 };
		const char *text = NULL;

		r = next_word(ps, &word);
		if (r != 0 || ps->end) {
			break;
		}
		r = expand(ps, &word, word.text, &text);
		if (r == 0) {
			r = push_arg(ps, &word, text);
		}
	}
	if (r == 0 && ps->argv.n == 0) {
		return fail(ps, 0, "prefix @ needs a second word, the name of the process");
	}
	return r;
}

/* One command up to " ; "; *ret_more tells that there was one. */
static int parse_command(struct parser *ps, struct list *ret, bool *ret_more)
{
	struct unit_command *c, command = { .phase = ps->line->phase, .origin = ps->line->origin };
	const char **end;
	struct word word = { 0 };
	int r = next_word(ps, &word);

	*ret_more = r == 0 && (!ps->end || word.text);
	if (r != 0 || ps->end) {
		return r;
	}
	ps->argv = (struct list) { 0 };
	ps->bytes = 0;
	ps->separate_argv0 = false;
	r = take_path(ps, &command, &word);
	if (r == 0) {
		r = parse_args(ps, &command);
	}
	if (r != 0) {
		return r;
	}
	command.n_argv = ps->argv.n;
	end = list_push(ps->arena, &ps->argv, sizeof(*end));
	c = list_push(ps->arena, ret, sizeof(*c));
	if (!end || !c) {
		return -ENOMEM;
	}
	command.argv = ps->argv.items;
	*c = command;
	return 0;
}

int execline_parse(const struct execline *line, struct arena *arena, struct list *ret,
	struct execline_error *ret_error)
{
	struct parser ps = { .line = line, .arena = arena, .error = ret_error, .p = line->value };
	size_t before = ret->n;
	bool more = true;

	*ret_error = (struct execline_error) { 0 };
	while (more) {
		int r = parse_command(&ps, ret, &more);

		if (r != 0) {
			ret->n = before;
			return r;
		}
		if (ret->n > LIMIT_COMMANDS) {
			ret->n = before;
			return fail(&ps, 0, "too many commands");
		}
	}
	return ret->n > before ? 0 : fail(&ps, 0, "no command");
}
