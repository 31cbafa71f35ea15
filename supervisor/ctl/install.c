// SPDX-License-Identifier: MIT
#include "install.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../runtime/base/bootpaths.h"
#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/number.h"
#include "../../runtime/base/unitname.h"
#include "diagnostics.h"
#include "exitcode.h"
#include "loadtool.h"
#include "nearunit.h"
#include "rootdir.h"
#include "text.h"

/* ---- directories ---- */

/* A directory that only root (or the caller) can write, or that is not there yet. */
static bool is_trusted(const char *dir)
{
	struct stat st;

	if (stat(dir, &st) < 0) {
		return errno == ENOENT;
	}
	return (st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & 022);
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

static void choose(struct install_dirs *d, const char *runtime_dir)
{
	for (size_t i = 0; i < d->path.n; i++) {
		const char *dir = d->path.dirs[i];
		bool own = is_below(dir, runtime_dir);
		const char *base = strrchr(dir, '/') + 1;

		if (strcmp(dir, BOOTUNITS_DIR) == 0) {
			continue; /* the boot's */
		}
		if (!own && !d->persistent) {
			d->persistent = dir;
		} else if (own && strcmp(base, "units") == 0) {
			d->runtime = dir;
		} else if (own && strcmp(base, "transient") == 0) {
			d->transient = dir;
		}
	}
}

int install_dirs_init(struct install_dirs *d, struct ctl *c)
{
	size_t n = 0;

	*d = (struct install_dirs) { .persistent = NULL };
	if (c->o.root) {
		unitpath_init_default(&d->path);
		choose(d, OPTIONS_RUNTIME_DIR);
		return EXIT_OK;
	}
	unitpath_init(&d->path, c);
	for (size_t i = 0; i < d->path.n; i++) {
		if (is_trusted(d->path.dirs[i])) {
			d->path.dirs[n++] = d->path.dirs[i];
		} else {
			ctl_error(c, "%s: directory refused: others than root can write it",
				d->path.dirs[i]);
			free(d->path.dirs[i]);
		}
	}
	d->path.n = n;
	choose(d, c->o.runtime_dir);
	if (!d->persistent || !d->runtime) {
		choose(d, OPTIONS_RUNTIME_DIR);
	}
	if (!d->persistent || !d->runtime) {
		ctl_error(c, "no unit directory of the administrator in the unit path");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

void install_dirs_fini(struct install_dirs *d)
{
	unitpath_fini(&d->path);
}

const char *install_dirs_config(const struct install_dirs *d, const struct ctl *c)
{
	return c->o.runtime ? d->runtime : d->persistent;
}

/* ---- the plan ---- */

bool install_next(const char **cursor, const char *end, struct install_record *ret)
{
	const char **fields[] = { &ret->kind, &ret->path, &ret->source, &ret->error };
	const char *at = *cursor;

	for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
		const char *nul = at < end ? memchr(at, 0, (size_t)(end - at)) : NULL;

		if (!nul) {
			return false;
		}
		*fields[i] = at;
		at = nul + 1;
	}
	*cursor = at;
	return true;
}

static char *join_path(const struct unitpath *path)
{
	size_t size = 1;
	char *text;

	for (size_t i = 0; i < path->n; i++) {
		size += strlen(path->dirs[i]) + 1;
	}
	text = calloc(1, size);
	for (size_t i = 0; text && i < path->n; i++) {
		strcat(text, i ? ":" : "");
		strcat(text, path->dirs[i]);
	}
	return text;
}

void install_plan_fini(struct install_plan *p)
{
	free(p->data);
	*p = (struct install_plan) { NULL, 0 };
}

int install_plan_make(struct ctl *c, const struct install_dirs *d, int n, char *const *words,
	struct install_plan *ret)
{
	AUTO_FREE char *path = join_path(&d->path);
	AUTO_FREE const char **argv = calloc((size_t)n + 20, sizeof(*argv));
	const char *const fixed[] = { NULL, "--install", words[0], "--unit-path", path,
		"--persistent", d->persistent, "--runtime", d->runtime, "--transient",
		d->transient ? d->transient : "", "--root", c->o.root ? c->o.root : "" };
	size_t used = ELEMENTSOF(fixed);
	int r;

	if (!path || !argv) {
		ctl_error(c, "%s", strerror(ENOMEM));
		return EXIT_FAILED;
	}
	memcpy(argv, fixed, sizeof(fixed));
	if (c->o.force || c->o.follow) {
		argv[used++] = "--force";
	}
	if (c->o.runtime) {
		argv[used++] = "--at-runtime";
	}
	argv[used++] = "--";
	for (int i = 1; i < n; i++) {
		argv[used++] = words[i];
	}
	r = loadtool_collect(argv, &ret->data, &ret->size);
	if (r != 0) {
		ctl_error(c, "supd-load: %s", r < 0 ? strerror(-r) : "failed");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

/* ---- carrying out ---- */

/* What an error means; %v is the verb, %p the path, %s the source. */
static const struct {
	int error;
	const char *text;
	const char *without_source; /* NULL: the same */
} error_texts[] = {
	{ EEXIST, "Failed to %v unit, file \"%p\" already exists and is a symlink to \"%s\".",
		"Failed to %v unit, file \"%p\" already exists." },
	{ ERFKILL, "Failed to %v unit, unit %p is masked.", NULL },
	{ EADDRNOTAVAIL, "Failed to %v unit, unit %p is transient or generated.", NULL },
	{ EBADSLT, "Failed to %v unit, invalid specifier in \"%p\".", NULL },
	{ EUNATCH, "Failed to %v unit, cannot resolve specifiers in \"%p\".", NULL },
	{ EIDRM, "Failed to %v %s, destination unit %p is a non-template unit.", NULL },
	{ EUCLEAN, "Failed to %v unit, \"%p\" is not a valid unit name.", NULL },
	{ ELOOP, "Failed to %v unit, refusing to operate on linked unit file %p.", NULL },
	{ EXDEV, "Failed to %v unit, cannot alias %s as %p.",
		"Failed to %v unit, invalid unit reference %p." },
	{ ENOENT, "Failed to %v unit, unit %p does not exist.", NULL },
	{ ENOLINK, "Failed to %v unit, %p is an alias of a unit that is not there.", NULL },
};

static void print_template(
	FILE *out, const char *text, const char *verb, const struct install_record *record)
{
	for (; *text; text++) {
		if (*text != '%') {
			putc(*text, out);
			continue;
		}
		text++;
		text_puts(out, *text == 'v' ? verb : *text == 'p' ? record->path : record->source);
	}
	putc('\n', out);
}

/* What may have been meant, on a line of its own: the message is systemctl's. */
static void say_hint(struct ctl *c, int error, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *unit = slash ? slash + 1 : path;
	char hint[NEAREST_HINT] = "";

	if (error == ENOENT) {
		nearest_unit(c, unit, hint);
	}
	if (*hint) {
		ctl_error(c, "%s: %s", unit, hint + strlen("; "));
	}
}

static void print_error(struct ctl *c, const char *verb, const struct install_record *record)
{
	uint32_t error = 0;

	(void)number_parse_u32(record->error, &error);
	for (size_t i = 0; i < ELEMENTSOF(error_texts); i++) {
		if (error_texts[i].error == (int)error) {
			bool bare = !*record->source && error_texts[i].without_source;

			print_template(c->err,
				bare ? error_texts[i].without_source : error_texts[i].text, verb,
				record);
			say_hint(c, (int)error, record->path);
			return;
		}
	}
	fprintf(c->err, "Failed to %s unit, file \"", verb);
	text_puts(c->err, record->path);
	fprintf(c->err, "\": %s.\n", strerror((int)error));
}

/* Notes and messages by kind; %r is the root before a path. */
static const struct {
	const char *kind;
	const char *text;
} note_texts[] = {
	{ "link", "Created symlink %r%p → %s." },
	{ "unlink", "Removed \"%r%p\"." },
	{ "remove", "Removed \"%r%p\"." },
	{ "masked", "Unit %p is masked, ignoring." },
	{ "dangling", "Unit %p is an alias to a unit that is not present, ignoring." },
	{ "no-destination", "Unit %s is added as a dependency to a non-existent unit %p." },
	{ "auxiliary", "Failed to enable auxiliary unit %p, ignoring." },
};

static void print_note(struct ctl *c, const struct install_record *record)
{
	for (size_t i = 0; i < ELEMENTSOF(note_texts) && !c->o.quiet; i++) {
		const char *text = note_texts[i].text;
		const char *root = strstr(text, "%r");

		if (strcmp(note_texts[i].kind, record->kind) != 0) {
			continue;
		}
		if (root) {
			fprintf(c->err, "%.*s", (int)(root - text), text);
			text_puts(c->err, c->o.root ? c->o.root : "");
			text = root + 2;
		}
		print_template(c->err, text, "", record);
	}
}

/* DIR/NAME, DIR/NAME.wants/NAME …: nothing else is ever touched. */
static bool is_allowed(const struct install_dirs *d, const char *path)
{
	const char *const dirs[] = { d->persistent, d->runtime, d->transient };

	for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
		const char *rest, *slash;

		if (!dirs[i] || !is_below(path, dirs[i])) {
			continue;
		}
		rest = path + strlen(dirs[i]) + 1;
		slash = strchr(rest, '/');
		return *rest && *rest != '.' &&
		       (!slash || (slash[1] && slash[1] != '.' && !strchr(slash + 1, '/')));
	}
	return false;
}

static int make_change(int root, const struct install_record *record)
{
	if (strcmp(record->kind, "link") == 0) {
		return rootdir_symlink(root, record->path, record->source);
	}
	if (strcmp(record->kind, "unlink") == 0) {
		return rootdir_unlink(root, record->path);
	}
	return strcmp(record->kind, "remove") == 0 ? rootdir_remove(root, record->path) : 0;
}

static bool is_change(const struct install_record *record)
{
	return strcmp(record->kind, "link") == 0 || strcmp(record->kind, "unlink") == 0 ||
	       strcmp(record->kind, "remove") == 0;
}

int install_carry_out(struct ctl *c, const struct install_dirs *d, const char *verb,
	const struct install_plan *plan)
{
	AUTO_CLOSE int root = rootdir_open(c->o.root);
	const char *cursor = plan->data, *end = cursor + plan->size;
	struct install_record record;
	int code = EXIT_OK;

	if (root < 0) {
		ctl_error(c, "%s: %s", c->o.root ? c->o.root : "/", strerror(-root));
		return EXIT_FAILED;
	}
	while (install_next(&cursor, end, &record)) {
		int r = 0;

		if (strcmp(record.kind, "error") == 0) {
			print_error(c, verb, &record);
			continue;
		}
		if (strcmp(record.kind, "result") == 0) {
			code = *record.path == '-' ? EXIT_FAILED : code;
			continue;
		}
		if (is_change(&record)) {
			r = is_allowed(d, record.path) ? make_change(root, &record) : -EPERM;
		}
		if (r < 0) {
			ctl_error(c, "%s%s: %s", c->o.root ? c->o.root : "", record.path,
				strerror(-r));
			return EXIT_FAILED;
		}
		print_note(c, &record);
	}
	return code;
}

int install_reload(struct ctl *c)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	unsigned lost = 0;
	int r;

	if (c->o.root || c->o.no_reload || ctl_try_connect(c) < 0) {
		return EXIT_OK;
	}
	do {
		sd_bus_error_free(&error);
		r = diagnostics_reload(c, "", &error);
	} while (ctl_reconnects(c, r, &lost));
	return r < 0 ? ctl_call_failed(c, "daemon-reload", &error, r) : EXIT_OK;
}
