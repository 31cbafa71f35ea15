// SPDX-License-Identifier: MIT
#include "unitfacts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "nearunit.h"
#include "unitpath.h"

/* What is run: the loader, its mode, and the names. */
struct command {
	char **argv;
	size_t n;
};

static bool is_file(const char *text)
{
	return strchr(text, '/') || (strchr(text, '.') && access(text, F_OK) == 0);
}

static int run(struct ctl *c, char *const *argv, struct load_facts *ret)
{
	struct loadtool tool;
	int code, r = loadtool_start(argv, STDOUT_FILENO, &tool);

	if (r < 0) {
		ctl_error(c, "%s: %s", argv[0], strerror(-r));
		return EXIT_FAILED;
	}
	r = load_facts_read(tool.lines, ret);
	code = loadtool_finish(&tool);
	if (r < 0) {
		ctl_error(c, "%s: %s", argv[0], strerror(-r));
		return EXIT_FAILED;
	}
	/* What it has to complain about it has said itself. */
	return code == 0 && ret->n ? EXIT_OK : EXIT_FAILED;
}

static char *join_dirs(const struct unitpath *path)
{
	AUTO_FREE char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f) {
		return NULL;
	}
	for (size_t i = 0; i < path->n; i++) {
		fprintf(f, "%s%s", i ? ":" : "", path->dirs[i]);
	}
	return fclose(f) == 0 ? TAKE_PTR(text) : NULL;
}

static int load_units(
	struct ctl *c, char *loader, const struct unit_list *units, struct load_facts *ret)
{
	AUTO(unitpath_fini) struct unitpath path = { .n = 0 };
	AUTO_FREE char **argv = calloc(units->n + 5, sizeof(*argv));
	AUTO_FREE char *dirs = NULL;
	size_t n = 0;

	unitpath_init(&path, c);
	dirs = join_dirs(&path);
	if (!argv || !dirs) {
		ctl_error(c, "%s", strerror(ENOMEM));
		return EXIT_FAILED;
	}
	argv[n++] = loader;
	argv[n++] = (char *)"--unit-facts";
	argv[n++] = (char *)"--unit-path";
	argv[n++] = dirs;
	for (size_t i = 0; i < units->n; i++) {
		argv[n++] = units->names[i];
	}
	return run(c, argv, ret);
}

static int load_files(
	struct ctl *c, char *loader, int n, char *const *files, struct load_facts *ret)
{
	AUTO_FREE char **argv = calloc((size_t)n + 3, sizeof(*argv));

	if (!argv) {
		ctl_error(c, "%s", strerror(ENOMEM));
		return EXIT_FAILED;
	}
	argv[0] = loader;
	argv[1] = (char *)"--facts";
	memcpy(argv + 2, files, (size_t)n * sizeof(*files));
	return run(c, argv, ret);
}

int unitfacts_load(struct ctl *c, int n, char *const *args, struct load_facts *ret)
{
	char all_services[] = "*.service";
	char *const all[] = { all_services };
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	AUTO_FREE char *loader = loadtool_find();
	int files = 0, code;

	*ret = (struct load_facts) { .n = 0 };
	if (!loader) {
		ctl_error(c, "cannot find supd-load beside supctl");
		return EXIT_FAILED;
	}
	for (int i = 0; i < n; i++) {
		files += is_file(args[i]);
	}
	if (files == n && n) {
		return load_files(c, loader, n, args, ret);
	}
	if (files) {
		ctl_error(c, "name files or units, not both at once");
		return EXIT_FAILED;
	}
	code = ctl_expand(c, n ? n : 1, n ? args : all, &units);
	if (code != EXIT_OK) {
		return code;
	}
	code = load_units(c, loader, &units, ret);
	/* In the words of the other verbs, where supd knows no such unit either. */
	for (size_t i = 0; i < units.n && code == EXIT_FAILED; i++) {
		code = nearest_is_missing(c, units.names[i]) ? EXIT_NO_UNIT : code;
	}
	return code;
}
