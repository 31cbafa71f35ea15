// SPDX-License-Identifier: MIT
#include <string.h>

#include "../base/number.h"
#include "boot.h"

#define ROOT_WAIT_S 30u

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* Copies one word to *to; returns what follows it. */
static const char *take_word(const char *p, char **to, const char *end)
{
	bool quoted = false;

	for (; *p && (quoted || !is_blank(*p)); p++) {
		if (*p == '"') {
			quoted = !quoted;
		} else if (*to < end) {
			*(*to)++ = *p;
		}
	}
	return p;
}

void cmdline_parse(struct cmdline *ret, const char *text)
{
	char *to = ret->text;
	const char *end = ret->text + sizeof(ret->text) - 2;

	for (;;) {
		char *word = to;

		while (is_blank(*text)) {
			text++;
		}
		if (!*text) {
			break;
		}
		text = take_word(text, &to, end);
		*to = 0;
		if (strcmp(word, "--") == 0) {
			to = word;
			break;
		}
		to += *word && to < end;
	}
	to[0] = to[1] = 0;
}

const char *cmdline_find(const struct cmdline *c, const char *name)
{
	size_t n = strlen(name);
	const char *found = NULL;

	for (const char *p = c->text; *p; p += strlen(p) + 1) {
		if (strncmp(p, name, n) == 0 && (p[n] == '=' || !p[n])) {
			found = p[n] ? p + n + 1 : "";
		}
	}
	return found;
}

uint32_t cmdline_root_patience(const struct cmdline *c)
{
	const char *delay = cmdline_find(c, "rootwait");
	uint32_t seconds = ROOT_WAIT_S;

	if (delay && !*delay) {
		return UINT32_MAX;
	}
	if (delay) {
		number_parse_u32(delay, &seconds);
	}
	return seconds;
}
