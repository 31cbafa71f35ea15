// SPDX-License-Identifier: MIT
#include "mounttable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/mntent.h"

/* The field of a line that holds the path; it is cut out. NULL: there is none. */
static char *take_path(enum mounttable_kind kind, char *line)
{
	char *path = line;

	for (int i = 0; kind == MOUNTTABLE_MOUNTS && i < 4; i++) {
		path = strchr(path, ' ');
		if (!path) {
			return NULL;
		}
		path++;
	}
	path[strcspn(path, " \t")] = '\0';
	if (*path != '/') {
		return NULL; /* the head of /proc/swaps */
	}
	mntent_unescape(path);
	return path;
}

/* An automount's own mount is not the one that it waits for. */
static bool is_autofs(const char *line)
{
	const char *type = strstr(line, " - ");

	return type && strncmp(type + 3, "autofs ", 7) == 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int mounttable_parse(enum mounttable_kind kind, const char *text, struct mounttable *ret)
{
	struct mounttable t = { .text = strdup(text) };
	size_t lines = 1;
	char *save = NULL;

	for (const char *at = text; *at; at++) {
		lines += *at == '\n';
	}
	t.paths = calloc(lines, sizeof(*t.paths));
	if (!t.text || !t.paths) {
		mounttable_fini(&t);
		return -ENOMEM;
	}
	for (char *line = strtok_r(t.text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		bool trap = kind == MOUNTTABLE_MOUNTS && is_autofs(line);
		char *path = trap ? NULL : take_path(kind, line);

		if (path) {
			t.paths[t.n++] = path;
		}
	}
	qsort(t.paths, t.n, sizeof(*t.paths), compare);
	*ret = t;
	return 0;
}

void mounttable_fini(struct mounttable *t)
{
	free(t->text);
	free(t->paths);
	*t = (struct mounttable) { 0 };
}

bool mounttable_has(const struct mounttable *t, const char *path)
{
	return t->n && bsearch(&path, t->paths, t->n, sizeof(*t->paths), compare);
}
