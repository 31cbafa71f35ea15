// SPDX-License-Identifier: MIT
#include "compatneeds.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <string.h>

#include "../runtime/base/limits.h"
#include "../runtime/base/unitname.h"
#include "reader.h"

enum word_kind {
	WORD_GROUP,      /* @sessions */
	WORD_CAPABILITY, /* CAP_SYS_ADMIN */
	WORD_LINE,       /* Type=oneshot */
	WORD_NAME,       /* ssh*.service */
};

struct needs_word {
	const char *text;
	enum word_kind kind;
	bool is_pattern; /* its first letter may be any */
};

/* X-For=, X-Otherwise= */
struct needs_opener {
	size_t line; /* index in the lines */
	bool otherwise;
	struct list words; /* struct needs_word */
};

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
static bool word_fits(const struct needs_word *word, const struct needs_unit *unit,
	const struct list *chosen, bool *known)
{
	bool fits = false;

	switch (word->kind) {
	case WORD_GROUP:
		return is_sent_to(chosen, word->text);
	case WORD_CAPABILITY:
		return names_any(unit, chosen, word->text);
	case WORD_LINE:
		return says_any(unit, word->text);
	case WORD_NAME:
		fits = is_for_name(word->text, unit->name);
		*known = *known || fits;
		break;
	}
	return fits;
}

/* Does one of the opener's words fit? All are looked at: one of them may be the unit's name. */
static bool is_for(const struct needs_opener *o, const struct needs_unit *unit,
	const struct list *chosen, bool *known)
{
	const struct needs_word *words = o->words.items;
	bool fits = false;

	for (size_t i = 0; i < o->words.n; i++) {
		/* Most names differ in their first letter, and each unit is held against each. */
		if (words[i].kind != WORD_NAME || words[i].is_pattern ||
			words[i].text[0] == unit->name[0]) {
			fits = word_fits(&words[i], unit, chosen, known) || fits;
		}
	}
	return fits;
}

static enum word_kind kind_of(const char *word)
{
	if (*word == '@') {
		return WORD_GROUP;
	}
	if (strncmp(word, "CAP_", 4) == 0) {
		return WORD_CAPABILITY;
	}
	return strchr(word, '=') ? WORD_LINE : WORD_NAME;
}

static int add_words(struct arena *arena, const char *text, struct needs_opener *o)
{
	while (*(text += strspn(text, " \t"))) {
		size_t n = strcspn(text, " \t");
		struct needs_word *word = list_push(arena, &o->words, sizeof(*word));

		if (!word) {
			return -ENOMEM;
		}
		word->text = arena_strndup(arena, text, n);
		if (!word->text) {
			return -ENOMEM;
		}
		word->kind = kind_of(word->text);
		word->is_pattern = strchr("*?[\\", word->text[0]) != NULL;
		text += n;
	}
	return 0;
}

int needs_prepare(struct arena *arena, const struct list *lines, struct needs *ret)
{
	const struct reader_line *rows = lines->items;

	*ret = (struct needs) { .lines = lines };
	for (size_t i = 0; i < lines->n; i++) {
		bool otherwise = rows[i].key && strcmp(rows[i].key, "X-Otherwise") == 0;
		struct needs_opener *o;

		if (!rows[i].key || (!otherwise && strcmp(rows[i].key, "X-For") != 0)) {
			continue;
		}
		o = list_push(arena, &ret->openers, sizeof(*o));
		if (!o || add_words(arena, rows[i].value, o) < 0) {
			return -ENOMEM;
		}
		o->line = i;
		o->otherwise = otherwise;
	}
	return 0;
}

static int take_lines(
	struct arena *arena, const struct list *from, size_t first, size_t end, struct list *ret)
{
	const struct reader_line *rows = from->items;

	for (size_t i = first; i < end; i++) {
		struct reader_line *row = list_push(arena, ret, sizeof(*row));

		if (!row) {
			return -ENOMEM;
		}
		*row = rows[i];
	}
	return 0;
}

int needs_select(struct arena *arena, const struct needs *needs, const struct needs_unit *unit,
	struct list *ret)
{
	const struct needs_opener *openers = needs->openers.items;
	size_t n = needs->openers.n;
	int r = take_lines(arena, needs->lines, 0, n ? openers[0].line : needs->lines->n, ret);
	bool known = false;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct needs_opener *o = &openers[i];

		if (!(o->otherwise && known) && is_for(o, unit, ret, &known)) {
			r = take_lines(arena, needs->lines, o->line,
				i + 1 < n ? o[1].line : needs->lines->n, ret);
		}
	}
	return r;
}
