// SPDX-License-Identifier: MIT
/*
 * edit: a drop-in (override.conf), or with --full the whole file, in the caller's editor. What was
 * written takes effect only when supd-load finds no error in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "../../runtime/base/unitname.h"
#include "exitcode.h"
#include "names.h"
#include "nearunit.h"
#include "unitwrite.h"
#include "verbs.h"

#define DROPIN "override.conf"

/* Text of a file below the limit of unit files; "" when it is not there. -errno. */
static int read_text(const char *path, bool trusted, struct unit_text *ret)
{
	AUTO_CLOSE int fd = trusted ? unitpath_open(path) : open(path, O_RDONLY | O_CLOEXEC);
	AUTO_FREE char *text = malloc(LIMIT_UNIT_FILE);
	ssize_t n;

	if (!text) {
		return -ENOMEM;
	}
	if (fd < 0) {
		return fd == -1 ? -errno : fd;
	}
	n = fd_read_full(fd, text, LIMIT_UNIT_FILE - 1);
	if (n < 0) {
		return (int)n;
	}
	text[n] = '\0';
	unit_text_add(ret, "%s", text);
	return ret->failed ? -ENOMEM : 0;
}

static const char *editor(void)
{
	static const char *const names[] = { "SUPD_EDITOR", "SYSTEMD_EDITOR", "EDITOR", "VISUAL" };

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value) {
			return value;
		}
	}
	return access("/usr/bin/editor", X_OK) == 0 ? "/usr/bin/editor" : "vi";
}

/* The editor may be a command with arguments: the shell takes it apart, as other programs do. */
static int run_editor(const char *path)
{
	AUTO_FREE char *line = NULL;
	int status;
	pid_t pid;

	if (asprintf(&line, "%s \"$1\"", editor()) < 0) {
		line = NULL;
		return -ENOMEM;
	}
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		return -errno;
	}
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", line, "sh", path, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECANCELED;
}

/* Units without a file (slices, mounts of fstab) can have drop-ins all the same. */
static bool is_loaded(struct ctl *c, const char *unit)
{
	AUTO(props_fini) struct props p = { 0 };

	return ctl_try_connect(c) >= 0 && ctl_unit_props(c, unit, &p, NULL) >= 0 &&
	       strcmp(props_string(&p, "LoadState"), "not-found") != 0;
}

static bool has_template(const struct install_dirs *d, const char *unit)
{
	AUTO(unitfiles_fini) struct unitfiles files = { .n = 0 };
	char template[LIMIT_UNIT_NAME];

	return unit_name_template(unit, template) == 0 &&
	       unitpath_find(&d->path, template, &files) == 0;
}

/* A drop-in is an addition to something; a misspelt name would go unnoticed. */
static bool takes_dropin(struct ctl *c, const struct install_dirs *d, const struct unit_write *w)
{
	return w->dropin && (c->o.force || has_template(d, w->unit) || is_loaded(c, w->unit));
}

/* What there is now. Exit code. */
static int present_text(struct ctl *c, const struct install_dirs *d, const struct unit_write *w,
	struct unit_text *ret)
{
	AUTO(unitfiles_fini) struct unitfiles files = { .n = 0 };
	char path[LIMIT_PATH];
	int r;

	if (unitpath_find(&d->path, w->unit, &files) == -ENOENT && !takes_dropin(c, d, w)) {
		char hint[NEAREST_HINT];

		nearest_unit(c, w->unit, hint);
		ctl_error(c, "%s: no unit file%s%s", w->unit,
			w->dropin ? " (--force adds to it all the same)" : "", hint);
		return EXIT_FAILED;
	}
	if (w->dropin) {
		snprintf(path, sizeof(path), "%s/%s.d/%s", w->dir, w->unit, w->dropin);
	} else {
		snprintf(path, sizeof(path), "%s", files.paths[0]);
	}
	r = read_text(path, true, ret);
	if (r < 0 && !(r == -ENOENT && w->dropin)) {
		ctl_error(c, "%s: %s", path,
			r == -EPERM ? "writable by others or of another owner" : strerror(-r));
		return EXIT_FAILED;
	}
	if (!ret->data) {
		unit_text_add(ret, "# Settings here are added to those of %s.\n", w->unit);
	}
	return EXIT_OK;
}

/* True when only comments and empty lines are in it. */
static bool is_blank(const char *text)
{
	while (text && *text) {
		text += strspn(text, " \t");
		if (!strchr("#;\n", *text)) {
			return false;
		}
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return true;
}

/* Lets the caller edit scratch; 1: there is something new, 0: nothing. */
static int edit_text(const char *scratch, const struct unit_text *before, struct unit_text *after)
{
	AUTO_CLOSE int fd = open(scratch, O_WRONLY | O_CLOEXEC | O_TRUNC);
	int r = fd < 0 ? -errno : fd_write_full(fd, before->data, before->size);

	r = r < 0 ? r : run_editor(scratch);
	r = r < 0 ? r : read_text(scratch, false, after);
	if (r < 0) {
		return r;
	}
	return after->data && !is_blank(after->data) && strcmp(before->data, after->data) != 0;
}

static int take(struct ctl *c, const struct install_dirs *d, struct unit_write *w,
	const struct unit_text *after)
{
	int code;

	w->text = after->data;
	w->size = after->size;
	code = unit_write_check(c, d, w);
	return code == EXIT_OK ? unit_write_put(c, w) : code;
}

static int edit_unit(struct ctl *c, const struct install_dirs *d, const char *unit)
{
	struct unit_write w = {
		.unit = unit, .dropin = c->o.full ? NULL : DROPIN, .dir = install_dirs_config(d, c)
	};
	AUTO(unit_text_fini) struct unit_text before = { 0 };
	AUTO(unit_text_fini) struct unit_text after = { 0 };
	char scratch[] = "/tmp/supctl-edit-XXXXXX";
	int fd, r, code = present_text(c, d, &w, &before);

	if (code != EXIT_OK) {
		return code;
	}
	fd = mkostemp(scratch, O_CLOEXEC);
	if (fd < 0) {
		ctl_error(c, "%s: %s", scratch, strerror(errno));
		return EXIT_FAILED;
	}
	close(fd);
	r = edit_text(scratch, &before, &after);
	if (r < 0) {
		ctl_error(c, "%s: %s: %s", unit, editor(),
			r == -ECANCELED ? "the editor failed, nothing is changed" : strerror(-r));
		code = EXIT_FAILED;
	} else if (r == 0) {
		ctl_error(c, "%s: nothing was written, nothing is changed", unit);
	} else {
		code = take(c, d, &w, &after);
	}
	if (r == 1 && code != EXIT_OK) {
		ctl_error(c, "%s: not taken; the text is in %s", unit, scratch);
		return code;
	}
	(void)unlink(scratch);
	return code;
}

int verb_edit(struct ctl *c, int n, char *const *args)
{
	AUTO(install_dirs_fini) struct install_dirs d = { .persistent = NULL };
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	int code = ctl_expand(c, n - 1, args + 1, &units);

	code = code == EXIT_OK ? install_dirs_init(&d, c) : code;
	for (size_t i = 0; i < units.n && code == EXIT_OK; i++) {
		code = edit_unit(c, &d, units.names[i]);
	}
	return code == EXIT_OK ? install_reload(c) : code;
}
