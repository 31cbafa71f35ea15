// SPDX-License-Identifier: MIT
#include "settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "knownnames.h"

static const struct {
	const char *name;
	unsigned section;
} section_names[] = {
	{ "Unit", SECTION_UNIT },
	{ "Service", SECTION_SERVICE },
	{ "Install", SECTION_INSTALL },
	{ "Container", SECTION_CONTAINER },
	{ "Slice", SECTION_SLICE },
	{ "Socket", SECTION_SOCKET },
	{ "Timer", SECTION_TIMER },
	{ "Path", SECTION_PATH },
	{ "Mount", SECTION_MOUNT },
	{ "Automount", SECTION_AUTOMOUNT },
	{ "Swap", SECTION_SWAP },
	{ "Scope", SECTION_OTHER },
};

/* Bit of a section's name; 0: unknown. */
static unsigned section_bit(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(section_names); i++) {
		if (strcmp(section_names[i].name, name) == 0) {
			return section_names[i].section;
		}
	}
	return 0;
}

static int compare_setting(const void *key, const void *row)
{
	return strcmp(key, ((const struct setting *)row)->name);
}

static int compare_known(const void *key, const void *row)
{
	return strcmp(key, ((const struct known_name *)row)->name);
}

/* How commands run and are killed: what a service shares with every type that runs commands. */
static bool is_shared(const struct setting *row)
{
	static const char *const kill[] = { "FinalKillSignal", "KillMode", "KillSignal",
		"RestartKillSignal", "SendSIGHUP", "SendSIGKILL", "WatchdogSignal" };

	for (size_t i = 0; i < ELEMENTSOF(kill); i++) {
		if (strcmp(row->name, kill[i]) == 0) {
			return true;
		}
	}
	return (row->sections & SECTION_SERVICE) && !(row->sections & SECTION_UNIT) &&
	       (row->target == TARGET_EXEC || (row->sections & SECTION_SLICE) ||
		       (row->flags & SETTING_CONFINES) || settings_parser_is_exec(row));
}

/* Sections that take the shared settings too. */
#define SECTIONS_RUNNING ((unsigned)(SECTION_SOCKET | SECTION_MOUNT | SECTION_SWAP))

static bool row_counts(const struct setting *row, unsigned section)
{
	return (row->sections & section) || ((section & SECTIONS_RUNNING) && is_shared(row));
}

/* Row of a name in a section, or NULL. */
static const struct setting *find_setting(unsigned section, const char *name)
{
	size_t n;
	const struct setting *table = settings_table(&n);
	const struct setting *row = bsearch(name, table, n, sizeof(*table), compare_setting);

	/* Names that mean different things by section stand next to each other. */
	while (row && row > table && strcmp(row[-1].name, name) == 0) {
		row--;
	}
	for (; row && row < table + n && strcmp(row->name, name) == 0; row++) {
		if (row_counts(row, section)) {
			return row;
		}
	}
	return NULL;
}

static const struct known_name *find_known(unsigned section, const char *name)
{
	size_t n;
	const struct known_name *table = known_names(&n);
	const struct known_name *row = bsearch(name, table, n, sizeof(*table), compare_known);

	/* What is known of services is known of all that runs commands. */
	section |= section & SECTIONS_RUNNING ? SECTION_SERVICE | SECTION_OTHER : 0;
	return row && (row->sections & section) ? row : NULL;
}

/* ---- the nearest name ---- */

#define NAME_MAX_DISTANCE 64

/* Levenshtein with two rows; case counts half as much as a letter, so costs are doubled. */
static unsigned edit_distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	unsigned row[NAME_MAX_DISTANCE + 1];

	if (na > NAME_MAX_DISTANCE || nb > NAME_MAX_DISTANCE) {
		return UINT32_MAX;
	}
	for (size_t j = 0; j <= nb; j++) {
		row[j] = 2 * (unsigned)j;
	}
	for (size_t i = 0; i < na; i++) {
		unsigned diagonal = row[0];

		row[0] = 2 * (unsigned)(i + 1);
		for (size_t j = 0; j < nb; j++) {
			unsigned cost = a[i] == b[j] ? 0 : (a[i] ^ b[j]) == 0x20 ? 1 : 2;
			unsigned best = diagonal + cost;

			best = row[j] + 2 < best ? row[j] + 2 : best;
			best = row[j + 1] + 2 < best ? row[j + 1] + 2 : best;
			diagonal = row[j + 1];
			row[j + 1] = best;
		}
	}
	return row[nb];
}

static void take_nearer(const char *name, const char *candidate, const char **best, unsigned *least)
{
	size_t a = strlen(name), b = strlen(candidate);
	unsigned distance;

	/* The lengths alone tell that most are too far away. */
	if (2 * (a > b ? a - b : b - a) >= *least) {
		return;
	}
	distance = edit_distance(name, candidate);
	if (distance < *least) {
		*least = distance;
		*best = candidate;
	}
}

const char *settings_nearest(unsigned section, const char *name)
{
	size_t n, n_known;
	const struct setting *table = settings_table(&n);
	const struct known_name *known = known_names(&n_known);
	unsigned least = 2 * (unsigned)strlen(name) / 3 + 1;
	const char *best = NULL;

	for (size_t i = 0; i < n; i++) {
		if (row_counts(&table[i], section)) {
			take_nearer(name, table[i].name, &best, &least);
		}
	}
	for (size_t i = 0; i < n_known; i++) {
		if (known[i].sections & section) {
			take_nearer(name, known[i].name, &best, &least);
		}
	}
	return best;
}

/* The section in which a setting of that name stands; NULL: in none. */
static const char *section_of_setting(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(section_names); i++) {
		if (find_setting(section_names[i].section, name) ||
			find_known(section_names[i].section, name)) {
			return section_names[i].name;
		}
	}
	return NULL;
}

static const char *nearest_section(const char *name)
{
	unsigned least = 2 * (unsigned)strlen(name) / 3 + 1;
	const char *best = NULL;

	for (size_t i = 0; i < ELEMENTSOF(section_names); i++) {
		take_nearer(name, section_names[i].name, &best, &least);
	}
	return best;
}

/* ---- messages ---- */

static void report(struct setting_context *c, unsigned column, enum manifest_severity severity,
	const char *text)
{
	struct diag_place place = {
		.file = c->file, .unit = c->unit->name, .line = c->line->line, .column = column
	};

	if (c->for_instances) {
		return; /* each instance reads it again */
	}
	diag_add(c->d, &place, severity, "%s", text);
	if (severity == SEVERITY_ERROR) {
		c->unit->refused = true;
	}
}

/* systemd keeps what it had at "SETTING=" where nothing cannot be a value. */
static bool is_empty(const struct setting_context *c)
{
	return !c->line->value[0];
}

int setting_error(struct setting_context *c, unsigned column, const char *format, ...)
{
	char text[400];
	va_list args;
	int n = snprintf(text, sizeof(text), "%s=: ", c->line->key);

	if (is_empty(c)) {
		setting_warning(c, "%s= has no value; ignored", c->line->key);
		return -EINVAL;
	}
	va_start(args, format);
	vsnprintf(text + n, sizeof(text) - (size_t)n, format, args);
	va_end(args);
	report(c, c->line->column + column, SEVERITY_ERROR, text);
	return -EINVAL;
}

void setting_warning(struct setting_context *c, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report(c, 0, SEVERITY_WARNING, text);
}

static enum manifest_severity unknown_severity(const struct setting_context *c)
{
	return c->unit->container.strict ? SEVERITY_ERROR : SEVERITY_WARNING;
}

void setting_unsupported(struct setting_context *c, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	report(c, 0, unknown_severity(c), text);
}

void setting_odd_escape(struct setting_context *c, const char *word)
{
	if (word) {
		setting_warning(c,
			"%s=: \"%.64s\" has a backslash that escapes nothing and is taken as "
			"written; write \\\\ for a backslash",
			c->line->key, word);
	}
}

/* ---- applying lines ---- */

/* Words in a name of which it is clear that the writer wanted walls. */
static bool sounds_confining(const char *name)
{
	static const char *const words[] = { "Private", "Protect", "Restrict", "NoNewPriv",
		"Capabilit", "SystemCall", "ReadOnly", "Inaccessible", "Deny", "Sandbox",
		"DynamicUser", "MemoryMax", "TasksMax" };

	for (size_t i = 0; i < ELEMENTSOF(words); i++) {
		if (strcasestr(name, words[i])) {
			return true;
		}
	}
	return false;
}

/* True when the unknown name is most likely a mistyped setting that confines. */
static bool means_confinement(unsigned section, const char *name, const char *nearest)
{
	const struct setting *row = nearest ? find_setting(section, nearest) : NULL;
	const struct known_name *known = nearest ? find_known(section, nearest) : NULL;

	return (row && (row->flags & SETTING_CONFINES)) || (known && known->confines) ||
	       sounds_confining(name);
}

static void unknown_setting(struct setting_context *c, unsigned section)
{
	const char *name = c->line->key;
	const struct known_name *known = find_known(section, name);
	/* Once the report is full and the unit refused, the search would be for nobody. */
	bool search = !known && (c->d->n_dropped == 0 || !c->unit->refused);
	const char *elsewhere = search ? section_of_setting(name) : NULL;
	const char *nearest = search && !elsewhere ? settings_nearest(section, name) : NULL;
	enum manifest_severity severity = unknown_severity(c);
	char text[400];

	if (known ? known->confines : means_confinement(section, name, nearest)) {
		severity = SEVERITY_ERROR;
	}
	if (known) {
		snprintf(text, sizeof(text), "%s= is not supported%s", name,
			known->confines
				? ", and without it the unit would be less confined than written; "
				  "to accept that, shadow the file by a copy without the line"
				: "; ignored");
	} else if (elsewhere) {
		snprintf(text, sizeof(text), "unknown setting %s= in [%s]; it belongs in [%s]",
			name, c->line->section, elsewhere);
	} else {
		snprintf(text, sizeof(text), "unknown setting %s= in [%s]%s%s%s", name,
			c->line->section, nearest ? "; did you mean " : "", nearest ? nearest : "",
			nearest ? "=?" : "");
	}
	report(c, 1, severity, text);
}

static void *target_of(struct setting_context *c)
{
	unsigned char *base = NULL;

	switch (c->row->target) {
	case TARGET_UNIT:
		base = (unsigned char *)c->unit;
		break;
	case TARGET_SERVICE:
		base = (unsigned char *)c->unit->service;
		break;
	case TARGET_EXEC:
		base = (unsigned char *)c->unit->exec;
		break;
	case TARGET_SOCKET:
		base = (unsigned char *)c->unit->socket;
		break;
	case TARGET_WATCH:
		base = (unsigned char *)c->unit->watch;
		break;
	case TARGET_TIMER:
		base = (unsigned char *)c->unit->timer;
		break;
	case TARGET_MOUNT:
		base = (unsigned char *)c->unit->mount;
		break;
	}
	return base + c->row->offset;
}

static int remember(struct setting_context *c)
{
	struct unit_assignment *row = list_push(c->arena, &c->unit->assignments, sizeof(*row));

	if (!row) {
		return -ENOMEM;
	}
	*row = (struct unit_assignment) { c->line->section, c->row->name, c->line->value,
		c->origin };
	return 0;
}

static int apply_line(struct setting_context *c, unsigned section)
{
	const char *slash = strrchr(c->file, '/');
	int r;

	c->row = find_setting(section, c->line->key);
	if (!c->row) {
		unknown_setting(c, section);
		return 0;
	}
	c->origin = c->line->origin;
	if (!c->origin) {
		c->origin =
			arena_printf(c->arena, "%s:%u", slash ? slash + 1 : c->file, c->line->line);
	}
	if (!c->origin || remember(c) != 0) {
		return -ENOMEM;
	}
	c->value = c->line->value;
	c->target = target_of(c);
	r = c->row->parse(c);
	if (r == -EINVAL && is_empty(c)) {
		c->unit->assignments.n--;
	} else if (r == -EINVAL && !c->for_instances) {
		c->unit->refused = true;
	}
	return r == -ENOMEM ? r : 0;
}

/* A section that this type of unit does not read; 0 when it does. */
static bool section_is_foreign(const struct unit *u, unsigned section)
{
	static const struct {
		unsigned section;
		enum unit_type type;
	} own[] = {
		{ SECTION_SERVICE, UNIT_SERVICE },
		{ SECTION_SOCKET, UNIT_SOCKET },
		{ SECTION_PATH, UNIT_PATH },
		{ SECTION_SLICE, UNIT_SLICE },
		{ SECTION_TIMER, UNIT_TIMER },
		{ SECTION_MOUNT, UNIT_MOUNT },
		{ SECTION_SWAP, UNIT_SWAP },
		{ SECTION_AUTOMOUNT, UNIT_AUTOMOUNT },
	};

	for (size_t i = 0; i < ELEMENTSOF(own); i++) {
		if (own[i].section == section) {
			return own[i].type != u->type;
		}
	}
	return section == SECTION_OTHER && u->type != UNIT_SCOPE && u->type != UNIT_DEVICE;
}

/* Opens a section: its bit, or 0 when its lines are to be skipped. */
static unsigned open_section(struct setting_context *c)
{
	const char *name = c->line->section;
	unsigned section = section_bit(name);
	const char *nearest;
	char text[160];

	if (strncmp(name, "X-", 2) == 0) {
		return 0;
	}
	if (section == 0) {
		nearest = nearest_section(name);
		snprintf(text, sizeof(text), "unknown section [%s]%s%s%s", name,
			nearest ? "; did you mean [" : "", nearest ? nearest : "",
			nearest ? "]?" : "");
		report(c, 1, unknown_severity(c), text);
	} else if (c->profile && section == SECTION_SERVICE && c->unit->exec) {
		return section;
	} else if (section_is_foreign(c->unit, section)) {
		snprintf(text, sizeof(text), "section [%s] does not belong in a %s unit", name,
			unit_type_to_string(c->unit->type));
		report(c, 1, unknown_severity(c), text);
		section = 0;
	}
	return section == SECTION_OTHER ? 0 : section;
}

/* Strict= counts for the whole file, wherever it stands. */
static void find_strict(struct setting_context *c, const struct list *lines)
{
	const struct reader_line *rows = lines->items;

	for (size_t i = 0; i < lines->n; i++) {
		if (rows[i].key && strcmp(rows[i].key, "Strict") == 0 &&
			strcmp(rows[i].section, "Container") == 0) {
			c->unit->container.strict = strchr("yYtT1oO", rows[i].value[0]) &&
						    strcasecmp(rows[i].value, "off") != 0;
		}
	}
}

int settings_apply(struct setting_context *c, const struct list *lines)
{
	const struct reader_line *rows = lines->items;
	unsigned section = 0;

	if (list_reserve(c->arena, &c->unit->assignments, lines->n,
		    sizeof(struct unit_assignment)) < 0) {
		return -ENOMEM;
	}
	find_strict(c, lines);
	for (size_t i = 0; i < lines->n; i++) {
		c->line = &rows[i];
		c->for_instances = false;
		if (!rows[i].key) {
			section = open_section(c);
		} else if (section && strncmp(rows[i].key, "X-", 2) != 0 &&
			   apply_line(c, section) != 0) {
			return -ENOMEM;
		}
	}
	return 0;
}
