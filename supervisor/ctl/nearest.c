// SPDX-License-Identifier: MIT
#include "nearest.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "../../runtime/base/unitname.h"

#define EDITS_MAX 3u /* of a name of any length */

/* ---- distance ---- */

static bool is_same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The rows of the usual table that are still needed: of the two letters before, and this one. */
struct rows {
	unsigned before[LIMIT_UNIT_NAME + 1], last[LIMIT_UNIT_NAME + 1], now[LIMIT_UNIT_NAME + 1];
};

static void next_row(struct rows *t, const char *a, unsigned i, const char *b, unsigned n)
{
	t->now[0] = i + 1;
	for (unsigned j = 1; j <= n; j++) {
		unsigned best = t->last[j - 1] + !is_same(a[i], b[j - 1]);

		best = smaller(best, smaller(t->last[j], t->now[j - 1]) + 1);
		if (i > 0 && j > 1 && is_same(a[i], b[j - 2]) && is_same(a[i - 1], b[j - 1])) {
			best = smaller(best, t->before[j - 2] + 1);
		}
		t->now[j] = best;
	}
	memcpy(t->before, t->last, sizeof(t->last));
	memcpy(t->last, t->now, sizeof(t->now));
}

unsigned nearest_distance(const char *a, const char *b)
{
	size_t n = strlen(b);
	struct rows t = { { 0 } };

	if (n > LIMIT_UNIT_NAME || strlen(a) > LIMIT_UNIT_NAME) {
		return LIMIT_UNIT_NAME;
	}
	for (unsigned j = 0; j <= n; j++) {
		t.last[j] = j;
	}
	for (unsigned i = 0; a[i]; i++) {
		next_row(&t, a, i, b, (unsigned)n);
	}
	return t.last[n];
}

/* ---- choosing ---- */

void nearest_init(struct nearest *n, const char *unit)
{
	*n = (struct nearest) { .unit = unit, .rank = UINT_MAX };
}

/* name without its type, and without "@" or the instance when prefix_only. */
static void cut(const char *name, bool prefix_only, char ret[LIMIT_UNIT_NAME])
{
	struct unit_name_parts parts = { 0 };
	size_t size;

	(void)unit_name_split(name, &parts);
	size = prefix_only ? parts.prefix_len : parts.suffix;
	memcpy(ret, name, size);
	ret[size] = '\0';
}

/* How far the names themselves are apart; UINT_MAX: too far. */
static unsigned distance_of(const char *unit, const char *known, bool prefix_only)
{
	char a[LIMIT_UNIT_NAME], b[LIMIT_UNIT_NAME];
	unsigned d, limit;

	cut(unit, prefix_only, a);
	cut(known, prefix_only, b);
	d = nearest_distance(a, b);
	limit = strcmp(strrchr(unit, '.'), strrchr(known, '.')) == 0
			? smaller((unsigned)strlen(a) / 3, EDITS_MAX)
			: 0;
	if (d <= limit) {
		return d;
	}
	/* "web.servce" was completed to "web.servce.service". */
	d = strchr(a, '.') && strchr(known, '@') == NULL ? nearest_distance(a, known) : UINT_MAX;
	return d < EDITS_MAX ? d : UINT_MAX;
}

/* The name to suggest for the template: an instance of it. */
static void instance_of(const char *unit, const char *template_name, char *ret)
{
	struct unit_name_parts ours = { 0 }, theirs = { 0 };

	(void)unit_name_split(unit, &ours);
	(void)unit_name_split(template_name, &theirs);
	sprintf(ret, "%.*s@%.*s%s", (int)theirs.prefix_len, template_name,
		ours.instance_len ? (int)ours.instance_len : (int)strlen("INSTANCE"),
		ours.instance_len ? unit + ours.instance : "INSTANCE",
		template_name + theirs.suffix);
}

void nearest_offer(struct nearest *n, const char *known)
{
	enum unit_name_kind kind = unit_name_classify(known);
	bool as_instance =
		kind == UNIT_NAME_TEMPLATE && unit_name_classify(n->unit) != UNIT_NAME_TEMPLATE;
	char name[2 * LIMIT_UNIT_NAME];
	unsigned rank;

	if (kind == UNIT_NAME_INVALID) {
		return;
	}
	rank = distance_of(n->unit, known, as_instance);
	if (rank == UINT_MAX) {
		return;
	}
	/* Of two that are as near, the one of the right kind and type. */
	rank = rank * 4 + (as_instance ? 1 : 0) +
	       (strcmp(strrchr(n->unit, '.'), strrchr(known, '.')) == 0 ? 0 : 2);
	if (as_instance) {
		instance_of(n->unit, known, name);
	} else {
		strcpy(name, known);
	}
	n->same = n->same || strcmp(known, n->unit) == 0;
	if (strcmp(name, n->unit) == 0 || strlen(name) >= sizeof(n->name) || rank > n->rank ||
		(rank == n->rank && strcmp(name, n->name) > 0)) {
		return;
	}
	n->rank = rank;
	strcpy(n->name, name);
}
