// SPDX-License-Identifier: MIT
#include "boottime.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"

void boottime_init(struct boottime *b)
{
	*b = (struct boottime) { .target = "" };
	arena_init(&b->arena);
}

void boottime_fini(struct boottime *b)
{
	arena_fini(&b->arena);
}

int boottime_reserve(struct boottime *b, size_t n)
{
	b->units = arena_alloc_array(&b->arena, n + 1, sizeof(*b->units));
	return b->units ? 0 : -ENOMEM;
}

static int by_name(const void *a, const void *b)
{
	const struct boottime_unit *x = a, *y = b;

	return strcmp(x->name, y->name);
}

void boottime_index(struct boottime *b)
{
	if (b->n_units > 1) {
		qsort(b->units, b->n_units, sizeof(*b->units), by_name);
	}
}

const struct boottime_unit *boottime_find(const struct boottime *b, const char *name)
{
	const struct boottime_unit key = { .name = name };

	return b->n_units ? bsearch(&key, b->units, b->n_units, sizeof(key), by_name) : NULL;
}

usec_t boottime_done(const struct boottime_unit *u)
{
	if (!u->activating) {
		return 0;
	}
	if (u->activated >= u->activating) {
		return u->activated;
	}
	return u->deactivated >= u->activating ? u->deactivated : 0;
}

usec_t boottime_took(const struct boottime_unit *u)
{
	usec_t done = boottime_done(u);

	return done ? done - u->activating : 0;
}

usec_t boottime_origin(const struct boottime *b)
{
	return b->machine && !b->soft_reboots ? 0 : b->userspace;
}

/* ---- lists ---- */

static int compare(usec_t a, usec_t b)
{
	return a < b ? -1 : a > b;
}

static int slowest_first(const void *a, const void *b)
{
	const struct boottime_unit *const *x = a, *const *y = b;
	int r = compare(boottime_took(*y), boottime_took(*x));

	return r ? r : strcmp((*x)->name, (*y)->name);
}

static int earliest_first(const void *a, const void *b)
{
	const struct boottime_unit *const *x = a, *const *y = b;
	int r = compare((*x)->activating, (*y)->activating);

	r = r ? r : compare(boottime_done(*x), boottime_done(*y));
	return r ? r : strcmp((*x)->name, (*y)->name);
}

static int latest_done_first(const void *a, const void *b)
{
	const struct boottime_unit *const *x = a, *const *y = b;
	int r = compare(boottime_done(*y), boottime_done(*x));

	return r ? r : strcmp((*x)->name, (*y)->name);
}

const struct boottime_unit **boottime_blame(const struct boottime *b, size_t *ret_n)
{
	const struct boottime_unit **list = calloc(b->n_units + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; list && i < b->n_units; i++) {
		if (boottime_took(&b->units[i]) > 0) {
			list[n++] = &b->units[i];
		}
	}
	if (n > 1) {
		qsort(list, n, sizeof(const struct boottime_unit *), slowest_first);
	}
	*ret_n = n;
	return list;
}

const struct boottime_unit **boottime_started(const struct boottime *b, size_t *ret_n)
{
	const struct boottime_unit **list = calloc(b->n_units + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; list && i < b->n_units; i++) {
		usec_t began = b->units[i].activating;

		if (began && began >= b->userspace && (!b->finish || began <= b->finish)) {
			list[n++] = &b->units[i];
		}
	}
	if (n > 1) {
		qsort(list, n, sizeof(const struct boottime_unit *), earliest_first);
	}
	*ret_n = n;
	return list;
}

/* ---- the chain ---- */

struct walk {
	const struct boottime *b;
	usec_t fuzz;
	int (*visit)(void *context, const struct boottime_link *link);
	void *context;
	const struct boottime_unit *path[BOOTTIME_DEPTH];
	bool *seen; /* by unit: what it waited for was visited */
};

static bool is_on_path(const struct walk *w, const struct boottime_unit *u, unsigned depth)
{
	for (unsigned i = 0; i <= depth; i++) {
		if (w->path[i] == u) {
			return true;
		}
	}
	return false;
}

/* Could u have waited for it in this boot? A later restart of it has not held u up. */
static bool has_delayed(const struct walk *w, const struct boottime_unit *dep,
	const struct boottime_unit *u, unsigned depth)
{
	usec_t done = dep ? boottime_done(dep) : 0;

	return done && done >= w->b->userspace && (!w->b->finish || done <= w->b->finish) &&
	       (!u->activating || done <= u->activating) && !is_on_path(w, dep, depth);
}

/* What delayed u, latest first; *ret is the caller's to free. -ENOMEM. */
static ssize_t delayers(const struct walk *w, const struct boottime_unit *u, unsigned depth,
	const struct boottime_unit ***ret)
{
	const struct boottime_unit **list = calloc(u->n_after + 1, sizeof(*list));
	size_t n = 0, kept = 0;

	if (!list) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < u->n_after; i++) {
		const struct boottime_unit *dep = boottime_find(w->b, u->after[i]);

		if (has_delayed(w, dep, u, depth)) {
			list[n++] = dep;
		}
	}
	if (n > 1) {
		qsort(list, n, sizeof(const struct boottime_unit *), latest_done_first);
	}
	while (kept < n && boottime_done(list[0]) - boottime_done(list[kept]) <= w->fuzz &&
		(kept == 0 || w->fuzz > 0)) {
		kept++;
	}
	*ret = list;
	return (ssize_t)kept;
}

static int walk_from(struct walk *w, const struct boottime_link *link)
{
	AUTO_FREE const struct boottime_unit **list = NULL;
	int r = w->visit(w->context, link);
	ssize_t n;

	size_t index = (size_t)(link->unit - w->b->units);

	if (r < 0 || link->depth + 1 >= BOOTTIME_DEPTH || w->seen[index]) {
		return r;
	}
	w->seen[index] = true;
	w->path[link->depth] = link->unit;
	n = delayers(w, link->unit, link->depth, &list);
	for (ssize_t i = 0; r >= 0 && i < n; i++) {
		const struct boottime_link next = { list[i], link->depth + 1, i + 1 == n };

		r = walk_from(w, &next);
	}
	return n < 0 ? (int)n : r;
}

int boottime_chain(const struct boottime *b, const struct boottime_unit *unit, usec_t fuzz,
	int (*visit)(void *context, const struct boottime_link *link), void *context)
{
	struct walk w = { .b = b, .fuzz = fuzz, .visit = visit, .context = context };
	const struct boottime_link first = { unit, 0, true };
	AUTO_FREE bool *seen = calloc(b->n_units + 1, sizeof(*seen));

	w.seen = seen;
	return seen ? walk_from(&w, &first) : -ENOMEM;
}

void boottime_span(usec_t span, char buf[WHEN_TEXT])
{
	usec_t minutes = span / (60 * USEC_PER_SEC);
	usec_t ms = span % (60 * USEC_PER_SEC) / USEC_PER_MSEC;

	if (minutes >= 60) {
		snprintf(buf, WHEN_TEXT, "%" PRIu64 "h %" PRIu64 "min %" PRIu64 ".%03" PRIu64 "s",
			minutes / 60, minutes % 60, ms / 1000, ms % 1000);
	} else if (minutes > 0) {
		snprintf(buf, WHEN_TEXT, "%" PRIu64 "min %" PRIu64 ".%03" PRIu64 "s", minutes,
			ms / 1000, ms % 1000);
	} else if (ms >= 1000) {
		snprintf(buf, WHEN_TEXT, "%" PRIu64 ".%03" PRIu64 "s", ms / 1000, ms % 1000);
	} else if (ms > 0) {
		snprintf(buf, WHEN_TEXT, "%" PRIu64 "ms", ms);
	} else {
		snprintf(buf, WHEN_TEXT, "%" PRIu64 "%s", span, span ? "us" : "");
	}
}
