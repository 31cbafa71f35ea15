// SPDX-License-Identifier: MIT
/*
 * What the loader makes of a directory of unit files, in the words of `systemd --test`, for
 * loader_peer.py. No profile is merged, so what is printed is the language's meaning alone.
 *
 *   peer_units DIR[:DIR…] MANIFEST
 *
 * Prints "UNIT<tab>KEY<tab>VALUE" lines (durations in microseconds, tab, newline and backslash as
 * \t, \n, \\), diagnostics on standard error, and writes the compiled manifest for peer_jobs.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "../../runtime/base/signals.h"
#include "../../units/load.h"
#include "peer_units.h"

void peer_put(const struct unit *u, const char *key, const char *value)
{
	printf("%s\t%s\t", u->name, key);
	for (const char *p = value; *p; p++) {
		const char *special = strchr("\t\n\\", *p);

		if (special) {
			putchar('\\');
		}
		putchar(special ? "tn\\"[special - "\t\n\\"] : *p);
	}
	putchar('\n');
}

static void put_deps(const struct unit *u)
{
	const struct unit_dep *deps = u->deps.items;
	const char *const *aliases = u->aliases.items;

	for (size_t i = 0; i < u->deps.n; i++) {
		peer_put(u, dep_kind_to_string(deps[i].kind), deps[i].name);
	}
	for (size_t i = 0; i < u->aliases.n; i++) {
		peer_put(u, "Alias", aliases[i]);
	}
	if (u->cgroup.slice) {
		peer_put(u, "InSlice", u->cgroup.slice);
	}
}

static void put_conditions(const struct unit *u)
{
	const struct unit_condition *rows = u->conditions.items;

	for (size_t i = 0; i < u->conditions.n; i++) {
		char key[64], value[4096];

		snprintf(key, sizeof(key), "%s%s", rows[i].assert ? "Assert" : "Condition",
			condition_type_to_string(rows[i].type));
		snprintf(value, sizeof(value), "%s%s%s", rows[i].trigger ? "|" : "",
			rows[i].negate ? "!" : "", rows[i].parameter);
		peer_put(u, key, value);
	}
}

/* Words of a command, each in the quotes of a C string. */
static void put_commands(const struct unit *u)
{
	const struct unit_command *rows = u->service ? u->service->commands.items : NULL;

	for (size_t i = 0; rows && i < u->service->commands.n; i++) {
		char line[65536];
		size_t n = 0;

		for (size_t k = 0; k < rows[i].n_argv && n < sizeof(line) - 1; k++) {
			n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s", k ? "\x1f" : "",
				rows[i].argv[k]);
		}
		peer_put(u, exec_phase_to_string(rows[i].phase), line);
	}
}

static int print_set(const struct unit_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct unit *u = set->units[i];

		peer_put(u, "Unit Load State", load_state_to_string(u->load_state));
		if (u->load_state == LOAD_NOT_FOUND || u->is_template) {
			continue;
		}
		put_deps(u);
		put_conditions(u);
		put_commands(u);
		peer_put_values(u);
	}
	return fflush(stdout) == 0 ? 0 : -errno;
}

static int load_units(struct load *l, const char *path)
{
	struct loader_options opts = { .owner_uid = getuid() };
	struct loader_dir *dirs;
	int r = loader_split_path(path, &l->arena, &dirs, &opts.n_dirs);

	for (size_t i = 0; r == 0 && i < opts.n_dirs; i++) {
		dirs[i].systemd = true;
	}
	opts.dirs = dirs;
	return r < 0 ? r : loader_load_all(&opts, &l->arena, &l->diagnostics, &l->set);
}

static int compile_units(struct load *l, struct settings *settings)
{
	struct compile *c = &l->compile;
	int r = idtable_open(&l->ids, -1, settings->id_pool_ranges);

	c->arena = &l->arena;
	c->diagnostics = &l->diagnostics;
	c->set = &l->set;
	c->settings = settings;
	c->users = &l->users;
	c->ids = &l->ids;
	compile_read_host(&c->host);
	return r < 0 ? r : compile_all(c);
}

static int write_manifest(struct load *l, const char *path)
{
	AUTO(tlv_buf_fini) struct tlv_buf buf = { 0 };
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r = manifest_encode(&buf, &l->compile.manifest);

	if (fd < 0) {
		return -errno;
	}
	return r < 0 ? r : fd_write_full(fd, buf.data, buf.len);
}

static void print_diagnostics(struct load *l)
{
	const struct diagnostic *rows = l->diagnostics.rows.items;

	for (size_t i = 0; i < l->diagnostics.rows.n; i++) {
		fprintf(stderr, "%s\n", diag_format(&l->arena, &rows[i]));
	}
}

int main(int argc, char *argv[])
{
	static struct load l;
	static struct settings settings;
	int r;

	if (argc != 3) {
		fprintf(stderr, "usage: peer_units DIR[:DIR...] MANIFEST\n");
		return 2;
	}
	r = load_init(&l);
	if (r == 0) {
		conf_defaults(&l.users, &settings);
		r = load_units(&l, argv[1]);
	}
	r = r < 0 ? r : print_set(&l.set);
	r = r < 0 ? r : compile_units(&l, &settings);
	r = r < 0 ? r : write_manifest(&l, argv[2]);
	print_diagnostics(&l);
	if (r < 0) {
		fprintf(stderr, "peer_units: %s\n", strerror(-r));
	}
	fflush(NULL);
	_exit(r < 0);
}
