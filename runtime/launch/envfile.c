// SPDX-License-Identifier: MIT
#include "envfile.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum state {
	PRE_KEY,
	KEY,
	PRE_VALUE,
	VALUE,
	VALUE_ESCAPE,
	SINGLE,
	DOUBLE,
	DOUBLE_ESCAPE,
	COMMENT,
	COMMENT_ESCAPE,
	STATE_COUNT,
};

struct parser {
	enum state state;
	char *line; /* KEY=VALUE being built */
	size_t len;
	size_t key_end; /* length of the key without trailing space */
	size_t keep;    /* length without trailing space of an unquoted value */
	int (*emit)(void *ctx, const char *line, size_t len);
	void *ctx;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool name_is_valid(const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = name[i];
		bool letter = c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && (i == 0 || c < '0' || c > '9')) {
			return false;
		}
	}
	return n > 0;
}

static void put(struct parser *p, char c)
{
	p->line[p->len++] = c;
	p->keep = p->len;
}

static int finish(struct parser *p)
{
	size_t n = p->keep;

	p->state = PRE_KEY;
	p->len = p->keep = 0;
	if (!name_is_valid(p->line, p->key_end)) {
		return 0;
	}
	p->line[n] = '\0';
	return p->emit(p->ctx, p->line, n);
}

static void at_pre_key(struct parser *p, char c)
{
	if (c == '#' || c == ';') {
		p->state = COMMENT;
	} else if (c != '\n' && !is_space(c)) {
		p->len = 0;
		put(p, c);
		p->state = KEY;
	}
}

static void at_key(struct parser *p, char c)
{
	if (c == '\n') {
		p->state = PRE_KEY;
	} else if (c == '=') {
		p->len = p->key_end = p->keep;
		put(p, '=');
		p->state = PRE_VALUE;
	} else if (is_space(c)) {
		p->line[p->len++] = c; /* kept only if more of the key follows */
	} else {
		put(p, c);
	}
}

/* Before a value, and after the closing quote of one. */
static int at_pre_value(struct parser *p, char c)
{
	if (c == '\n') {
		return finish(p);
	}
	if (c == '\'') {
		p->state = SINGLE;
	} else if (c == '"') {
		p->state = DOUBLE;
	} else if (c == '\\') {
		p->state = VALUE_ESCAPE;
	} else if (!is_space(c)) {
		put(p, c);
		p->state = VALUE;
	}
	return 0;
}

static int at_value(struct parser *p, char c)
{
	if (c == '\n') {
		return finish(p);
	}
	if (c == '\\') {
		p->state = VALUE_ESCAPE;
	} else if (is_space(c)) {
		p->line[p->len++] = c;
	} else {
		put(p, c);
	}
	return 0;
}

static void at_double_escape(struct parser *p, char c)
{
	p->state = DOUBLE;
	if (c == '\n') {
		return;
	}
	if (!strchr("\"\\`$", c)) {
		put(p, '\\');
	}
	put(p, c);
}

static void at_quoted(struct parser *p, char c)
{
	if (c == (p->state == SINGLE ? '\'' : '"')) {
		p->state = PRE_VALUE;
	} else if (p->state == DOUBLE && c == '\\') {
		p->state = DOUBLE_ESCAPE;
	} else {
		put(p, c);
	}
}

static int step(struct parser *p, char c)
{
	switch (p->state) {
	case PRE_KEY:
		at_pre_key(p, c);
		return 0;
	case KEY:
		at_key(p, c);
		return 0;
	case PRE_VALUE:
		return at_pre_value(p, c);
	case VALUE:
		return at_value(p, c);
	case VALUE_ESCAPE:
		p->state = VALUE;
		if (c != '\n') {
			put(p, c);
		}
		return 0;
	case SINGLE:
	case DOUBLE:
		at_quoted(p, c);
		return 0;
	case DOUBLE_ESCAPE:
		at_double_escape(p, c);
		return 0;
	case COMMENT:
		p->state = c == '\n' ? PRE_KEY : c == '\\' ? COMMENT_ESCAPE : COMMENT;
		return 0;
	case COMMENT_ESCAPE:
		p->state = COMMENT;
		return 0;
	case STATE_COUNT:
		break;
	}
	return -EBADMSG;
}

int env_file_parse(const char *data, size_t size, char *scratch,
	int (*emit)(void *ctx, const char *line, size_t len), void *ctx)
{
	struct parser p = { .line = scratch, .emit = emit, .ctx = ctx };

	for (size_t i = 0; i < size; i++) {
		int r = data[i] ? step(&p, data[i]) : -EBADMSG;

		if (r < 0) {
			return r;
		}
	}
	if (p.state == PRE_KEY || p.state == KEY || p.state == COMMENT ||
		p.state == COMMENT_ESCAPE) {
		return 0;
	}
	return finish(&p);
}
