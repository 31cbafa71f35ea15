// SPDX-License-Identifier: MIT
#include "conditions.h"

#include <string.h>

#include "compare.h"
#include "launch.h"

/* ---- lists ---- */

static int evaluate(const struct plan_condition *list, uint32_t n, bool asserts,
	condition_test *test, void *ctx)
{
	int first_trigger = -1;
	bool triggered = false;

	for (uint32_t i = 0; i < n; i++) {
		const struct plan_condition *c = &list[i];
		bool holds;

		if ((c->assert != 0) != asserts || (c->trigger && triggered)) {
			continue;
		}
		holds = (test(c, ctx) > 0) != (c->negate != 0);
		if (!c->trigger && !holds) {
			return (int)i;
		}
		if (c->trigger) {
			triggered = triggered || holds;
			first_trigger = first_trigger < 0 ? (int)i : first_trigger;
		}
	}
	return triggered ? -1 : first_trigger;
}

int conditions_evaluate(
	const struct plan_condition *list, uint32_t n, condition_test *test, void *ctx)
{
	int failed = evaluate(list, n, false, test, ctx);

	return failed >= 0 ? failed : evaluate(list, n, true, test, ctx);
}

int launch_op_check(struct launch *l, int32_t *ret_value)
{
	*ret_value = conditions_evaluate(
		l->plan.conditions.items, l->plan.conditions.n, condition_holds, l);
	return 0;
}

/* ---- pure parts ---- */

static bool one_version_matches(const char *word, size_t n, const char *version)
{
	char text[256];
	const char *p = text;
	enum compare op;

	if (n >= sizeof(text)) {
		return false;
	}
	memcpy(text, word, n);
	text[n] = '\0';
	op = compare_take(&p, true);
	p += strspn(p, " \t");
	return op == COMPARE_NONE ? condition_glob(text, version)
				  : compare_version_holds(op, version, p);
}

bool condition_version_matches(const char *parameter, const char *version)
{
	const char *p = parameter;
	bool any = false;

	for (;;) {
		const char *start;

		p += strspn(p, " \t");
		if (!*p) {
			return any;
		}
		start = p;
		/* An operator may stand apart from its version. */
		p += strspn(p, COMPARE_CHARS);
		p += p > start ? strspn(p, " \t") : 0;
		p += strcspn(p, " \t");
		if (!one_version_matches(start, (size_t)(p - start), version)) {
			return false;
		}
		any = true;
	}
}

bool condition_number_matches(const char *parameter, uint64_t value)
{
	enum compare op = compare_take(&parameter, false);
	uint64_t want;

	if (compare_parse_size(parameter + strspn(parameter, " \t"), &want) < 0) {
		return false;
	}
	/* Without an operator systemd means "at least". */
	return compare_order_holds(
		op == COMPARE_NONE ? COMPARE_GE : op, value < want ? -1 : value > want);
}

bool condition_cmdline_has(const char *cmdline, const char *word)
{
	size_t n = strlen(word);
	bool with_value = strchr(word, '=') != NULL;
	char quote = '\0';

	for (const char *p = cmdline; *p;) {
		p += strspn(p, " \t\n");
		if (strncmp(p, word, n) == 0 &&
			(!p[n] || strchr(" \t\n", p[n]) || (!with_value && p[n] == '='))) {
			return true;
		}
		for (; *p && (quote || !strchr(" \t\n", *p)); p++) {
			if (*p == '"') {
				quote = quote ? '\0' : '"';
			}
		}
	}
	return false;
}

/* Behind the ']' of a set; NULL: the bracket is not closed and stands for itself. */
static const char *set_end(const char *p)
{
	p += *p == '!' || *p == '^';
	p += *p == ']';
	while (*p && *p != ']') {
		p++;
	}
	return *p ? p + 1 : NULL;
}

/* p stands behind the '['; "a-z" is a range. */
static bool set_has(const char *p, char c)
{
	bool inverted = *p == '!' || *p == '^', found = false;
	const char *first = p + inverted;

	for (p = first; *p != ']' || p == first; p++) {
		if (p[1] == '-' && p[2] != ']') {
			found = found || (*p <= c && c <= p[2]);
			p += 2;
		} else {
			found = found || *p == c;
		}
	}
	return found != inverted;
}

/* Does the pattern's first element match the character? Behind it, or NULL. */
static const char *match_one(const char *pattern, char c)
{
	const char *end = *pattern == '[' ? set_end(pattern + 1) : NULL;

	if (end) {
		return set_has(pattern + 1, c) ? end : NULL;
	}
	if (*pattern == '\\') {
		return pattern[1] == c ? pattern + 2 : NULL;
	}
	return *pattern == '?' || *pattern == c ? pattern + 1 : NULL;
}

bool condition_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		const char *behind;

		if (*pattern == '*') {
			star = ++pattern;
			from = text;
			continue;
		}
		behind = match_one(pattern, *text);
		if (behind) {
			pattern = behind;
			text++;
			continue;
		}
		if (!star) {
			return false;
		}
		pattern = star;
		text = ++from;
	}
	while (*pattern == '*') {
		pattern++;
	}
	return !*pattern;
}
