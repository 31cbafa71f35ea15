// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "../base/cleanup.h"
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

/* ".x" is both supd.x and systemd.x. What follows the name in the word; NULL: another word. */
static const char *after_name(const char *word, const char *name)
{
	static const char *const prefixes[] = { "supd", "systemd" };
	size_t n = strlen(name);

	for (size_t i = 0; name[0] == '.' && i < ELEMENTSOF(prefixes); i++) {
		size_t k = strlen(prefixes[i]);

		if (strncmp(word, prefixes[i], k) == 0 && word[k] == '.') {
			word += k;
			break;
		}
	}
	return strncmp(word, name, n) == 0 ? word + n : NULL;
}

const char *cmdline_each(const struct cmdline *c, const char *name, const char **at)
{
	for (const char *p = *at ? *at : c->text; *p;) {
		const char *rest = after_name(p, name);

		p += strlen(p) + 1;
		if (rest && (*rest == '=' || !*rest)) {
			*at = p;
			return rest + (*rest == '=');
		}
	}
	return NULL;
}

const char *cmdline_find(const struct cmdline *c, const char *name)
{
	const char *found = NULL, *at = NULL, *value;

	while ((value = cmdline_each(c, name, &at))) {
		found = value;
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

int cmdline_bool(const char *value)
{
	static const struct {
		const char *word;
		int is;
	} words[] = { { "", 1 }, { "1", 1 }, { "yes", 1 }, { "y", 1 }, { "true", 1 }, { "t", 1 },
		{ "on", 1 }, { "0", 0 }, { "no", 0 }, { "n", 0 }, { "false", 0 }, { "f", 0 },
		{ "off", 0 } };

	for (size_t i = 0; i < ELEMENTSOF(words); i++) {
		if (strcasecmp(value, words[i].word) == 0) {
			return words[i].is;
		}
	}
	return -EINVAL;
}

bool cmdline_yes(const struct cmdline *c, const char *name, bool otherwise)
{
	const char *value = cmdline_find(c, name);
	int is = value ? cmdline_bool(value) : otherwise;

	if (is < 0) {
		say("neither yes nor no on the kernel command line", name + (*name == '.'), 0);
	}
	return is < 0 ? otherwise : is;
}
