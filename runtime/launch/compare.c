// SPDX-License-Identifier: MIT
#include "compare.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "conditions.h"

/* Longer spellings first. */
static const struct {
	const char *text;
	enum compare op;
	enum compare with_texts;
} operators[] = {
	{ "!$=", COMPARE_NONE, COMPARE_GLOB_NOT },
	{ "$=", COMPARE_NONE, COMPARE_GLOB },
	{ "<>", COMPARE_NE, COMPARE_NE },
	{ "<=", COMPARE_LE, COMPARE_LE },
	{ ">=", COMPARE_GE, COMPARE_GE },
	{ "==", COMPARE_EQ, COMPARE_EQ },
	{ "!=", COMPARE_NE, COMPARE_TEXT_NE },
	{ "<", COMPARE_LT, COMPARE_LT },
	{ ">", COMPARE_GT, COMPARE_GT },
	{ "=", COMPARE_EQ, COMPARE_TEXT_EQ },
};

enum compare compare_take(const char **text, bool texts)
{
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		enum compare op = texts ? operators[i].with_texts : operators[i].op;
		size_t n = strlen(operators[i].text);

		if (op != COMPARE_NONE && strncmp(*text, operators[i].text, n) == 0) {
			*text += n;
			return op;
		}
	}
	return COMPARE_NONE;
}

bool compare_order_holds(enum compare op, int order)
{
	switch (op) {
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
	case COMPARE_NONE:
	case COMPARE_TEXT_EQ:
	case COMPARE_TEXT_NE:
	case COMPARE_GLOB:
	case COMPARE_GLOB_NOT:
		return false;
	}
	return false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *skip_strange(const char *p)
{
	while (*p && !is_digit(*p) && !is_letter(*p) && !strchr("~-^.", *p)) {
		p++;
	}
	return p;
}

static int sign(long difference)
{
	return (difference > 0) - (difference < 0);
}

/* Whoever has that character is less; both: both are behind it. */
static int compare_mark(const char **a, const char **b, char mark)
{
	int order = (**a != mark) - (**b != mark);

	if (order == 0 && **a == mark) {
		(*a)++;
		(*b)++;
	}
	return order;
}

static int compare_digits(const char **a, const char **b)
{
	long na, nb;
	int order;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	na = (long)strspn(*a, "0123456789");
	nb = (long)strspn(*b, "0123456789");
	order = na != nb ? sign(na - nb) : sign(strncmp(*a, *b, (size_t)na));
	*a += na;
	*b += nb;
	return order;
}

static int compare_letters(const char **a, const char **b)
{
	for (; is_letter(**a) && is_letter(**b); (*a)++, (*b)++) {
		if (**a != **b) {
			return sign(**a - **b);
		}
	}
	return is_letter(**a) - is_letter(**b);
}

int compare_versions(const char *a, const char *b)
{
	static const char marks[] = "-^.";
	int order = 0;

	while (order == 0) {
		a = skip_strange(a);
		b = skip_strange(b);
		order = compare_mark(&a, &b, '~');
		if (order == 0 && (!*a || !*b)) {
			return (*a != '\0') - (*b != '\0');
		}
		for (const char *mark = marks; order == 0 && *mark; mark++) {
			order = compare_mark(&a, &b, *mark);
		}
		if (order != 0) {
			break;
		}
		if (is_digit(*a) != is_digit(*b)) {
			return is_digit(*a) - is_digit(*b);
		}
		order = is_digit(*a) ? compare_digits(&a, &b) : compare_letters(&a, &b);
	}
	return order;
}

bool compare_version_holds(enum compare op, const char *is, const char *wanted)
{
	switch (op) {
	case COMPARE_TEXT_EQ:
		return strcmp(is, wanted) == 0;
	case COMPARE_TEXT_NE:
		return strcmp(is, wanted) != 0;
	case COMPARE_GLOB:
		return condition_glob(wanted, is);
	case COMPARE_GLOB_NOT:
		return !condition_glob(wanted, is);
	case COMPARE_NONE:
	case COMPARE_LT:
	case COMPARE_LE:
	case COMPARE_EQ:
	case COMPARE_NE:
	case COMPARE_GE:
	case COMPARE_GT:
		return compare_order_holds(op, compare_versions(is, wanted));
	}
	return false;
}

/* The digits behind a point, of that factor. */
static int add_fraction(const char *text, uint64_t factor, uint64_t *value)
{
	uint64_t part = 0, scale = 1, add;

	for (; is_digit(*text); text++) {
		if (scale < 1000000000) {
			part = part * 10 + (uint64_t)(*text - '0');
			scale *= 10;
		}
	}
	/* Both below 2^60: in two steps, for a static program has no division of 128 bits. */
	add = factor / scale * part + factor % scale * part / scale;
	return __builtin_add_overflow(*value, add, value) ? -ERANGE : 0;
}

int compare_parse_size(const char *text, uint64_t *ret)
{
	static const char units[] = "BKMGTPE";
	const char *fraction = NULL, *unit;
	uint64_t value = 0, factor = 1;

	if (!is_digit(*text)) {
		return -EINVAL;
	}
	for (; is_digit(*text); text++) {
		if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
			__builtin_add_overflow(value, (uint64_t)(*text - '0'), &value)) {
			return -ERANGE;
		}
	}
	if (*text == '.') {
		fraction = text + 1;
		text += 1 + strspn(fraction, "0123456789");
	}
	text += strspn(text, " \t");
	unit = *text ? strchr(units, *text) : units;
	if (!unit || (*text && text[1])) {
		return -EINVAL;
	}
	factor <<= 10 * (unit - units);
	if (__builtin_mul_overflow(value, factor, &value)) {
		return -ERANGE;
	}
	if (fraction && add_fraction(fraction, factor, &value) < 0) {
		return -ERANGE;
	}
	*ret = value;
	return 0;
}
