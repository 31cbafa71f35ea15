// SPDX-License-Identifier: MIT
/* The environment block: defaults, what the identity and directories give, the unit's own lines. */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "compile.h"

static const char default_path[] =
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static const char *const directory_variables[PLAN_DIR_KIND_COUNT] = {
	[PLAN_DIR_RUNTIME] = "RUNTIME_DIRECTORY",
	[PLAN_DIR_STATE] = "STATE_DIRECTORY",
	[PLAN_DIR_CACHE] = "CACHE_DIRECTORY",
	[PLAN_DIR_LOGS] = "LOGS_DIRECTORY",
	[PLAN_DIR_CONFIGURATION] = "CONFIGURATION_DIRECTORY",
};

struct block {
	struct compile_unit *cu;
	const char **items;
	uint32_t n;
	uint32_t room;
	int error;
};

/* DefaultEnvironment= of supd.conf and systemd.setenv= of the kernel command line. */
static size_t count_defaults(const struct compile *c)
{
	size_t n = 0;

	for (const char *p = c->settings->environment; *p; p += strlen(p) + 1) {
		n++;
	}
	return n;
}

/* PATH, LANG, LOG_NAMESPACE, four of the identity, the directories', the defaults, and what the
 * unit says. */
static int make_room(struct block *b)
{
	const struct unit_exec *e = b->cu->unit->exec;
	size_t n = 7 + PLAN_DIR_KIND_COUNT + count_defaults(b->cu->c) + e->pass_environment.n +
		   e->environment.n;

	b->room = n < LIMIT_ENV_VARS ? (uint32_t)n : LIMIT_ENV_VARS;
	b->items = arena_alloc_array(b->cu->c->arena, b->room, sizeof(*b->items));
	return b->items ? 0 : -ENOMEM;
}

/* Adds "K=V", in the place of an earlier K. */
static void set(struct block *b, const char *text)
{
	size_t key = text ? strcspn(text, "=") + 1 : 0;
	uint32_t i = 0;

	if (!text) {
		b->error = -ENOMEM;
		return;
	}
	while (i < b->n && strncmp(b->items[i], text, key) != 0) {
		i++;
	}
	if (i == b->room) {
		b->error = -E2BIG;
		return;
	}
	b->items[i] = text;
	b->n += i == b->n;
}

static void set_pair(struct block *b, const char *key, const char *value)
{
	set(b, arena_concat(b->cu->c->arena, key, "=", value, NULL));
}

static void set_directories(struct block *b)
{
	const struct plan_dir *dirs = b->cu->base.dirs.items;

	for (uint32_t kind = 0; kind < PLAN_DIR_KIND_COUNT; kind++) {
		const char *value = NULL;

		for (uint32_t i = 0; i < b->cu->base.dirs.n; i++) {
			if (dirs[i].kind == kind) {
				value = value ? arena_printf(b->cu->c->arena, "%s:%s", value,
							dirs[i].path)
					      : dirs[i].path;
			}
		}
		if (value) {
			set_pair(b, directory_variables[kind], value);
		}
	}
}

static const char *find_passed(const struct compile *c, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; c->environ && c->environ[i]; i++) {
		if (strncmp(c->environ[i], name, n) == 0 && c->environ[i][n] == '=') {
			return c->environ[i];
		}
	}
	return NULL;
}

static void pass(struct block *b, const char *name)
{
	const char *text = find_passed(b->cu->c, name);

	if (text) {
		set(b, arena_strdup(b->cu->c->arena, text));
	}
}

static void set_identity(struct block *b)
{
	const struct unit_exec *e = b->cu->unit->exec;

	if (!e->user && !e->dynamic_user) {
		return;
	}
	set_pair(b, "HOME", b->cu->home);
	set_pair(b, "LOGNAME", e->user ? e->user : b->cu->unit->name);
	set_pair(b, "USER", e->user ? e->user : b->cu->unit->name);
	set_pair(b, "SHELL", b->cu->shell);
}

static int add_env_file(struct compile_unit *cu, const struct unit_env_file *file, const char *path)
{
	struct plan_env_file *row =
		compile_array_push(cu->c->arena, &cu->base.env_files, sizeof(*row));

	if (!row || !path) {
		return -ENOMEM;
	}
	row->path = path;
	row->optional = file->optional;
	row->origin = file->origin;
	return 0;
}

/* Patterns are expanded at load; one without a match stays as it is, so that the start names it. */
static int add_env_files(struct compile_unit *cu)
{
	const struct unit_env_file *files = cu->unit->exec->environment_files.items;
	int r = 0;

	for (size_t i = 0; r == 0 && i < cu->unit->exec->environment_files.n; i++) {
		glob_t g;

		if (!strpbrk(files[i].path, "*?[") || glob(files[i].path, 0, NULL, &g) != 0) {
			r = add_env_file(cu, &files[i], files[i].path);
			continue;
		}
		for (size_t k = 0; r == 0 && k < g.gl_pathc; k++) {
			r = add_env_file(cu, &files[i], arena_strdup(cu->c->arena, g.gl_pathv[k]));
		}
		globfree(&g);
	}
	return r;
}

static int add_unset(struct compile_unit *cu)
{
	const struct unit_item *items = cu->unit->exec->unset_environment.items;
	uint32_t n = (uint32_t)cu->unit->exec->unset_environment.n;
	const char **names = arena_alloc_array(cu->c->arena, n + 1, sizeof(*names));

	if (!names) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++) {
		names[i] = items[i].text;
	}
	cu->base.unset_env.items = names;
	cu->base.unset_env.n = n;
	return 0;
}

int compile_environment(struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	const struct unit_item *lines = e->environment.items;
	const struct unit_item *names = e->pass_environment.items;
	struct block b = { .cu = cu };
	int r;

	if (make_room(&b) < 0) {
		return -ENOMEM;
	}
	set(&b, default_path);
	pass(&b, "LANG");
	for (const char *p = cu->c->settings->environment; *p; p += strlen(p) + 1) {
		set(&b, arena_strdup(cu->c->arena, p));
	}
	set_identity(&b);
	if (e->log_namespace) {
		set_pair(&b, "LOG_NAMESPACE", e->log_namespace);
	}
	set_directories(&b);
	for (size_t i = 0; i < e->pass_environment.n; i++) {
		pass(&b, names[i].text);
	}
	for (size_t i = 0; i < e->environment.n; i++) {
		set(&b, lines[i].text);
	}
	if (b.error == -E2BIG) {
		return compile_refuse(cu, unit_setting_origin(cu->unit, "Environment"),
			"more than %u variables", LIMIT_ENV_VARS);
	}
	if (b.error) {
		return b.error;
	}
	cu->base.env.items = b.items;
	cu->base.env.n = b.n;
	r = add_env_files(cu);
	return r < 0 ? r : add_unset(cu);
}
