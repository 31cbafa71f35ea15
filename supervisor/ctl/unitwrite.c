// SPDX-License-Identifier: MIT
#include "unitwrite.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "loadtool.h"
#include "rootdir.h"
#include "text.h"

/* ---- text ---- */

void unit_text_fini(struct unit_text *t)
{
	free(t->data);
	*t = (struct unit_text) { 0 };
}

static void append(struct unit_text *t, const char *data, size_t n)
{
	char *more = t->failed ? NULL : realloc(t->data, t->size + n + 1);

	if (!more) {
		t->failed = true;
		return;
	}
	memcpy(more + t->size, data, n);
	t->data = more;
	t->size += n;
	t->data[t->size] = '\0';
}

void unit_text_add(struct unit_text *t, const char *format, ...)
{
	AUTO_FREE char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0) {
		text = NULL;
		t->failed = true;
		return;
	}
	append(t, text, (size_t)n);
}

void unit_text_add_word(struct unit_text *t, const char *word)
{
	append(t, "\"", 1);
	for (; *word; word++) {
		char hex[8];

		if (*word == '"' || *word == '\\') {
			append(t, "\\", 1);
		}
		if (*word == '%') {
			append(t, "%", 1);
		}
		if ((unsigned char)*word < 0x20 || *word == 0x7f) {
			snprintf(hex, sizeof(hex), "\\x%02x", (unsigned)(unsigned char)*word);
			append(t, hex, 4);
			continue;
		}
		append(t, word, 1);
	}
	append(t, "\"", 1);
}

/* ---- settings ---- */

int setting_names_init(struct setting_names *n, struct ctl *c)
{
	const char *argv[] = { NULL, "--list-settings", NULL };
	int r;

	*n = (struct setting_names) { NULL, 0 };
	r = loadtool_collect(argv, &n->text, &n->size);
	if (r != 0) {
		ctl_error(c, "supd-load: %s", r < 0 ? strerror(-r) : "failed");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

void setting_names_fini(struct setting_names *n)
{
	free(n->text);
	*n = (struct setting_names) { NULL, 0 };
}

static bool is_listed(const struct setting_names *n, const char *section, const char *setting)
{
	size_t section_len = strlen(section), len = strlen(setting);

	for (const char *line = n->text; line && *line;) {
		const char *tab = line + section_len;

		if (strncmp(line, section, section_len) == 0 && *tab == '\t' &&
			strncmp(tab + 1, setting, len) == 0 && tab[1 + len] == '\t') {
			return true;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}

const char *setting_names_section(
	const struct setting_names *n, const char *type, const char *setting)
{
	static const struct {
		const char *type, *section;
	} sections[] = { { "service", "Service" }, { "slice", "Slice" }, { "socket", "Socket" },
		{ "timer", "Timer" }, { "path", "Path" }, { "mount", "Mount" },
		{ "automount", "Automount" }, { "swap", "Swap" }, { NULL, "Unit" },
		{ NULL, "Container" }, { NULL, "Install" } };

	for (size_t i = 0; i < ELEMENTSOF(sections); i++) {
		if ((!sections[i].type || strcmp(sections[i].type, type) == 0) &&
			is_listed(n, sections[i].section, setting)) {
			return sections[i].section;
		}
	}
	return NULL;
}

int unit_write_split(const char *assignment, char *buf, size_t size, const char **ret_value)
{
	const char *equals = strchr(assignment, '=');
	size_t n = equals ? (size_t)(equals - assignment) : 0;

	if (n == 0 || n >= size || strpbrk(assignment, "\n\r")) {
		return -EINVAL;
	}
	for (size_t i = 0; i < n; i++) {
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_",
			    assignment[i])) {
			return -EINVAL;
		}
	}
	memcpy(buf, assignment, n);
	buf[n] = '\0';
	*ret_value = equals + 1;
	return 0;
}

/* ---- files ---- */

static int path_of(const struct unit_write *w, const char *dir, char *buf, size_t size)
{
	int n = w->dropin ? snprintf(buf, size, "%s/%s.d/%s", dir, w->unit, w->dropin)
			  : snprintf(buf, size, "%s/%s", dir, w->unit);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static int put(const struct unit_write *w, const char *dir)
{
	AUTO_CLOSE int root = rootdir_open(NULL);
	char path[LIMIT_PATH];
	int r = root < 0 ? root : path_of(w, dir, path, sizeof(path));

	return r < 0 ? r : rootdir_write(root, path, w->text, w->size);
}

int unit_write_put(struct ctl *c, const struct unit_write *w)
{
	int r = put(w, w->dir);

	if (r < 0) {
		ctl_error(c, "%s/%s%s%s: cannot write: %s", w->dir, w->unit, w->dropin ? ".d/" : "",
			w->dropin ? w->dropin : "", strerror(-r));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static void remove_tree(const char *dir, const struct unit_write *w)
{
	char path[LIMIT_PATH];

	if (path_of(w, dir, path, sizeof(path)) == 0) {
		(void)unlink(path);
		if (w->dropin) {
			*strrchr(path, '/') = '\0';
			(void)rmdir(path);
		}
	}
	(void)rmdir(dir);
}

/* The unit's file: that in the scratch directory, or the one that is there. */
static int find_fragment(const struct install_dirs *d, const struct unit_write *w,
	const char *scratch, char *buf, size_t size)
{
	AUTO(unitfiles_fini) struct unitfiles files = { .n = 0 };
	int r;

	if (!w->dropin) {
		return path_of(w, scratch, buf, size);
	}
	r = unitpath_find(&d->path, w->unit, &files);
	if (r < 0 || files.n == 0) {
		return r < 0 ? r : -ENOENT;
	}
	return snprintf(buf, size, "%s", files.paths[0]) < (int)size ? 0 : -ENAMETOOLONG;
}

/* supd-load with its complaints passed on, without the scratch directory in them: the file is to
 * be elsewhere. Its exit status or -errno. */
static int run_verify(struct ctl *c, const char **argv, const char *scratch)
{
	AUTO_FREE char *program = loadtool_find(), *line = NULL;
	size_t size = 0, n = strlen(scratch);
	struct loadtool t;
	int r;

	if (!program) {
		return -ENOENT;
	}
	argv[0] = program;
	r = loadtool_start((char *const *)argv, STDERR_FILENO, &t);
	if (r < 0) {
		return r;
	}
	while (getline(&line, &size, t.lines) >= 0) {
		const char *text = line;

		line[strcspn(line, "\n")] = '\0';
		if (strncmp(text, scratch, n) == 0 && text[n] == '/') {
			text += n + 1;
		}
		text_puts(c->err, text);
		putc('\n', c->err);
	}
	return loadtool_finish(&t);
}

static int verify(
	struct ctl *c, const struct install_dirs *d, const char *scratch, const char *fragment)
{
	struct unit_text path = { 0 };
	const char *argv[] = { NULL, "--verify", "--unit-path", NULL, fragment, NULL };
	int r;

	unit_text_add(&path, "%s", scratch);
	for (size_t i = 0; i < d->path.n; i++) {
		unit_text_add(&path, ":%s", d->path.dirs[i]);
	}
	argv[3] = path.failed ? "" : path.data;
	r = run_verify(c, argv, scratch);
	unit_text_fini(&path);
	if (r < 0 || r > 1) {
		ctl_error(c, "supd-load: %s", r < 0 ? strerror(-r) : "failed");
	}
	return r == 0 ? EXIT_OK : EXIT_FAILED;
}

int unit_write_check(struct ctl *c, const struct install_dirs *d, const struct unit_write *w)
{
	char scratch[] = "/tmp/supctl-XXXXXX";
	char fragment[LIMIT_PATH];
	int code = EXIT_FAILED, r;

	if (!mkdtemp(scratch) || chmod(scratch, 0755) < 0) {
		ctl_error(c, "%s: %s", scratch, strerror(errno));
		return EXIT_FAILED;
	}
	r = put(w, scratch);
	r = r < 0 ? r : find_fragment(d, w, scratch, fragment, sizeof(fragment));
	if (r == 0) {
		code = verify(c, d, scratch, fragment);
	} else {
		ctl_error(c, "%s: %s", w->unit, r == -ENOENT ? "no unit file" : strerror(-r));
	}
	remove_tree(scratch, w);
	return code;
}
