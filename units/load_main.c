// SPDX-License-Identifier: MIT
/*
 * supd-load: the offline compiler. Modes:
 *   supd-load                      by supd-init: descriptors of enum load_fd; never fails because
 *                                  of a broken unit
 *   supd-load --settings -- ARGV…  command line and supd.conf to LOAD_FD_SETTINGS
 *   supd-load --machine            kernel command line, credentials and supd.conf to the same
 *   supd-load --verify [--unit-path DIR[:DIR…]] FILE…
 *   supd-load --dump [--unit-path DIR[:DIR…]] FILE…
 *   supd-load --facts [--unit-path DIR[:DIR…]] FILE…   the effective settings, see facts.h
 *   supd-load --unit-facts --unit-path DIR[:DIR…] UNIT…   the same of units of the path
 *   supd-load --install VERB …      see install_main.h
 *   supd-load --list-settings       the table of settings, for supctl
 *   supd-load --man                 supd.unit(5)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"
#include "../runtime/plan/launchwire.h"
#include "conf.h"
#include "confmanual.h"
#include "dump.h"
#include "facts.h"
#include "install_main.h"
#include "load.h"
#include "manual.h"
#include "ordercycle.h"
#include "sandbox.h"

#define KERNEL_WORDS_MAX  8192u
#define NOTIFY_CREDENTIAL "/run/credentials/@system/vmm.notify_socket"

enum exit_status {
	EXIT_OK,
	EXIT_ERRORS, /* diagnostics with errors */
	EXIT_USAGE,
	EXIT_BROKEN, /* no memory, no sandbox, bad descriptors */
};

struct mode {
	const char *option;
	int (*run)(struct load *l, const char *const *args);
};

static const char usage[] = "usage: supd-load --verify [--unit-path DIR[:DIR...]] FILE...\n"
			    "       supd-load --dump [--unit-path DIR[:DIR...]] FILE...\n"
			    "       supd-load --facts [--unit-path DIR[:DIR...]] FILE...\n"
			    "       supd-load --unit-facts --unit-path DIR[:DIR...] UNIT...\n"
			    "       supd-load --install VERB ...\n"
			    "       supd-load --settings -- [ARGUMENT...]\n"
			    "       supd-load --machine\n"
			    "       supd-load --list-settings\n"
			    "       supd-load --man PAGE\n";

static int complain(const char *what, int error)
{
	fprintf(stderr, "supd-load: %s: %s%s\n", what, strerror(-error),
		error == -ENOMEM ? " (RLIMIT_AS)" : "");
	return EXIT_BROKEN;
}

static void print_diagnostics(struct load *l)
{
	const struct diagnostic *rows = l->diagnostics.rows.items;

	for (size_t i = 0; i < l->diagnostics.rows.n; i++) {
		const char *text = diag_format(&l->arena, &rows[i]);

		if (text) {
			fprintf(stderr, "%s\n", text);
		}
	}
	if (l->diagnostics.n_dropped) {
		fprintf(stderr, "(%zu more)\n", l->diagnostics.n_dropped);
	}
}

/* Something is wrong that no file says. */
static bool blames_options(const struct load *l)
{
	const struct diagnostic *rows = l->diagnostics.rows.items;
	bool found = false;

	for (size_t i = 0; i < l->diagnostics.rows.n; i++) {
		found |= !rows[i].file;
	}
	return found;
}

static int write_settings(struct load *l, const struct conf_input *input)
{
	struct settings settings;
	int r = conf_load(input, &l->arena, &l->diagnostics, &settings);

	print_diagnostics(l);
	if (r == -EINVAL) {
		fputs(blames_options(l) ? conf_usage : "", stderr);
		return EXIT_USAGE;
	}
	r = r < 0 ? r : fd_write_full(LOAD_FD_SETTINGS, &settings, sizeof(settings));
	return r < 0 ? complain("settings", r) : EXIT_OK;
}

static int run_settings(struct load *l, const char *const *args)
{
	struct conf_input input = { .shipped_dir = l->shipped_dir, .users = &l->users };

	input.argv = args[0] && strcmp(args[0], "--") == 0 ? args + 1 : args;
	return write_settings(l, &input);
}

static int run_machine(struct load *l, const char *const *args)
{
	static const char *const none[] = { NULL };
	struct conf_input input = {
		.argv = none, .shipped_dir = l->shipped_dir, .users = &l->users
	};
	char words[KERNEL_WORDS_MAX], notify[SETTINGS_PATH];

	(void)args;
	if (fd_read_text("/proc/cmdline", words, sizeof(words)) > 0) {
		input.kernel_command_line = words;
	}
	if (fd_read_text(NOTIFY_CREDENTIAL, notify, sizeof(notify)) > 0) {
		input.notify_socket = notify;
	}
	return write_settings(l, &input);
}

static int read_settings(struct settings *ret)
{
	ssize_t n = pread(LOAD_FD_SETTINGS, ret, sizeof(*ret), 0);

	if (n < 0) {
		return -errno;
	}
	return n == sizeof(*ret) && ret->magic == SETTINGS_MAGIC &&
			       ret->version == SETTINGS_VERSION &&
			       memchr(ret->unit_path, 0, sizeof(ret->unit_path)) &&
			       memchr(ret->runtime_dir, 0, sizeof(ret->runtime_dir))
		       ? 0
		       : -EBADMSG;
}

static int regular_or_none(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fd : -1;
}

static int run_load(struct load *l, const char *const *args)
{
	struct settings settings;
	int r = read_settings(&settings);

	(void)args;
	if (r < 0) {
		return complain("settings", r);
	}
	load_use_previous(l, LOAD_FD_PREV_PLANS, LOAD_FD_PREV_MANIFEST);
	r = load_run(l, &settings, NULL, regular_or_none(LOAD_FD_IDTABLE));
	if (r < 0) {
		return complain("load", r);
	}
	r = load_write(l, LOAD_FD_PLANS, LOAD_FD_MANIFEST);
	return r < 0 ? complain("writing the catalogue", r) : EXIT_OK;
}

/* Loads the files of the command line. EXIT_OK: look at the diagnostics. */
static int load_files(struct load *l, struct settings *settings, const char *const *args)
{
	const char *path = l->shipped_dir ? l->shipped_dir : "/usr/lib/supd";
	int r;

	if (args[0] && strcmp(args[0], "--unit-path") == 0 && args[1]) {
		path = args[1];
		args += 2;
	}
	if (!args[0] || strlen(path) >= sizeof(settings->unit_path)) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	conf_defaults(&l->users, settings);
	strcpy(settings->unit_path, path);
	r = load_run(l, settings, args, -1);
	return r < 0 ? complain("load", r) : EXIT_OK;
}

/* A program that is not there fails the start, unless a '-' or another root is before it. */
static void check_programs(struct load *l, const struct unit *u)
{
	const struct unit_command *commands = u->service->commands.items;

	for (size_t i = 0; i < u->service->commands.n; i++) {
		const char *path = commands[i].path, *origin = commands[i].origin;
		const char *colon = origin ? strrchr(origin, ':') : NULL;
		struct diag_place place = { .file = u->fragment_path, .unit = u->name };
		struct stat st;

		if (*path != '/' || (commands[i].flags & COMMAND_IGNORE_FAILURE) ||
			(stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111))) {
			continue;
		}
		place.line = colon ? (uint32_t)strtoul(colon + 1, NULL, 10) : 0;
		diag_add(&l->diagnostics, &place, SEVERITY_WARNING,
			"%s=: %s is no program that can be executed on this machine",
			exec_phase_to_string(commands[i].phase), path);
	}
}

/* The units that files are: their names. */
static const char *const *basenames(struct load *l, const char *const *files)
{
	size_t n = 0;
	const char **names;

	while (files[n]) {
		n++;
	}
	names = arena_alloc_array(&l->arena, n + 1, sizeof(*names));
	for (size_t i = 0; names && i < n; i++) {
		const char *slash = strrchr(files[i], '/');

		names[i] = slash ? slash + 1 : files[i];
	}
	return names;
}

/* What is wrong with units beside the given files is not asked for. */
static void forget_beside(struct load *l)
{
	struct diagnostics *d = &l->diagnostics;
	struct diagnostic *rows = d->rows.items;
	size_t n = 0;

	for (size_t i = 0; i < d->rows.n; i++) {
		const struct unit *u = rows[i].unit ? unit_set_find(&l->set, rows[i].unit) : NULL;

		if (u && u->beside) {
			d->n_errors -= rows[i].severity == SEVERITY_ERROR;
		} else {
			rows[n++] = rows[i];
		}
	}
	d->rows.n = n;
}

static int run_verify(struct load *l, const char *const *args)
{
	bool has_path = args[0] && strcmp(args[0], "--unit-path") == 0 && args[1];
	struct settings settings;
	const char *const *names;
	int status = load_files(l, &settings, args);

	for (size_t i = 0; status == EXIT_OK && i < l->set.n; i++) {
		const struct unit *u = l->set.units[i];

		if (u->type == UNIT_SERVICE && u->load_state == LOAD_LOADED && !u->beside &&
			!u->exec->root_directory && !u->exec->root_image) {
			check_programs(l, u);
		}
	}
	forget_beside(l);
	names = status == EXIT_OK ? basenames(l, args + 2 * has_path) : NULL;
	if (names && ordercycle_report(&l->set, names, &l->arena, &l->diagnostics) < 0) {
		return complain("ordering cycles", -ENOMEM);
	}
	print_diagnostics(l);
	return status == EXIT_OK && l->diagnostics.n_errors ? EXIT_ERRORS : status;
}

static int dump_written(struct load *l, int fd)
{
	struct catalogue c;
	struct stat st;
	void *p;
	int r;

	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED) {
		return -errno;
	}
	r = catalogue_open(p, (size_t)st.st_size, &c);
	if (r == 0) {
		r = dump_catalogue(stdout, &c, &l->compile.manifest, &l->arena);
	}
	munmap(p, (size_t)st.st_size);
	return r;
}

static int run_dump(struct load *l, const char *const *args)
{
	AUTO_CLOSE int fd = memfd_create("plans", MFD_CLOEXEC);
	struct settings settings;
	int status = load_files(l, &settings, args);
	int r;

	forget_beside(l);
	print_diagnostics(l);
	if (status != EXIT_OK || fd < 0) {
		return fd < 0 ? EXIT_BROKEN : status;
	}
	r = catalogue_write(&l->compile.builder, &l->users.passwd, &l->users.group, fd);
	r = r < 0 ? r : dump_written(l, fd);
	if (r < 0) {
		return complain("dump", r);
	}
	return l->diagnostics.n_errors ? EXIT_ERRORS : EXIT_OK;
}

static int print_facts(struct load *l, const char *const *names)
{
	const char *missing = NULL;
	int r = facts_print(stdout, l, names, &missing);

	if (r == -ENOENT) {
		fprintf(stderr, "%s: error: no unit file\n", missing);
		return EXIT_ERRORS;
	}
	return r < 0 ? complain("facts", r) : EXIT_OK;
}

/* What is wrong with a unit stands in its own record, so the diagnostics are not printed. */
static int run_facts(struct load *l, const char *const *args)
{
	bool has_path = args[0] && strcmp(args[0], "--unit-path") == 0 && args[1];
	struct settings settings;
	int status = load_files(l, &settings, args);

	if (status == EXIT_OK && !l->set.n) {
		print_diagnostics(l);
	}
	return status == EXIT_OK ? print_facts(l, basenames(l, args + 2 * has_path)) : status;
}

static int run_unit_facts(struct load *l, const char *const *args)
{
	struct settings settings;
	int r;

	if (!args[0] || strcmp(args[0], "--unit-path") != 0 || !args[1] || !args[2] ||
		strlen(args[1]) >= sizeof(settings.unit_path)) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	conf_defaults(&l->users, &settings);
	strcpy(settings.unit_path, args[1]);
	r = load_run(l, &settings, NULL, -1);
	return r < 0 ? complain("load", r) : print_facts(l, args + 2);
}

static int run_install(struct load *l, const char *const *args)
{
	return install_main(&l->arena, args);
}

static int run_list_settings(struct load *l, const char *const *args)
{
	(void)l;
	(void)args;
	return manual_list(stdout) == 0 ? EXIT_OK : EXIT_BROKEN;
}

static int run_man(struct load *l, const char *const *args)
{
	static const struct {
		const char *name;
		int (*print)(FILE *out);
	} pages[] = {
		{ "supd.unit.5", manual_page },
		{ "supd.conf.5", confmanual_file },
		{ "supd-init.8", confmanual_program },
		{ "supd.conf", confmanual_example },
	};

	(void)l;
	for (size_t i = 0; i < ELEMENTSOF(pages); i++) {
		if (args[0] && strcmp(args[0], pages[i].name) == 0) {
			return pages[i].print(stdout) == 0 ? EXIT_OK : EXIT_BROKEN;
		}
	}
	fprintf(stderr, "supd-load: --man: supd.unit.5, supd.conf.5, supd-init.8 or supd.conf\n");
	return EXIT_USAGE;
}

static const struct mode modes[] = {
	{ "--list-settings", run_list_settings },
	{ "--man", run_man },
	{ "--install", run_install },
	{ "--settings", run_settings },
	{ "--machine", run_machine },
	{ "--verify", run_verify },
	{ "--dump", run_dump },
	{ "--facts", run_facts },
	{ "--unit-facts", run_unit_facts },
};

int main(int argc, char *argv[])
{
	const char *const *args = (const char *const *)argv + (argc > 0);
	int (*run)(struct load *, const char *const *) = args[0] ? NULL : run_load;
	struct load l;
	uint32_t landlock_abi;
	int status, r = sandbox_enter();

	if (r < 0) {
		return complain("sandbox", r);
	}
	for (size_t i = 0; args[0] && i < ELEMENTSOF(modes); i++) {
		if (strcmp(args[0], modes[i].option) == 0) {
			run = modes[i].run;
		}
	}
	if (!run) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	landlock_abi = (uint32_t)r;
	r = load_init(&l);
	l.compile.host.landlock_abi = landlock_abi;
	status = r < 0 ? complain("users", r) : run(&l, args[0] ? args + 1 : args);
	fflush(NULL);
	/* Everything goes with the process. */
	_exit(status);
}
