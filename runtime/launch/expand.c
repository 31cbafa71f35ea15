// SPDX-License-Identifier: MIT
#include "expand.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "../base/limits.h"

/* ---- variables ---- */

const char *env_find(const struct tlv_strv *env, const char *name, size_t n)
{
	for (uint32_t i = env->n; i > 0; i--) {
		const char *line = env->items[i - 1];

		if (strncmp(line, name, n) == 0 && line[n] == '=') {
			return line + n + 1;
		}
	}
	return NULL;
}

int env_put(struct tlv_strv *env, uint32_t max, const char *line)
{
	size_t n = strcspn(line, "=");

	for (uint32_t i = 0; i < env->n; i++) {
		if (strncmp(env->items[i], line, n + 1) == 0) {
			env->items[i] = line;
			return 0;
		}
	}
	if (env->n >= max) {
		return -E2BIG;
	}
	env->items[env->n++] = line;
	env->items[env->n] = NULL;
	return 0;
}

void env_unset(struct tlv_strv *env, const char *what)
{
	size_t n = strlen(what);
	bool exact = strchr(what, '=') != NULL;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < env->n; i++) {
		const char *line = env->items[i];
		bool hit = strncmp(line, what, n) == 0 && line[n] == (exact ? '\0' : '=');

		if (!hit) {
			env->items[kept++] = line;
		}
	}
	env->n = kept;
	env->items[kept] = NULL;
}

/* ---- words ---- */

struct expander {
	const struct tlv_strv *env;
	struct arena *arena;
	const char **items;
	uint32_t n;
	char *word; /* LIMIT_ARG_BYTES */
	size_t len;
};

static bool is_name_char(char c, bool first)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (!first && c >= '0' && c <= '9');
}

static size_t name_length(const char *text)
{
	size_t n = 0;

	while (is_name_char(text[n], n == 0)) {
		n++;
	}
	return n;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int put_bytes(struct expander *x, const char *data, size_t n)
{
	if (n >= LIMIT_ARG_BYTES - x->len) {
		return -E2BIG;
	}
	memcpy(x->word + x->len, data, n);
	x->len += n;
	return 0;
}

static int end_word(struct expander *x)
{
	char *copy;

	if (x->n >= LIMIT_ARGS) {
		return -E2BIG;
	}
	copy = arena_strndup(x->arena, x->word, x->len);
	if (!copy) {
		return -ENOMEM;
	}
	x->items[x->n++] = copy;
	x->len = 0;
	return 0;
}

/* One word of a value: quotes group and vanish, a backslash takes the next character. */
static int take_value_word(struct expander *x, const char **p)
{
	char quote = '\0';
	int r = 0;

	for (; **p && (quote || !is_space(**p)) && r == 0; (*p)++) {
		char c = **p;

		if (quote && c == quote) {
			quote = '\0';
		} else if (!quote && (c == '"' || c == '\'')) {
			quote = c;
		} else if (c == '\\' && quote != '\'' && (*p)[1]) {
			(*p)++;
			r = put_bytes(x, *p, 1);
		} else {
			r = put_bytes(x, *p, 1);
		}
	}
	return r;
}

static int split_value(struct expander *x, const char *value)
{
	for (const char *p = value;;) {
		int r;

		while (is_space(*p)) {
			p++;
		}
		if (!*p) {
			return 0;
		}
		r = take_value_word(x, &p);
		if (r == 0) {
			r = end_word(x);
		}
		if (r < 0) {
			return r;
		}
	}
}

/* At "${": the length of the whole reference, 0 if it is none. */
static size_t braced_length(const char *p)
{
	size_t n;

	if (p[0] != '$' || p[1] != '{') {
		return 0;
	}
	n = name_length(p + 2);
	return n && p[2 + n] == '}' ? n + 3 : 0;
}

static int replace_in_word(struct expander *x, const char *p)
{
	while (*p) {
		size_t n = braced_length(p);
		int r;

		if (n) {
			const char *value = env_find(x->env, p + 2, n - 3);

			r = value ? put_bytes(x, value, strlen(value)) : 0;
			p += n;
		} else {
			r = put_bytes(x, p, 1);
			p += p[0] == '$' && p[1] == '$' ? 2 : 1;
		}
		if (r < 0) {
			return r;
		}
	}
	return end_word(x);
}

static int expand_word(struct expander *x, const char *word)
{
	size_t n = word[0] == '$' ? name_length(word + 1) : 0;

	if (n && word[1 + n] == '\0') {
		const char *value = env_find(x->env, word + 1, n);

		return value ? split_value(x, value) : 0;
	}
	return replace_in_word(x, word);
}

int argv_expand(const struct tlv_strv *argv, const struct tlv_strv *env, struct arena *arena,
	struct tlv_strv *ret)
{
	struct expander x = { .env = env, .arena = arena };
	bool any = false;

	for (uint32_t i = 0; i < argv->n && !any; i++) {
		any = strchr(argv->items[i], '$') != NULL;
	}
	if (!any) {
		*ret = *argv;
		return 0;
	}
	x.items = arena_alloc_array(arena, LIMIT_ARGS + 1, sizeof(char *));
	x.word = arena_alloc(arena, LIMIT_ARG_BYTES);
	if (!x.items || !x.word) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < argv->n; i++) {
		int r = expand_word(&x, argv->items[i]);

		if (r < 0) {
			return r;
		}
	}
	x.items[x.n] = NULL;
	*ret = (struct tlv_strv) { x.items, x.n };
	return 0;
}
