// SPDX-License-Identifier: MIT
#include "proctree.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "text.h"

/* More levels than this are shown flat: the paths are the server's word. */
#define DEPTH_MAX 16u

static int compare(const void *a, const void *b)
{
	const struct proctree_process *x = a, *y = b;
	int r = strcmp(x->cgroup, y->cgroup);

	return r ? r : (x->pid > y->pid) - (x->pid < y->pid);
}

/* What of path comes after base and a slash; "" at base itself; NULL outside. */
static const char *below(const char *path, const char *base, size_t base_length)
{
	if (strncmp(path, base, base_length) != 0) {
		return NULL;
	}
	if (path[base_length] == '\0') {
		return "";
	}
	return path[base_length] == '/' ? path + base_length + 1 : NULL;
}

struct walk {
	FILE *out;
	const struct proctree_process *p;
	size_t n;
	size_t columns;
	unsigned depth;
};

static bool is_here(const struct walk *w, size_t i, const char *base, size_t length)
{
	const char *rest = below(w->p[i].cgroup, base, length);

	if (!rest) {
		return w->depth == 0;
	}
	return *rest == '\0' || w->depth >= DEPTH_MAX;
}

static bool is_deeper(const struct walk *w, size_t i, const char *base, size_t length)
{
	return !is_here(w, i, base, length) && below(w->p[i].cgroup, base, length);
}

/* Is there anything to print after index i at this level? */
static bool more_here(const struct walk *w, size_t i, const char *base, size_t length)
{
	while (++i < w->n) {
		if (is_here(w, i, base, length)) {
			return true;
		}
	}
	return false;
}

static bool any_deeper(const struct walk *w, size_t from, const char *base, size_t length)
{
	for (size_t i = from; i < w->n; i++) {
		if (is_deeper(w, i, base, length)) {
			return true;
		}
	}
	return false;
}

static void print_process(const struct walk *w, size_t i, const char *prefix, bool last)
{
	size_t length = strlen(w->p[i].command);
	size_t max = w->columns ? w->columns : TEXT_MAX;
	AUTO_FREE char *command = text_escape(w->p[i].command, length, max, 0);

	fprintf(w->out, "%s%s%u %s\n", prefix, last ? "└─" : "├─", w->p[i].pid,
		command ? command : "");
}

static void print_level(struct walk *w, const char *base, size_t length, const char *prefix);

/* The group that process i is in or below, directly under base. Returns the first index after it.
 */
static size_t print_group(
	struct walk *w, size_t i, const char *base, size_t length, const char *prefix)
{
	const char *path = w->p[i].cgroup;
	size_t end = length + 1 + strcspn(path + length + 1, "/");
	AUTO_FREE char *inner = NULL;
	size_t next = i;
	bool last;

	while (next < w->n &&
		(!is_deeper(w, next, base, length) || below(w->p[next].cgroup, path, end))) {
		next++;
	}
	last = !any_deeper(w, next, base, length);
	fprintf(w->out, "%s%s", prefix, last ? "└─" : "├─");
	text_print(w->out, path + length + 1, end - length - 1, 0);
	putc('\n', w->out);
	if (asprintf(&inner, "%s%s", prefix, last ? "  " : "│ ") >= 0) {
		w->depth++;
		print_level(w, path, end, inner);
		w->depth--;
	} else {
		inner = NULL;
	}
	return next;
}

static void print_level(struct walk *w, const char *base, size_t length, const char *prefix)
{
	bool groups = any_deeper(w, 0, base, length);

	for (size_t i = 0; i < w->n; i++) {
		if (is_here(w, i, base, length)) {
			print_process(w, i, prefix, !groups && !more_here(w, i, base, length));
		}
	}
	for (size_t i = 0; i < w->n;) {
		if (is_deeper(w, i, base, length)) {
			i = print_group(w, i, base, length, prefix);
		} else {
			i++;
		}
	}
}

void proctree_print(FILE *out, const struct proctree *tree)
{
	struct walk w = { .out = out, .p = tree->list, .n = tree->n, .columns = tree->columns };
	size_t length = strlen(tree->root);

	if (tree->n > 1) {
		qsort(tree->list, tree->n, sizeof(*tree->list), compare);
	}
	while (length > 0 && tree->root[length - 1] == '/') {
		length--;
	}
	print_level(&w, tree->root, length, tree->prefix);
}
