// SPDX-License-Identifier: MIT
#include "compatneeds.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <string.h>

#include "../runtime/base/limits.h"
#include "../runtime/base/unitname.h"
#include "reader.h"

static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	while (*(text += strspn(text, " \t"))) {
		size_t len = strcspn(text, " \t");

		if (len == n && strncmp(text, word, n) == 0) {
			return true;
		}
		text += len;
	}
	return false;
}

static bool is_service_line(const struct reader_line *line, const char *key)
{
	return line->key && *line->key == *key && strcmp(line->key, key) == 0 &&
	       strcmp(line->section, "Service") == 0;
}

static bool names_capability(const struct list *lines, const char *cap)
{
	const struct reader_line *rows = lines->items;

	for (size_t i = 0; i < lines->n; i++) {
		bool set = is_service_line(&rows[i], "CapabilityBoundingSet") ||
			   is_service_line(&rows[i], "AmbientCapabilities");

		if (set && *rows[i].value != '~' && has_word(rows[i].value, cap)) {
			return true;
		}
	}
	return false;
}

/* Does a line say KEY= with a value that the pattern of "KEY=PATTERN" matches? */
static bool says(const struct list *lines, const char *condition)
{
	const struct reader_line *rows = lines->items;
	size_t n = strcspn(condition, "=");

	for (size_t i = 0; i < lines->n; i++) {
		if (rows[i].key && strncmp(rows[i].key, condition, n) == 0 && !rows[i].key[n] &&
			fnmatch(condition + n + 1, rows[i].value, 0) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_for_name(const char *pattern, const char *name)
{
	char template_name[LIMIT_UNIT_NAME];

	/* Most names differ in their first letter, and each unit is held against each of them. */
	if (*pattern != *name && !strchr("*?[\\", *pattern)) {
		return false;
	}
	return fnmatch(pattern, name, 0) == 0 || (unit_name_template(name, template_name) == 0 &&
							 fnmatch(pattern, template_name, 0) == 0);
}

/* Did a section above send the unit to the group? */
static bool is_sent_to(const struct list *chosen, const char *group)
{
	const struct reader_line *rows = chosen->items;

	for (size_t i = 0; i < chosen->n; i++) {
		if (rows[i].key && strcmp(rows[i].key, "X-Needs") == 0 &&
			has_word(rows[i].value, group)) {
			return true;
		}
	}
	return false;
}

static bool says_any(const struct needs_unit *unit, const char *condition)
{
	for (size_t i = 0; i < unit->n_files; i++) {
		if (says(unit->files[i], condition)) {
			return true;
		}
	}
	return false;
}

static bool names_any(
	const struct needs_unit *unit, const struct list *chosen, const char *capability)
{
	for (size_t i = 0; i < unit->n_files; i++) {
		if (names_capability(unit->files[i], capability)) {
			return true;
		}
	}
	return names_capability(chosen, capability);
}

/* known: a block above is for the unit's name; set here. */
static bool word_fits(
	const char *word, const struct needs_unit *unit, const struct list *chosen, bool *known)
{
	bool fits;

	if (*word == '@') {
		return is_sent_to(chosen, word);
	}
	if (strncmp(word, "CAP_", 4) == 0) {
		return names_any(unit, chosen, word);
	}
	if (strchr(word, '=')) {
		return says_any(unit, word);
	}
	fits = is_for_name(word, unit->name);
	*known = *known || fits;
	return fits;
}

/* The words of X-For= and X-Otherwise=: does one fit? Longer ones than a name do not. */
static bool is_for(
	const char *words, const struct needs_unit *unit, const struct list *chosen, bool *known)
{
	char word[2 * LIMIT_UNIT_NAME];
	bool fits = false;

	while (*(words += strspn(words, " \t"))) {
		size_t n = strcspn(words, " \t");

		if (n < sizeof(word)) {
			memcpy(word, words, n);
			word[n] = '\0';
			fits = word_fits(word, unit, chosen, known) || fits;
		}
		words += n;
	}
	return fits;
}

/* Does the line open a block, and is that for the unit? 2: it opens none. */
static int opens(const struct reader_line *line, const struct needs_unit *unit,
	const struct list *chosen, bool *known)
{
	if (line->key && strcmp(line->key, "X-For") == 0) {
		return is_for(line->value, unit, chosen, known);
	}
	if (line->key && strcmp(line->key, "X-Otherwise") == 0) {
		return *known ? 0 : is_for(line->value, unit, chosen, known);
	}
	return 2;
}

int needs_select(struct arena *arena, const struct list *needs, const struct needs_unit *unit,
	struct list *ret)
{
	const struct reader_line *rows = needs->items;
	bool on = true, known = false;

	for (size_t i = 0; i < needs->n; i++) {
		int r = opens(&rows[i], unit, ret, &known);
		struct reader_line *row;

		on = r == 2 ? on : r;
		row = on ? list_push(arena, ret, sizeof(*row)) : NULL;
		if (on && !row) {
			return -ENOMEM;
		}
		if (row) {
			*row = rows[i];
		}
	}
	return 0;
}
