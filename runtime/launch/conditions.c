// SPDX-License-Identifier: MIT
#include "conditions.h"

#include <string.h>

#include "../base/number.h"
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
		l->plan.conditions.items, l->plan.conditions.n, condition_holds, NULL);
	return 0;
}

/* ---- pure parts ---- */

enum compare {
	COMPARE_NONE,
	COMPARE_LT,
	COMPARE_LE,
	COMPARE_EQ,
	COMPARE_NE,
	COMPARE_GE,
	COMPARE_GT,
};

/* Longer spellings first. */
static const struct {
	const char *text;
	enum compare op;
} operators[] = {
	{ "<=", COMPARE_LE },
	{ ">=", COMPARE_GE },
	{ "!=", COMPARE_NE },
	{ "==", COMPARE_EQ },
	{ "<", COMPARE_LT },
	{ ">", COMPARE_GT },
	{ "=", COMPARE_EQ },
};

static enum compare take_operator(const char **p)
{
	*p += strspn(*p, " \t");
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		size_t n = strlen(operators[i].text);

		if (strncmp(*p, operators[i].text, n) == 0) {
			*p += n + strspn(*p + n, " \t");
			return operators[i].op;
		}
	}
	return COMPARE_NONE;
}

static bool order_matches(enum compare op, int order)
{
	switch (op) {
	case COMPARE_NONE:
		return false;
	case COMPARE_LT:
		return order < 0;
	case COMPARE_LE:
		return order <= 0;
	case COMPARE_EQ:
		return order == 0;
	case COMPARE_NE:
		return order != 0;
	case COMPARE_GE:
		return order >= 0;
	case COMPARE_GT:
		return order > 0;
	}
	return false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int compare_digits(const char **a, size_t *na, const char **b, size_t *nb)
{
	uint64_t x = 0, y = 0;

	while (*na && is_digit(**a)) {
		x = x * 10 + (uint64_t)(**a - '0');
		(*a)++, (*na)--;
	}
	while (*nb && is_digit(**b)) {
		y = y * 10 + (uint64_t)(**b - '0');
		(*b)++, (*nb)--;
	}
	return x < y ? -1 : x > y;
}

/* Runs of digits by value, everything else byte by byte. */
static int compare_versions(const char *a, size_t na, const char *b, size_t nb)
{
	while (na && nb) {
		int order;

		if (is_digit(*a) && is_digit(*b)) {
			order = compare_digits(&a, &na, &b, &nb);
		} else {
			order = (unsigned char)*a - (unsigned char)*b;
			a++, na--, b++, nb--;
		}
		if (order) {
			return order;
		}
	}
	return na ? 1 : nb ? -1 : 0;
}

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
	op = take_operator(&p);
	if (op == COMPARE_NONE) {
		return condition_glob(text, version);
	}
	return order_matches(op, compare_versions(version, strlen(version), p, strlen(p)));
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
		p += strspn(p, "<>=!");
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
	static const char units[] = "KMGT";
	enum compare op = take_operator(&parameter);
	char digits[24];
	size_t n = strspn(parameter, "0123456789");
	uint64_t want;
	const char *unit;

	if (n == 0 || n >= sizeof(digits)) {
		return false;
	}
	memcpy(digits, parameter, n);
	digits[n] = '\0';
	if (number_parse_u64(digits, &want) < 0) {
		return false;
	}
	unit = parameter[n] ? strchr(units, parameter[n]) : NULL;
	if (parameter[n] && (!unit || parameter[n + 1])) {
		return false;
	}
	for (const char *u = units; unit && u <= unit; u++) {
		if (__builtin_mul_overflow(want, UINT64_C(1024), &want)) {
			return false;
		}
	}
	/* Without an operator systemd means "at least". */
	return order_matches(
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
