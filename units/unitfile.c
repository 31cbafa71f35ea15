// SPDX-License-Identifier: MIT
#include "unitfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"
#include "../runtime/base/limits.h"
#include "../runtime/plan/filemark.h"
#include "compatneeds.h"
#include "defaults.h"
#include "fstab.h"
#include "reader.h"
#include "settings.h"

/* A file's logical lines. */
struct parsed_file {
	const char *path;
	struct list lines; /* struct reader_line */
	bool empty;        /* no bytes: masks */
	struct stat st;
	struct needs *needs; /* of the lines, once they have been taken apart */
};

static int file_error(const struct unitfile_context *c, struct unit *u, const char *path,
	const char *text, int error)
{
	struct diag_place place = { .file = path, .unit = u->name };

	diag_add(c->d, &place, SEVERITY_ERROR, "%s%s%s", text, error ? ": " : "",
		error ? strerror(error) : "");
	u->refused = true;
	u->load_state = LOAD_ERROR;
	return -EIO;
}

static int check_owner(
	const struct unitfile_context *c, struct unit *u, const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode)) {
		return file_error(c, u, path, "not a regular file", 0);
	}
	if (!c->opts->relax_owner && st->st_uid != 0 && st->st_uid != c->opts->owner_uid) {
		return file_error(c, u, path, "refused: the file does not belong to root", 0);
	}
	if (!c->opts->relax_owner && (st->st_mode & (S_IWGRP | S_IWOTH))) {
		return file_error(
			c, u, path, "refused: others than the owner can write the file", 0);
	}
	if (st->st_size > (off_t)LIMIT_UNIT_FILE) {
		return file_error(c, u, path, "file is larger than 1 MiB", 0);
	}
	return 0;
}

/* -EIO: reported; -ENOMEM. */
static int read_file(
	const struct unitfile_context *c, struct unit *u, const char *path, struct parsed_file *ret)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *text = NULL;
	struct reader_file file = { .path = path, .unit = u->name };
	struct stat st;
	ssize_t n;
	int r;

	/* Before it is opened: some devices begin to work then, a watchdog among them. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		return file_error(c, u, path, "not a regular file", 0);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0) {
		return file_error(c, u, path, "cannot open", errno);
	}
	r = check_owner(c, u, path, &st);
	if (r != 0) {
		return r;
	}
	text = malloc((size_t)st.st_size + 1);
	if (!text) {
		return -ENOMEM;
	}
	n = fd_read_full(fd, text, (size_t)st.st_size);
	if (n < 0) {
		return file_error(c, u, path, "cannot read", (int)-n);
	}
	file.text = text;
	file.size = (size_t)n;
	*ret = (struct parsed_file) { .path = path, .empty = n == 0, .st = st };
	r = reader_parse(&file, c->arena, c->d, &ret->lines);
	u->refused = u->refused || r > 0;
	return r < 0 ? r : 0;
}

static void mark_file(struct unit *u, const struct stat *st)
{
	u->files_mark = filemark_add(u->files_mark, st);
	u->is_secret = u->is_secret || !(st->st_mode & S_IROTH);
}

static int apply_file(
	const struct unitfile_context *c, struct unit *u, const struct parsed_file *file)
{
	struct setting_context setting = { .unit = u,
		.arena = c->arena,
		.d = c->d,
		.specifiers = { u->name, u->fragment_path, c->host },
		.file = file->path,
		.profile = c->opts->profile_dir && strncmp(file->path, c->opts->profile_dir,
							   strlen(c->opts->profile_dir)) == 0 };

	return settings_apply(&setting, &file->lines);
}

/* ---- drop-ins ---- */

static int compare_dropins(const void *a, const void *b)
{
	return strcmp(((const struct scan_dropin *)a)->base, ((const struct scan_dropin *)b)->base);
}

/*
 * Drop-ins confine, and NAME.requires/ may name the firewall: a unit is not started without what of
 * these was not read. A whole unit directory that was refused, or NAME.wants/, is another matter:
 * it is one error, and the machine starts without it.
 */
static int take_dropins(
	const struct unitfile_context *c, struct unit *u, const char *owner, struct list *ret)
{
	const struct scan_entry *entry = scan_get(c->scan, owner);
	const struct scan_dropin *rows = entry ? entry->dropins.items : NULL;

	if (entry && entry->unread) {
		file_error(
			c, u, entry->unread, "what it says is not read, so the unit is refused", 0);
	}

	for (size_t i = 0; entry && i < entry->dropins.n; i++) {
		const struct scan_dropin *have = ret->items;
		struct scan_dropin *row;
		size_t k = 0;

		while (k < ret->n && strcmp(have[k].base, rows[i].base) != 0) {
			k++;
		}
		if (k < ret->n) {
			continue;
		}
		row = list_push(c->arena, ret, sizeof(*row));
		if (!row) {
			return -ENOMEM;
		}
		*row = rows[i];
	}
	return 0;
}

/* "a-b-c.service" also takes a-b-.service.d and a-.service.d, the longest first. */
static int take_prefix_dropins(const struct unitfile_context *c, struct unit *u, struct list *ret)
{
	const char *const name = u->name;
	struct unit_name_parts parts;
	char owner[LIMIT_UNIT_NAME];
	int r = unit_name_split(name, &parts);

	if (r != 0) {
		return 0;
	}
	for (size_t i = parts.prefix_len; r == 0 && i > 1; i--) {
		if (name[i - 1] != '-' || i == parts.prefix_len) {
			continue;
		}
		memcpy(owner, name, i);
		strcpy(owner + i, name + parts.suffix);
		r = take_dropins(c, u, owner, ret);
	}
	return r;
}

/* Most specific first: where two have one file name, that one counts. */
static int collect_dropins(const struct unitfile_context *c, struct unit *u, struct list *ret)
{
	const char *const *aliases = u->aliases.items;
	char template_name[LIMIT_UNIT_NAME];
	int r = take_dropins(c, u, u->name, ret);

	for (size_t i = 0; r == 0 && i < u->aliases.n; i++) {
		r = take_dropins(c, u, aliases[i], ret);
	}
	if (r == 0 && unit_name_template(u->name, template_name) == 0) {
		r = take_dropins(c, u, template_name, ret);
	}
	r = r == 0 ? take_prefix_dropins(c, u, ret) : r;
	r = r == 0 ? take_dropins(c, u, unit_type_to_string(u->type), ret) : r;
	if (ret->n > 1) {
		qsort(ret->items, ret->n, sizeof(struct scan_dropin), compare_dropins);
	}
	if (r == 0 && ret->n > LIMIT_DROPINS_PER_UNIT) {
		file_error(c, u, u->fragment_path, "too many drop-ins", 0);
		ret->n = 0;
	}
	return r;
}

static int read_dropins(const struct unitfile_context *c, struct unit *u, struct list *files)
{
	struct list dropins = { 0 };
	int r = collect_dropins(c, u, &dropins);

	for (size_t i = 0; r == 0 && i < dropins.n; i++) {
		const struct scan_dropin *dropin = (const struct scan_dropin *)dropins.items + i;
		struct parsed_file file = { 0 }, *row;
		const char **path;

		if (dropin->masked) {
			continue;
		}
		r = read_file(c, u, dropin->path, &file);
		if (r == -EIO) {
			r = 0;
			continue;
		}
		row = r == 0 ? list_push(c->arena, files, sizeof(*row)) : NULL;
		path = row ? list_push(c->arena, &u->dropin_paths, sizeof(*path)) : NULL;
		if (!path) {
			return -ENOMEM;
		}
		*row = file;
		*path = dropin->path;
		mark_file(u, &file.st);
	}
	return r;
}

/* ---- profiles ---- */

/* The last Profile= of the unit's own files, or the default of its place. */
static const char *choose_profile(const struct unit *u, const struct list *files)
{
	const char *profile = u->from_systemd ? "compat" : "standard";
	const struct parsed_file *rows = files->items;

	for (size_t i = 0; i < files->n; i++) {
		const struct reader_line *lines = rows[i].lines.items;

		for (size_t k = 0; k < rows[i].lines.n; k++) {
			if (lines[k].key && strcmp(lines[k].key, "Profile") == 0 &&
				strcmp(lines[k].section, "Container") == 0) {
				profile = lines[k].value;
			}
		}
	}
	return profile;
}

/* A file of the profiles' directory, read once in a load. *ret NULL: there is none, or a broken
 * one. */
static int profile_file(const struct unitfile_context *c, struct unit *u, const char *name,
	struct parsed_file **ret)
{
	struct parsed_file *file = namemap_get(c->profiles, name);
	const char *path;
	int r;

	*ret = file;
	if (file) {
		return 0;
	}
	file = arena_alloc(c->arena, sizeof(*file));
	path = arena_printf(c->arena, "%s/%s.conf", c->opts->profile_dir, name);
	if (!file || !path) {
		return -ENOMEM;
	}
	r = read_file(c, u, path, file);
	if (r == -EIO) {
		return 0;
	}
	if (r != 0 || namemap_put(c->profiles, c->arena, name, file) != 0) {
		return -ENOMEM;
	}
	*ret = file;
	return 0;
}

/* What the profile grants to units like this one: under the unit's own lines as well. */
static int apply_needs(const struct unitfile_context *c, struct unit *u, const struct list *files)
{
	const struct parsed_file *rows = files->items;
	const struct list **own = arena_alloc(c->arena, (files->n + 1) * sizeof(*own));
	struct needs_unit unit = { u->name, own, files->n };
	struct parsed_file *needs, chosen;
	int r = own ? profile_file(c, u, "compat-needs", &needs) : -ENOMEM;

	if (r < 0 || !needs) {
		return r;
	}
	if (!needs->needs) {
		needs->needs = arena_alloc(c->arena, sizeof(*needs->needs));
		r = needs->needs ? needs_prepare(c->arena, &needs->lines, needs->needs) : -ENOMEM;
	}
	if (r < 0) {
		return r;
	}
	for (size_t i = 0; i < files->n; i++) {
		own[i] = &rows[i].lines;
	}
	c->chosen->n = 0;
	r = needs_select(c->arena, needs->needs, &unit, c->chosen);
	chosen = (struct parsed_file) { .path = needs->path, .lines = *c->chosen };
	return r < 0 ? r : apply_file(c, u, &chosen);
}

static int apply_profile(const struct unitfile_context *c, struct unit *u, const struct list *files)
{
	const char *profile = choose_profile(u, files);
	struct parsed_file *file;
	int r;

	u->container.profile = profile;
	if (!c->opts->profile_dir || strchr(profile, '/')) {
		return 0;
	}
	r = profile_file(c, u, profile, &file);
	if (r < 0 || !file) {
		return r;
	}
	r = apply_file(c, u, file);
	if (r == 0 && strcmp(profile, "compat") == 0) {
		r = apply_needs(c, u, files);
	}
	/* A profile's own [Container] says nothing about the unit. */
	u->container.profile = profile;
	return r;
}

/* ---- the whole ---- */

/* One unit's links from all directories: a masked one hides those of its name that come later. */
struct link_pass {
	const struct unitfile_context *c;
	struct unit *unit;
	struct list masked; /* const struct scan_link * */
};

static bool is_hidden(const struct link_pass *p, const struct scan_link *link)
{
	const struct scan_link *const *masked = p->masked.items;

	for (size_t i = 0; i < p->masked.n; i++) {
		if (masked[i]->kind == link->kind && strcmp(masked[i]->name, link->name) == 0) {
			return true;
		}
	}
	return false;
}

static int add_link(struct link_pass *p, const struct scan_link *link)
{
	struct unit_dep dep = { .kind = link->kind, .name = link->name, .origin = link->path };
	const struct scan_link **row;

	if (unit_name_classify(dep.name) == UNIT_NAME_TEMPLATE || is_hidden(p, link)) {
		return 0;
	}
	if (!link->masked) {
		return unit_add_dep(p->unit, p->c->arena, &dep);
	}
	row = list_push(p->c->arena, &p->masked, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = link;
	return 0;
}

static int add_links(struct link_pass *p, const char *owner)
{
	const struct scan_entry *entry = scan_get(p->c->scan, owner);
	const struct scan_link *links = entry ? entry->links.items : NULL;
	int r = 0;

	for (size_t i = 0; entry && r == 0 && i < entry->links.n; i++) {
		r = add_link(p, &links[i]);
	}
	return r;
}

/* Those of a name, of its template, and of its prefixes as for drop-ins: "a-.service.wants". */
static int add_named_links(struct link_pass *p, const char *name)
{
	char owner[LIMIT_UNIT_NAME];
	struct unit_name_parts parts;
	int r = add_links(p, name);

	if (r == 0 && unit_name_template(name, owner) == 0) {
		r = add_links(p, owner);
	}
	if (unit_name_split(name, &parts) != 0) {
		return r;
	}
	for (size_t i = parts.prefix_len; r == 0 && i > 1; i--) {
		if (name[i - 1] == '-' && i < parts.prefix_len) {
			memcpy(owner, name, i);
			strcpy(owner + i, name + parts.suffix);
			r = add_links(p, owner);
		}
	}
	return r;
}

static int add_all_links(const struct unitfile_context *c, struct unit *u)
{
	struct link_pass pass = { .c = c, .unit = u };
	const char *const *aliases = u->aliases.items;
	int r = add_named_links(&pass, u->name);

	for (size_t i = 0; r == 0 && i < u->aliases.n; i++) {
		r = add_named_links(&pass, aliases[i]);
	}
	return r;
}

/* Anybody may read what a unit was refused for, but not what a file of root's alone says. */
static const char *tell_error(const struct unitfile_context *c, const struct unit *u)
{
	const struct diagnostic *first = diag_first_error(c->d, u->name);
	struct diagnostic place;

	if (!first) {
		return "refused";
	}
	place = *first;
	if (u->is_secret) {
		place.text = UNIT_ERROR_HIDDEN;
	}
	return diag_format(c->arena, &place);
}

static void finish(const struct unitfile_context *c, struct unit *u)
{
	if (!u->refused) {
		return;
	}
	if (u->load_state != LOAD_ERROR) {
		u->load_state = LOAD_BAD_SETTING;
	}
	u->load_error = tell_error(c, u);
}

/* Types that have no runtime of their own here: known, never started. */
static bool type_is_supported(enum unit_type type)
{
	return type != UNIT_SCOPE;
}

static int apply_all(const struct unitfile_context *c, struct unit *u, const struct list *files)
{
	const struct defaults_context defaults = { c->arena, c->d, c->scan };
	const struct parsed_file *rows = files->items;
	int r = 0;

	/* mount(8) and swapon(8) work on the machine itself: no walls. */
	if (u->service && !u->mount) {
		r = apply_profile(c, u, files);
	}
	for (size_t i = 0; r == 0 && i < files->n; i++) {
		r = apply_file(c, u, &rows[i]);
	}
	r = r == 0 ? add_all_links(c, u) : r;
	r = r == 0 ? defaults_resolve(&defaults, u) : r;
	if (r != 0) {
		return r;
	}
	defaults_check(&defaults, u);
	r = defaults_add_deps(&defaults, u);
	if (!type_is_supported(u->type)) {
		u->load_state = LOAD_ERROR;
		u->load_error = arena_printf(c->arena, "units of type %s are not supported",
			unit_type_to_string(u->type));
	}
	return r;
}

int unitfile_load(const struct unitfile_context *c, struct unit *u, const char *path)
{
	struct parsed_file fragment = { 0 }, *row;
	struct list files = { 0 };
	int r;

	if (!path) {
		u->load_state = LOAD_NOT_FOUND;
		return 0;
	}
	u->fragment_path = path;
	r = read_file(c, u, path, &fragment);
	if (r == -EIO) {
		finish(c, u);
		return 0;
	}
	mark_file(u, &fragment.st);
	if (r == 0 && fragment.empty) {
		u->load_state = LOAD_MASKED;
		u->install_state = INSTALL_MASKED;
		return 0;
	}
	row = r == 0 ? list_push(c->arena, &files, sizeof(*row)) : NULL;
	if (!row) {
		return -ENOMEM;
	}
	*row = fragment;
	r = read_dropins(c, u, &files);
	r = r == 0 ? apply_all(c, u, &files) : r;
	if (r == 0) {
		finish(c, u);
	}
	return r;
}

int unitfile_load_bare(const struct unitfile_context *c, struct unit *u)
{
	struct list files = { 0 };
	int r = read_dropins(c, u, &files);

	r = r == 0 ? apply_all(c, u, &files) : r;
	if (r == 0) {
		finish(c, u);
	}
	return r;
}

int unitfile_load_fstab(
	const struct unitfile_context *c, struct unit *u, const struct fstab_row *row)
{
	int r;

	u->source_path = c->opts->fstab;
	u->install_state = INSTALL_GENERATED;
	r = fstab_apply(row, c->arena, c->d, u);
	return r == 0 ? unitfile_load_bare(c, u) : r;
}
