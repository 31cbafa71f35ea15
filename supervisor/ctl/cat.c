// SPDX-License-Identifier: MIT
/* cat. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "exitcode.h"
#include "nearunit.h"
#include "text.h"
#include "unitpath.h"
#include "verbs.h"

/* Text of a file of at most LIMIT_UNIT_FILE; the caller frees. -errno, -ERFKILL: masked. */
static int read_file(const char *path, char **ret, size_t *ret_size)
{
	AUTO_CLOSE int fd = unitpath_open(path);
	AUTO_FREE char *text = NULL;
	ssize_t n;

	if (fd < 0) {
		return fd;
	}
	text = malloc(LIMIT_UNIT_FILE);
	if (!text) {
		return -ENOMEM;
	}
	n = fd_read_full(fd, text, LIMIT_UNIT_FILE);
	if (n < 0) {
		return (int)n;
	}
	*ret = TAKE_PTR(text);
	*ret_size = (size_t)n;
	return 0;
}

static void print_file(struct ctl *c, const char *path, const char *text, size_t size)
{
	fputs("# ", c->out);
	text_puts(c->out, path);
	putc('\n', c->out);
	if (isatty(fileno(c->out))) {
		text_print(c->out, text, size, TEXT_KEEP_LINES);
	} else {
		fwrite(text, 1, size, c->out);
	}
	if (size && text[size - 1] != '\n') {
		putc('\n', c->out);
	}
}

static int show_file(struct ctl *c, struct json *j, const char *path)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	int r = read_file(path, &text, &size);

	if (r < 0 && r != -ERFKILL) {
		ctl_error(c, "%s: %s", path,
			r == -EPERM ? "writable by others or of another owner" : strerror(-r));
		return EXIT_FAILED;
	}
	if (c->o.json) {
		json_object(j, NULL);
		json_string(j, "path", path);
		json_bool(j, "masked", r == -ERFKILL);
		json_string_n(j, "text", text ? text : "", size);
		json_end(j);
	} else if (r == -ERFKILL) {
		fputs("# ", c->out);
		text_puts(c->out, path);
		fputs(" (masked)\n", c->out);
	} else {
		print_file(c, path, text, size);
	}
	return EXIT_OK;
}

static int show_unit(struct ctl *c, struct json *j, const struct unitpath *path, const char *unit)
{
	AUTO(unitfiles_fini) struct unitfiles files = { .n = 0 };
	int r = unitpath_find(path, unit, &files);
	int code = EXIT_OK;

	if (r < 0) {
		char hint[NEAREST_HINT] = "";

		if (r == -ENOENT) {
			nearest_unit(c, unit, hint);
		}
		ctl_error(c, "%s: no unit file%s%s", unit, r == -ENOENT ? "" : " could be read",
			hint);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < files.n; i++) {
		int own;

		if (i && !c->o.json) {
			putc('\n', c->out);
		}
		own = show_file(c, j, files.paths[i]);
		code = own != EXIT_OK ? own : code;
	}
	return code;
}

int verb_cat(struct ctl *c, int n, char *const *args)
{
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	AUTO(unitpath_fini) struct unitpath path = { .n = 0 };
	int code = ctl_expand(c, n - 1, args + 1, &units);
	struct json j;

	if (code != EXIT_OK) {
		return code;
	}
	unitpath_init(&path, c);
	json_init(&j, c->out);
	if (c->o.json) {
		json_array(&j, NULL);
	}
	for (size_t i = 0; i < units.n; i++) {
		int own = show_unit(c, &j, &path, units.names[i]);

		code = own != EXIT_OK ? own : code;
	}
	if (c->o.json) {
		json_end(&j);
	}
	return code;
}
