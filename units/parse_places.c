// SPDX-License-Identifier: MIT
/* Settings about roots, images and the places of a unit: those with more than a yes and a no. */
#include "parsers.h"

#include <errno.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "expand.h"
#include "values.h"
#include "words.h"

int parse_fields(struct setting_context *c, const struct word *word, char **fields, size_t max)
{
	char *text = arena_strdup(c->arena, word->text), *next;
	size_t n = 0;

	if (!text) {
		return -ENOMEM;
	}
	for (; text && n < max; text = next) {
		const char *value = NULL;
		int r;

		next = n + 1 < max ? strchr(text, ':') : NULL;
		if (next) {
			*next++ = '\0';
		}
		r = expand_text(c, text, word->column, &value);
		if (r != 0) {
			return r;
		}
		/* The caller may change it. */
		fields[n] = arena_strdup(c->arena, value);
		if (!fields[n++]) {
			return -ENOMEM;
		}
	}
	expand_note_instances(c, word->text);
	return (int)n;
}

/* yes, no or one of a setting's further words: its number from 2; -1: none of them. */
static int choice(struct setting_context *c, const char *const *words, size_t n)
{
	bool on = false;

	if (value_parse_bool(c->value, &on) == 0) {
		return on;
	}
	for (size_t i = 0; i < n; i++) {
		if (strcmp(c->value, words[i]) == 0) {
			return (int)i + 2;
		}
	}
	return -1;
}

/* PrivateUsers=: no, yes, self, identity, full, pick. */
int parse_private_users(struct setting_context *c)
{
	static const char *const words[] = { "self", "identity", "full", "pick" };
	static const enum unit_users_map maps[] = { USERS_PICK, USERS_PICK, USERS_SELF,
		USERS_IDENTITY, USERS_FULL, USERS_PICK };
	int v = choice(c, words, ELEMENTSOF(words));

	if (v < 0) {
		return setting_error(
			c, 0, "\"%.64s\" is none of no, yes, pick, self, identity, full", c->value);
	}
	c->unit->exec->private_users = v > 0;
	c->unit->exec->users_map = maps[v];
	return 0;
}

/* ProtectControlGroups=: no, yes, private, strict. */
int parse_protect_cgroups(struct setting_context *c)
{
	static const char *const words[] = { "private", "strict" };
	int v = choice(c, words, ELEMENTSOF(words));

	if (v < 0) {
		return setting_error(
			c, 0, "\"%.64s\" is none of no, yes, private, strict", c->value);
	}
	c->unit->exec->protect_control_groups = v == 1 || v == 3;
	c->unit->exec->private_cgroups = v >= 2;
	return 0;
}

/* ProtectHostname=: no, yes[:NAME], private[:NAME]. */
int parse_protect_hostname(struct setting_context *c)
{
	struct unit_exec *e = c->unit->exec;
	size_t n = strcspn(c->value, ":");
	char *word = arena_strndup(c->arena, c->value, n);
	const char *name = NULL;
	bool on = false;
	int r = c->value[n] ? expand_text(c, c->value + n + 1, (unsigned)n + 1, &name) : 0;

	if (!word || r != 0) {
		return word ? r : -ENOMEM;
	}
	if (strcmp(word, "private") != 0 && value_parse_bool(word, &on) != 0) {
		return setting_error(c, 0, "\"%.64s\" is none of no, yes, private", word);
	}
	if (name && (!on && *word != 'p')) {
		return setting_error(c, (unsigned)n, "a host name needs yes or private before it");
	}
	if (name && (!*name || strlen(name) > 64 ||
			    strspn(name, "abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789-._") != strlen(name))) {
		return setting_error(c, (unsigned)n + 1, "\"%.64s\" is not a host name", name);
	}
	e->protect_hostname = on;
	e->private_hostname = *word == 'p';
	e->host_name = name;
	return 0;
}

int parse_mount_flags(struct setting_context *c)
{
	if (!*c->value || strcmp(c->value, "slave") == 0 || strcmp(c->value, "private") == 0) {
		return 0;
	}
	if (strcmp(c->value, "shared") == 0) {
		return setting_error(c, 0,
			"\"shared\" would give the unit's mounts to the host; use slave, or "
			"Profile=trusted without settings that need a mount namespace");
	}
	return setting_error(c, 0, "\"%.64s\" is none of slave, private, shared", c->value);
}

/* ---- images ---- */

static bool is_partition(const char *word)
{
	static const char *const names[] = { "root", "usr", "home", "srv", "esp", "xbootldr", "tmp",
		"var", "root-verity", "usr-verity" };

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		if (strcmp(names[i], word) == 0) {
			return true;
		}
	}
	return false;
}

/* RootImageOptions=: OPTIONS, or root:OPTIONS; of another partition there is none. */
int parse_image_options(struct setting_context *c)
{
	const char *text = NULL, *colon;
	int r = expand_text(c, c->value, 0, &text);

	if (r != 0) {
		return r;
	}
	colon = strchr(text, ':');
	if (strchr(text, ' ') || (colon && strncmp(text, "root:", 5) != 0)) {
		return setting_error(c, 0,
			"an image has no partitions here: write OPTIONS or root:OPTIONS once");
	}
	*(const char **)c->target = colon ? colon + 1 : *text ? text : NULL;
	return 0;
}

static const char *clean(struct setting_context *c, char *path, unsigned column)
{
	if (!value_is_path(path)) {
		setting_error(c, column, "\"%.128s\" is not an absolute path without \"..\"", path);
		return NULL;
	}
	value_simplify_path(path);
	return path;
}

/* "[-]SOURCE:TARGET[:[root:]OPTIONS]" */
static int parse_image(struct setting_context *c, const struct word *word)
{
	struct unit_path path = { .kind = PLAN_MOUNT_IMAGE, .origin = c->origin };
	const unsigned column = word->column;
	char *fields[4] = { NULL };
	struct unit_path *row;
	int n = parse_fields(c, word, fields, ELEMENTSOF(fields));

	if (n < 0) {
		return n;
	}
	path.flags = *word->text == '-' ? PLAN_MOUNT_F_IGNORE_MISSING : 0;
	if (n < 2 || (n == 3 && is_partition(fields[2])) ||
		(n == 4 && strcmp(fields[2], "root") != 0)) {
		return setting_error(
			c, column, "an image is SOURCE:TARGET[:OPTIONS], without partitions");
	}
	path.source = clean(c, fields[0] + (*word->text == '-'), column);
	path.target = clean(c, fields[1], column);
	path.options = n > 2 ? fields[n - 1] : NULL;
	if (!path.source || !path.target) {
		return -EINVAL;
	}
	row = list_push(c->arena, &c->unit->exec->paths, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = path;
	return 0;
}

static void drop_kind(struct list *paths, enum plan_mount_kind kind)
{
	struct unit_path *rows = paths->items;
	size_t n = 0;

	for (size_t i = 0; i < paths->n; i++) {
		if (rows[i].kind != kind) {
			rows[n++] = rows[i];
		}
	}
	paths->n = n;
}

/* "[-]PATH": the directory keeps its place in the list, the last is on top. */
static int parse_extension(struct setting_context *c, const struct word *word)
{
	struct unit_path path = { .kind = PLAN_MOUNT_EXTENSION, .origin = c->origin };
	struct unit_path *row, *rows = c->unit->exec->paths.items;
	const unsigned column = word->column;
	char *text = NULL;
	unsigned n = 0;
	int r = parse_fields(c, word, &text, 1);

	if (r < 0) {
		return r;
	}
	for (size_t i = 0; i < c->unit->exec->paths.n; i++) {
		n += rows[i].kind == PLAN_MOUNT_EXTENSION;
	}
	if (n >= LIMIT_EXTENSIONS) {
		return setting_error(c, column, "more than %u extensions", LIMIT_EXTENSIONS);
	}
	if (strchr(text, ':')) {
		return setting_error(c, column, "a directory of an extension has no \":\" in it");
	}
	path.flags = *word->text == '-' ? PLAN_MOUNT_F_IGNORE_MISSING : 0;
	path.source = clean(c, text + (*word->text == '-'), column);
	if (!path.source) {
		return -EINVAL;
	}
	if (!path.source[1]) {
		return setting_error(c, column, "/ is not an extension");
	}
	row = list_push(c->arena, &c->unit->exec->paths, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = path;
	return 0;
}

static int parse_mounts(struct setting_context *c, enum plan_mount_kind kind,
	int (*parse)(struct setting_context *c, const struct word *word))
{
	const char *p = c->value;
	struct word word;
	int r;

	if (!*c->value) {
		drop_kind(&c->unit->exec->paths, kind);
		return 0;
	}
	while ((r = word_next(&p, c->value, c->arena, &word)) > 0) {
		r = c->unit->exec->paths.n >= LIMIT_MOUNTS
			    ? setting_error(c, 0, "more than %u paths", LIMIT_MOUNTS)
			    : parse(c, &word);
		if (r != 0) {
			return r;
		}
	}
	return r == -EINVAL ? setting_error(c, 0, "quote is not closed") : r;
}

int parse_mount_images(struct setting_context *c)
{
	return parse_mounts(c, PLAN_MOUNT_IMAGE, parse_image);
}

int parse_extension_directories(struct setting_context *c)
{
	return parse_mounts(c, PLAN_MOUNT_EXTENSION, parse_extension);
}

/* ---- NAME[:LINK[:ro]] of RuntimeDirectory= and its kin ---- */

int parse_dir_word(struct setting_context *c, const struct word *word)
{
	struct unit_dirs *dirs = c->target;
	const unsigned column = word->column;
	char *fields[4] = { NULL };
	struct unit_dir *dir;
	int n = parse_fields(c, word, fields, ELEMENTSOF(fields));

	if (n < 0) {
		return n;
	}
	if (n > 3 || (fields[2] && *fields[2] && strcmp(fields[2], "ro") != 0)) {
		return setting_error(c, column, "\"%.128s\" is not NAME[:LINK[:ro]]", word->text);
	}
	if (strchr(fields[0], ':')) {
		return setting_error(c, column,
			"\"%.128s\": a colon in a name would separate two in the environment",
			fields[0]);
	}
	if (!value_is_relative_path(fields[0]) ||
		(fields[1] && *fields[1] && !value_is_relative_path(fields[1]))) {
		return setting_error(
			c, column, "\"%.128s\" is not a relative path without \"..\"", fields[0]);
	}
	if (c->row->arg && n > 1) {
		return setting_error(c, column, "%s= takes no second name", c->row->name);
	}
	dir = list_push(c->arena, &dirs->names, sizeof(*dir));
	if (!dir) {
		return -ENOMEM;
	}
	*dir = (struct unit_dir) {
		.name = fields[0],
		.link = fields[1] && *fields[1] ? fields[1] : NULL,
		.read_only = fields[2] && *fields[2],
		.origin = c->origin,
	};
	return 0;
}
